// Path MTU discovery: by ICMP (RFC 1191, RFC 8201), by black hole detection (RFC 4821, RFC 8899),
// and larger segments again after ten minutes. Segments have DF, except on paths below
// settings.least_path_mtu.
#include "stack/tcp/path_mtu.hpp"

#include <algorithm>
#include <array>

#include "stack/tcp/diagram.hpp"
#include "stack/wire/ipv6.hpp"

namespace conker {
namespace {

/// Sizes of packets that there are links for (RFC 1191, 7.1).
constexpr std::array<std::uint16_t, 8> kPlateaus{17914, 8166, 4352, 2002, 1492, 1280, 1006, 576};
/// Timeouts in a row after which a full segment is suspected of being too large.
constexpr std::uint8_t kSuspicious = 3;

/// The least MTU that segments are cut to, in bytes. Each link of IPv6 carries 1280 (RFC 8200, 5),
/// so that no router needs to fragment.
std::uint16_t least_mtu(const TcpTables& t, const Connection& c) {
  return c.tuple.remote.is_v4() ? t.settings.least_path_mtu : kIpv6MinimumMtu;
}

std::uint16_t next_plateau(std::uint16_t mtu) {
  const auto below =
      std::find_if(kPlateaus.begin(), kPlateaus.end(), [&](std::uint16_t p) { return p < mtu; });
  return below == kPlateaus.end() ? kPlateaus.back() : *below;
}

/// Of the largest packets that the connection sends now.
std::uint16_t packet_bytes(const TcpTables& t, const Connection& c) {
  return static_cast<std::uint16_t>(c.path.mss + option_bytes(c.negotiated) + kTcpHeaderMin +
                                    t.network.header_bytes(c.tuple.remote));
}

}  // namespace

// Processes "fragmentation needed" (RFC 1191, 6.4) about a segment in flight (RFC 5927, 7.2). Below
// settings.least_path_mtu segments keep that size and leave without DF: a forged message gains
// little, and a path that narrow still carries them (RFC 791: every link takes 68 bytes).
void PathMtu::path_mtu_is(TcpTables& t, std::uint32_t slot, std::uint16_t mtu) {
  Connection& c = t.connections[slot];
  const std::uint16_t now = packet_bytes(t, c);
  // An MTU of 0 stands for the next plateau (RFC 1191, 5); below the last there is none.
  const bool below = mtu == 0 ? now <= kPlateaus.back() : mtu < least_mtu(t, c);
  if (mtu == 0) mtu = next_plateau(now);
  mtu = std::max(mtu, least_mtu(t, c));
  if (mtu >= now && (!below || c.path.may_fragment)) return;
  c.path.may_fragment = below;
  t.network.narrow_path(c.tuple.remote, mtu);
  shrink_segments(t, slot, static_cast<std::uint16_t>(c.path.mss - (now - std::min(mtu, now))),
                  Count::path_mtu_reductions);
}

// Black hole detection (RFC 4821, 7.7), at every timeout: full segments are lost again and again
// without an ICMP error. Below the last plateau they leave without DF.
void PathMtu::suspect_black_hole(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.retransmits.consecutive_timeouts == 0 ||
      c.retransmits.consecutive_timeouts % kSuspicious != 0 || c.send_queue.size() < c.path.mss)
    return;
  const std::uint16_t now = packet_bytes(t, c);
  const bool v4 = c.tuple.remote.is_v4();
  const std::uint16_t next = v4 ? next_plateau(now) : std::max(next_plateau(now), kIpv6MinimumMtu);
  const std::uint16_t smaller = std::min(next, now);
  if (smaller == now && (c.path.may_fragment || !v4)) return;
  c.path.may_fragment = smaller == now;
  shrink_segments(t, slot, static_cast<std::uint16_t>(c.path.mss - (now - smaller)),
                  Count::path_mtu_black_holes);
}

// Cuts all unacknowledged data into smaller segments and sends it again. It was not lost to
// congestion, so the congestion window stays.
void PathMtu::shrink_segments(TcpTables& t, std::uint32_t slot, std::uint16_t mss, Count why) {
  Connection& c = t.connections[slot];
  t.counters.add(why);
  c.path.mss = mss;
  c.path.mss_reduced_at = Tick::floor(t.now);
  if (in_state(c.state, states(State::kSynSent, State::kSynReceived))) return;
  Held::end_flight(t, c);
  c.snd.rewind();
  c.timing.stop();
  Lifetime::mark_dirty(t, slot);
}

// Before new data: takes over what another connection to the destination has learnt of the path
// (RFC 8201, 5.2), and tries larger segments again when that is old.
void PathMtu::reconsider_path_mtu(TcpTables& t, Connection& c) {
  if (t.network.paths_narrowed() != 0) {
    const std::uint16_t mss = Limits::send_mss(t, c.tuple, c.negotiated);
    if (mss < c.path.mss) {
      c.path.mss = mss;
      c.path.mss_reduced_at = Tick::floor(t.now);
    }
  }
  if (c.path.mss_reduced_at.never() || c.path.mss_reduced_at.age(t.now) < Network::kPathMtuAge)
    return;
  c.path.mss_reduced_at = Mark();
  c.path.may_fragment = false;
  c.path.mss = Limits::send_mss(t, c.tuple, c.negotiated);
  t.counters.add(Count::path_mtu_raised);
}

}  // namespace conker
