// Negotiation of options: what both SYNs offer, and the result.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/settings.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// The MSS of a peer whose SYN has no MSS option (RFC 9293, 3.7.1), and the smallest MSS that is
/// accepted.
inline constexpr std::uint16_t kDefaultMss = 536;
inline constexpr std::uint16_t kLeastMss = 48;

/// The negotiated options: those that both SYNs had.
struct NegotiatedOptions {
  std::uint32_t ts_recent = 0;  // TS.Recent (RFC 7323, 4.3)
  std::uint16_t peer_mss = kDefaultMss;
  std::uint16_t user_timeout = 0;   // the option in the peer's SYN (RFC 5482), 0: none
  std::uint8_t snd_wscale : 4 = 0;  // shift of the windows that the peer announces, up to 14
  std::uint8_t rcv_wscale : 4 = 0;  // shift of the windows announced
  bool window_scaling : 1 = false;
  bool timestamps : 1 = false;
  bool sack : 1 = false;
  bool ecn : 1 = false;
};

/// Bytes of options in every segment with data.
constexpr std::uint16_t option_bytes(const NegotiatedOptions& options) {
  return options.timestamps ? 12 : 0;
}

/// The shift with which the largest receive buffer can be announced (RFC 7323, 2.2).
constexpr std::uint8_t window_scale(const Settings& settings) {
  std::uint8_t shift = 0;
  while (shift < TcpSegment::kMaxWindowScale && (settings.receive_buffer >> shift) > 0xffff)
    ++shift;
  return shift;
}

/// Adds the options that are offered in a SYN.
constexpr void offer(const Settings& settings, TcpSegment& syn) {
  if (settings.window_scaling) syn.window_scale = window_scale(settings);
  syn.sack_permitted = settings.sack;
  if (settings.timestamps) syn.timestamps = TcpTimestamps{};
  if (settings.ecn == Ecn::kAlways)
    syn.flags |= TcpFlags::kEce | TcpFlags::kCwr;  // RFC 3168, 6.1.1
}

/// The result of an offer and the peer's SYN or SYN-ACK.
constexpr NegotiatedOptions negotiate(const Settings& settings, const TcpSegment& syn) {
  NegotiatedOptions options;
  options.peer_mss = std::max(syn.mss.value_or(kDefaultMss), kLeastMss);
  if (settings.window_scaling && syn.window_scale) {
    options.window_scaling = true;
    options.snd_wscale = *syn.window_scale & 0xf;
    options.rcv_wscale = window_scale(settings) & 0xf;
  }
  options.user_timeout = syn.user_timeout.value_or(0);
  options.sack = settings.sack && syn.sack_permitted;
  if (settings.timestamps && syn.timestamps) {
    options.timestamps = true;
    options.ts_recent = syn.timestamps->value;
  }
  // RFC 3168, 6.1.1: a SYN requests ECN by both flags, a SYN-ACK accepts by ECE alone. Both flags
  // in a SYN-ACK are only a reflection of the SYN's.
  if (syn.has(TcpFlags::kAck)) {
    options.ecn =
        settings.ecn == Ecn::kAlways && syn.has(TcpFlags::kEce) && !syn.has(TcpFlags::kCwr);
  } else {
    options.ecn = settings.ecn != Ecn::kOff && syn.has(TcpFlags::kEce | TcpFlags::kCwr);
  }
  return options;
}

/// Adds the options of a SYN-ACK: only those that the peer offered.
constexpr void confirm(const Settings& settings, const NegotiatedOptions& options,
                       TcpSegment& syn_ack) {
  offer(settings, syn_ack);
  syn_ack.flags &= static_cast<std::uint8_t>(~(TcpFlags::kEce | TcpFlags::kCwr));
  if (options.ecn) syn_ack.flags |= TcpFlags::kEce;
  syn_ack.sack_permitted = options.sack;
  if (!options.timestamps) syn_ack.timestamps.reset();
  if (!options.window_scaling) syn_ack.window_scale.reset();
}

}  // namespace conker
