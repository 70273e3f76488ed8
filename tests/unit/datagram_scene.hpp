// A whole stack with UDP on virtual time and one fake link: 10.0.0.2/24, unless it begins without
// an address. Every ARP request is answered, except probes (RFC 5227) for addresses not in
// `defended`. Every step is a whole turn, and every turn ends with an audit.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/udp/udp.hpp"
#include "tests/support/storage.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {

struct WireDatagram {
  IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::string data;
};

/// Encodes a datagram as an IPv4 packet in an Ethernet frame, with its checksums.
Bytes encode(const WireDatagram& datagram, const MacAddress& from, const MacAddress& to);
/// Decodes a frame; nothing if it is not UDP over IPv4. A datagram that no host may send (a wrong
/// checksum or length, or no checksum) is a test failure.
std::optional<WireDatagram> decode_datagram(std::span<const std::byte> frame);

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class DatagramScene {
 public:
  explicit DatagramScene(bool with_address = true,
                         const Capacities& capacities = small_capacities(),
                         const Settings& settings = plain_settings());

  Stack& stack() { return *stack_; }
  Udp& udp() { return *udp_; }
  FakeLink& link() { return link_; }
  Instant now() const { return now_; }
  std::uint64_t count(Count what) const { return stack_->counters()[what]; }

  void turn() { turn({}); }
  void turn(const std::vector<Bytes>& frames);
  /// Lets time pass, with a turn at every deadline of the stack or of `step`.
  void advance(Duration duration);
  /// The same until a datagram was sent; false when none was within `limit`.
  bool advance_until_sent(Duration limit);

  /// Delivers a datagram to the stack's MAC address, or by broadcast.
  void arrives(const WireDatagram& datagram, bool to_all = false);
  /// Delivers an ICMP error about the datagram that was taken last; destination unreachable by
  /// default.
  void unreachable(std::uint8_t code, std::uint8_t type = 3);
  /// The oldest datagram sent; nothing when there is none.
  std::optional<WireDatagram> sent();
  std::size_t sent_count() const { return line_.size(); }
  void forget() { line_.clear(); }

  UdpId bind(const UdpBind& request);
  UdpId bind(std::uint16_t port) { return bind({.local = {IpAddress(), Port{port}}}); }
  /// The next datagram's text; "(none)" when none waits.
  std::string receive(UdpId id);
  /// The events of this socket since the last call.
  int events(UdpId id);

  /// Called in step 3 of every turn; returns when it wants the next one.
  std::function<void()> step;
  std::function<Instant()> deadline;
  std::function<void(const Event&)> on_event;
  std::function<void(const UdpEvent&)> on_udp_event;
  /// Addresses of other hosts, which answer ARP probes.
  std::set<IpAddress> defended;
  bool answer_every_probe = false;
  /// The addresses of all probes and announcements sent.
  std::deque<IpAddress> probes, announcements;
  /// Called with every frame sent that is neither UDP nor ARP.
  std::function<void(const Bytes&)> on_other;
  /// Called with every fragment of a datagram.
  std::function<void(const Bytes&)> on_fragment;
  bool answer_arp_requests = true;

 private:
  void collect();
  void collect_arp(const Bytes& frame);

  Storage storage_, udp_storage_;
  FakeLink link_;
  std::unique_ptr<Stack> stack_;
  std::optional<Ipv4> ipv4_;
  std::unique_ptr<Udp> udp_;
  Instant now_{1s};
  std::deque<std::pair<WireDatagram, Bytes>> line_;
  std::vector<Bytes> arp_answers_;
  Bytes last_;
  std::vector<UdpEvent> events_;
};

}  // namespace conker::test
