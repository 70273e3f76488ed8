// A whole stack with UDP on virtual time and one fake link: 10.0.0.2/24, unless it begins without
// an address. Every ARP request is answered, except probes (RFC 5227) for addresses that nobody
// defends. Every step is a whole turn, and every turn ends with an audit.
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

#include "stack/udp/udp.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {

struct WireDatagram {
  IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::string data;
};

/// An Ethernet frame with it, checksums and all.
Bytes encode(const WireDatagram& datagram, const MacAddress& from, const MacAddress& to);
/// Nothing if it is not UDP over IPv4. A datagram that nobody may send (a wrong checksum or length,
/// or none) gives a test failure.
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
  /// Time passes, and a turn is made whenever somebody has a deadline.
  void advance(Duration duration);
  /// The same until something was sent; false when nothing was within `limit`.
  bool advance_until_sent(Duration limit);

  /// A datagram comes in, to our MAC or to everybody.
  void arrives(const WireDatagram& datagram, bool to_all = false);
  /// An ICMP error about the datagram that was taken last; unreachable where nothing else is said.
  void unreachable(std::uint8_t code, std::uint8_t type = 3);
  /// The oldest datagram that was sent; nothing when there is none.
  std::optional<WireDatagram> sent();
  std::size_t sent_count() const { return line_.size(); }
  void forget() { line_.clear(); }

  UdpId bind(const UdpBind& request);
  UdpId bind(std::uint16_t port) { return bind({.local = {IpAddress(), Port{port}}}); }
  /// "(none)" when nothing waits.
  std::string receive(UdpId id);
  /// What the events since the last time said of this socket.
  int events(UdpId id);

  /// Runs in step 3 of every turn, and says when it wants the next one.
  std::function<void()> step;
  std::function<Instant()> deadline;
  std::function<void(const Event&)> on_event;
  std::function<void(const UdpEvent&)> on_udp_event;
  /// Addresses that somebody defends against ARP probes.
  std::set<IpAddress> defended;
  bool answer_every_probe = false;
  /// The addresses of all probes and announcements there were.
  std::deque<IpAddress> probes, announcements;
  /// Takes whatever was sent that is neither UDP nor ARP.
  std::function<void(const Bytes&)> on_other;
  /// Takes fragments of datagrams.
  std::function<void(const Bytes&)> on_fragment;
  bool answer_arp_requests = true;

 private:
  void collect();
  void collect_arp(const Bytes& frame);

  std::vector<std::uint64_t> storage_, udp_storage_;
  FakeLink link_;
  std::unique_ptr<Stack> stack_;
  std::unique_ptr<Udp> udp_;
  Instant now_{1s};
  std::deque<std::pair<WireDatagram, Bytes>> line_;
  std::vector<Bytes> arp_answers_;
  Bytes last_;
  std::vector<UdpEvent> events_;
};

}  // namespace conker::test
