// Packet scripts: a whole stack on virtual time with one fake link. The stack is 10.0.0.2 or, in a
// script of IPv6, fd00::2; its peer 10.0.0.1 or fd00::1 (every ARP request and neighbour
// solicitation is answered, so a script may speak for other peers too). Segments
// sent wait in line until the script expects them; time moves only when the script says so. Every
// step is a whole turn, and every turn ends with an audit.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/ip6/ipv6.hpp"
#include "stack/stack.hpp"
#include "tests/support/segment.hpp"
#include "tests/support/storage.hpp"

namespace conker::test {

/// A line of a script, for error messages. (std::source_location, for compilers that lack it.)
struct Where {
  const char* file;
  int line;
  static constexpr Where current(const char* f = __builtin_FILE(), int l = __builtin_LINE()) {
    return {f, l};
  }
};

inline constexpr IpAddress kStackAddress = IpAddress::v4(10, 0, 0, 2);
inline constexpr IpAddress kPeerAddress = IpAddress::v4(10, 0, 0, 1);
inline constexpr IpAddress kStackAddress6{{0xfd000000, 0, 0, 2}};
inline constexpr IpAddress kPeerAddress6{{0xfd000000, 0, 0, 1}};
inline constexpr MacAddress kStackMac{{0x02, 0, 0, 0, 0, 2}};
inline constexpr MacAddress kPeerMac{{0x02, 0, 0, 0, 0, 1}};
inline constexpr std::uint32_t kPeerIss = 0xfffff000;  // it wraps early

/// Small tables, so that a script reaches their ends.
Capacities small_capacities();
/// The default settings, with the shortest retransmission timeout that RFC 6298 allows, and without
/// delayed ACKs.
Settings plain_settings();

/// The fake link: it keeps the frames that the stack has sent.
class FakeLink final : public Link {
 public:
  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant now) override;

  std::uint32_t segmentation() const override { return cuts; }

  bool busy = false;                     // takes no frame
  std::uint32_t cuts = 0;                // Link::segmentation(); frames are kept whole
  std::vector<std::uint16_t> cut_sizes;  // FrameOut::segment of each frame that has one
  std::deque<Bytes> sent;
};

/// The state of one conversation at the peer.
struct Flow {
  IpAddress peer = kPeerAddress, local = kStackAddress;
  std::uint16_t peer_port = 0, local_port = 0;
  std::uint32_t peer_iss = kPeerIss;
  std::optional<std::uint32_t> iss;  // the stack's ISS, once its SYN has been seen
  // Relative numbers: the peer's SND.NXT, and the highest number that it has received, with or
  // without a hole before it.
  std::uint32_t next = 0, seen = 0;
  // Where timestamps were negotiated: the peer's TSval in segments that give none, and the last
  // TSval that it received.
  std::optional<std::uint32_t> timestamp;
  std::uint32_t timestamp_seen = 0;
};

class Script {
 public:
  explicit Script(const Capacities& capacities = small_capacities(),
                  const Settings& settings = plain_settings(), const Parts& parts = {},
                  Family family = Family::kIpv4);
  ~Script();

  IpAddress stack_address() const {
    return family_ == Family::kIpv4 ? kStackAddress : kStackAddress6;
  }
  IpAddress peer_address() const { return family_ == Family::kIpv4 ? kPeerAddress : kPeerAddress6; }

  // ---- Calls of the application; each is followed by a turn ----

  /// Opens a connection to `port` of the peer, whose flow becomes the current one.
  ConnectionId connect(std::uint16_t port, Duration timeout = Duration{0});
  ConnectionId connect(const ConnectRequest& request);
  ListenerId listen(std::uint16_t port, std::uint32_t backlog = 128,
                    std::uint32_t half_open = 1024);
  /// Accepts a connection; the test fails when none waits.
  ConnectionId accept(ListenerId listener, Where where = Where::current());
  Error unlisten(ListenerId listener) { return then_turn(stack().unlisten(listener)); }
  Error close(ConnectionId id) { return then_turn(stack().close(id)); }
  Error shutdown(ConnectionId id) { return then_turn(stack().shutdown(id)); }
  Error abort(ConnectionId id) { return then_turn(stack().abort(id)); }
  /// Returns how many bytes were taken; 0 on errors.
  std::uint32_t send(ConnectionId id, std::string_view text);
  std::string receive(ConnectionId id, std::size_t most = 1 << 20);

  // ---- Segments of the peer ----

  /// Makes a flow between a port of the peer and one of the stack the current one, and returns its
  /// index.
  std::size_t peer(std::uint16_t peer_port, std::uint16_t local_port,
                   std::optional<IpAddress> peer = std::nullopt);
  /// Makes an earlier flow the current one.
  void speak_for(std::size_t flow) { flow_ = flow; }
  std::size_t speaking_for() const { return flow_; }
  Flow& flow() { return flows_.at(flow_); }
  /// Injects one segment, in one turn. Without `seq` it has the peer's SND.NXT; without `ack` it
  /// acknowledges everything.
  void inject(const Segment& segment) { inject(std::vector{segment}); }
  /// Injects several segments in one batch.
  void inject(const std::vector<Segment>& segments);
  /// Injects any frames, unchanged, in one batch.
  void inject_frames(const std::vector<Bytes>& frames);
  /// Injects an ICMP error about the last segment that was expected; destination unreachable by
  /// default.
  void inject_unreachable(std::uint8_t code, std::uint16_t mtu = 0, std::uint8_t type = 3);

  // ---- Expectations ----

  /// Expects the next segment sent.
  void expect(const Segment& segment, Where where = Where::current());
  /// Expects no segment until `later`, and then this one, at most a few ticks after it.
  void expect_after(Duration later, const Segment& segment, Where where = Where::current());
  void expect_nothing(Where where = Where::current());
  void expect_nothing_for(Duration duration, Where where = Where::current());
  /// Drops the segments sent in this flow; the peer has received them.
  void skip() { (void)take_all(); }
  /// Drops the segments sent in all flows.
  void forget() { line_.clear(); }
  std::vector<Segment> take_all();
  /// Takes the segments sent in all flows, with absolute numbers.
  std::vector<WireSegment> take_frames();
  /// Expects exactly these events since the last call, of all turns together.
  void expect_events(ConnectionId id, int mask, Where where = Where::current());
  /// Expects that the last event was delivered, with this reason.
  void expect_ended(ConnectionId id, CloseReason reason, Where where = Where::current());
  void expect_state(ConnectionId id, State state, Where where = Where::current());
  bool acceptable(ListenerId listener);  // and clears it

  // ---- Handshakes ----

  /// An established connection that the stack opened to `port` of the peer.
  ConnectionId established(std::uint16_t port = 80, std::uint16_t peer_mss = 1460,
                           std::uint32_t peer_window = 65535);
  /// An established connection from `peer_port`, accepted from the listener.
  ConnectionId accepted(ListenerId listener, std::uint16_t peer_port, std::uint16_t local_port);
  /// The handshake of a passive open, up to the last ACK.
  void handshake(std::uint16_t peer_port, std::uint16_t local_port);

  // ---- Time ----

  void turn();
  void advance(Duration duration);
  /// Time passes at once, without a turn at any deadline.
  void sleep(Duration duration) {
    now_ += duration;
    turn();
  }
  Instant now() const { return now_; }

  Stack& stack() {
    stack_->begin(now_);
    return *stack_;
  }
  FakeLink& link() { return link_; }
  ConnectionInfo info(ConnectionId id);
  std::uint64_t count(Count what) const { return stack_->counters()[what]; }
  Audit audit() const { return stack_->audit(); }

  /// The peers' present link address: frames to another one are lost, and ARP replies give this
  /// one.
  MacAddress peer_mac = kPeerMac;

  /// Called with every event while draining; it may make any call.
  std::function<void(const Event&)> on_event;

 private:
  struct Pending {
    int mask = 0;
    bool ended = false;
    CloseReason reason = CloseReason::kNotClosed;
  };

  void one_turn(std::span<const Bytes> frames);
  void settle();
  void collect();
  void drain();
  std::optional<Segment> next_sent(const Where& where);
  Bytes to_frame(const Segment& segment);
  template <typename T>
  T then_turn(T result) {
    turn();
    return result;
  }

  Family family_;
  Storage storage_;
  FakeLink link_;
  std::unique_ptr<Stack> stack_;
  std::optional<Ipv4> ipv4_;
  std::optional<Ipv6> ipv6_;
  Instant now_{1s};
  std::vector<Flow> flows_;
  std::size_t flow_ = 0;
  std::deque<std::pair<WireSegment, Bytes>> line_;  // sent, and not yet expected
  std::vector<Bytes> neighbour_answers_;
  Bytes last_expected_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Pending> pending_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, bool> acceptable_;
};

}  // namespace conker::test
