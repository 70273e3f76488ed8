// The stack under test with its storage, link, peers, application and time. Every turn ends with an
// audit.
#pragma once

#include <array>
#include <cstdint>

#include "stack/ip4/ipv4.hpp"
#include "stack/net/reassembly.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/syn_cookies.hpp"
#include "stack/udp/udp.hpp"
#include "tests/fuzz/records.hpp"
#include "tests/fuzz/stack/application.hpp"
#include "tests/fuzz/stack/link.hpp"
#include "tests/fuzz/stack/peer.hpp"

namespace conker::fuzz {

/// The first bytes of an input: settings of the stack, and the time. All zero: everything switched
/// on, and no traffic.
struct Head {
  static constexpr std::size_t kBytes = 4;
  explicit Head(Input input) {
    for (std::size_t i = 0; i < kBytes && i < input.size(); ++i)
      bytes[i] = std::to_integer<std::uint8_t>(input[i]);
  }
  bool bit(unsigned n) const { return (bytes[n / 8] >> n % 8 & 1) != 0; }

  std::array<std::uint8_t, kBytes> bytes{};
};

class World final : private FuzzLink::Observer {
 public:
  explicit World(const Head& head);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Performs one step of the input; it may take plain bytes from the records behind it.
  void step(const Record& r, Records& more);
  /// Aborts or closes all connections; peers are silent, time passes, and nothing may be left.
  void quiesce();

 private:
  Parts parts(const Head& head);
  /// The frames that arrive with the next turn.
  Batch& batch() { return batches_[filling_]; }
  static Settings settings(const Head& head);
  void turn(bool drain);
  void advance(Duration duration, int turns);
  void drain();
  void audit();
  void step_network(const Record& r);
  void step_datagrams(const Record& r);
  void sent(std::span<const std::byte> frame) override;

  std::uint16_t mtu_;
  FuzzLink link_;
  Cubic cubic_;
  SackRecovery recovery_;
  SynCookies cookies_;
  std::array<Reassembly::Datagram, 3> fragments_{};
  Reassembly reassembly_;
  Stack stack_;
  Ipv4 ipv4_;
  Udp udp_;
  Peer peer_;
  Application application_;
  std::array<Batch, 2> batches_;
  unsigned filling_ = 0;
  Instant now_;
  std::array<UdpId, 3> sockets_{};
  bool answers_arp_ = true;
  // A frame may be sent late: after ARP, or, as the final segment of a connection that has ended,
  // after the link was busy.
  bool late_ = false, was_busy_ = false;
  bool ends_by_close_;
};

}  // namespace conker::fuzz
