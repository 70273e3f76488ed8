// Packet scripts: a whole stack on virtual time with one fake link. The stack is 10.0.0.2, its
// peer 10.0.0.1 (and whoever else a script speaks for: every ARP request is answered). What is sent
// waits in line until the script has expected it; time moves only when the script says so. Every
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

#include "stack/stack.hpp"
#include "tests/support/segment.hpp"

namespace conker::test {

/// A line of a script, for messages. (std::source_location, for compilers that lack it.)
struct Where {
  const char* file;
  int line;
  static constexpr Where current(const char* f = __builtin_FILE(), int l = __builtin_LINE()) {
    return {f, l};
  }
};

inline constexpr IpAddress kStackAddress = IpAddress::v4(10, 0, 0, 2);
inline constexpr IpAddress kPeerAddress = IpAddress::v4(10, 0, 0, 1);
inline constexpr MacAddress kStackMac{{0x02, 0, 0, 0, 0, 2}};
inline constexpr MacAddress kPeerMac{{0x02, 0, 0, 0, 0, 1}};
inline constexpr std::uint32_t kPeerIss = 0xfffff000;  // it wraps early

/// Small tables, so that a script reaches their ends.
Capacities small_capacities();
/// The defaults, with the shortest retransmission timeout that RFC 6298 allows, and ACKs that never
/// wait.
Settings plain_settings();

/// What the fake link holds: frames that the stack has sent.
class FakeLink final : public Link {
 public:
  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant now) override;

  std::uint32_t segmentation() const override { return cuts; }

  bool busy = false;       // takes nothing
  std::uint32_t cuts = 0;  // bytes of the longest packet that it would cut; it leaves it whole
  std::vector<std::uint16_t> cut_sizes;  // FrameOut::segment of those that it was given to cut
  std::deque<Bytes> sent;
};

/// One conversation, as the peer sees it.
struct Flow {
  IpAddress peer = kPeerAddress, local = kStackAddress;
  std::uint16_t peer_port = 0, local_port = 0;
  std::uint32_t peer_iss = kPeerIss;
  std::optional<std::uint32_t> iss;  // of the stack, once its SYN has been seen; 0 until then
  // Relative numbers: what the peer sends next, and what it has seen without a hole or with one.
  std::uint32_t next = 0, seen = 0;
  // Where timestamps are agreed upon: what the peer writes into every segment that says nothing
  // else, and what it saw last.
  std::optional<std::uint32_t> timestamp;
  std::uint32_t timestamp_seen = 0;
};

class Script {
 public:
  explicit Script(const Capacities& capacities = small_capacities(),
                  const Settings& settings = plain_settings());
  ~Script();

  // ---- What the application does; each call is followed by a turn ----

  /// Opens to `port` of the peer; the script speaks for that peer port from here on.
  ConnectionId connect(std::uint16_t port, Duration timeout = Duration{0});
  ConnectionId connect(const ConnectRequest& request);
  ListenerId listen(std::uint16_t port, std::uint32_t backlog = 128,
                    std::uint32_t half_open = 1024);
  /// Fails the test when nothing waits.
  ConnectionId accept(ListenerId listener, Where where = Where::current());
  Error unlisten(ListenerId listener) { return then_turn(stack().unlisten(listener)); }
  Error close(ConnectionId id) { return then_turn(stack().close(id)); }
  Error shutdown(ConnectionId id) { return then_turn(stack().shutdown(id)); }
  Error abort(ConnectionId id) { return then_turn(stack().abort(id)); }
  /// Says how many bytes were taken; 0 on errors.
  std::uint32_t send(ConnectionId id, std::string_view text);
  std::string receive(ConnectionId id, std::size_t most = 1 << 20);

  // ---- What the peer does ----

  /// The script speaks for this peer's port from here on, towards a port of the stack. Says which
  /// flow it is.
  std::size_t peer(std::uint16_t peer_port, std::uint16_t local_port,
                   IpAddress peer = kPeerAddress);
  /// Speaks for another flow that it has spoken for before.
  void speak_for(std::size_t flow) { flow_ = flow; }
  std::size_t speaking_for() const { return flow_; }
  Flow& flow() { return flows_.at(flow_); }
  /// One segment, one turn. With no `seq` it follows what was sent before; with no `ack` it
  /// acknowledges all there was.
  void inject(const Segment& segment) { inject(std::vector{segment}); }
  /// Several segments in one batch.
  void inject(const std::vector<Segment>& segments);
  /// Any frames, as they are, in one batch.
  void inject_frames(const std::vector<Bytes>& frames);
  /// An ICMP error about the last segment that was expected; destination unreachable where nothing
  /// else is said.
  void inject_unreachable(std::uint8_t code, std::uint16_t mtu = 0, std::uint8_t type = 3);

  // ---- What must come back ----

  /// The next segment that was sent is this one.
  void expect(const Segment& segment, Where where = Where::current());
  /// Nothing until `later`, and then this one, at most a few ticks of the timers after it.
  void expect_after(Duration later, const Segment& segment, Where where = Where::current());
  void expect_nothing(Where where = Where::current());
  void expect_nothing_for(Duration duration, Where where = Where::current());
  /// Whatever was sent in this conversation is of no interest, but the peer has seen it.
  void skip() { (void)take_all(); }
  /// Whatever was sent to anybody is of no interest.
  void forget() { line_.clear(); }
  std::vector<Segment> take_all();
  /// The same to anybody, with the numbers of the wire.
  std::vector<WireSegment> take_frames();
  /// Exactly these events since this was last asked, all turns together.
  void expect_events(ConnectionId id, int mask, Where where = Where::current());
  /// Its last event has been delivered, with this reason.
  void expect_ended(ConnectionId id, CloseReason reason, Where where = Where::current());
  void expect_state(ConnectionId id, State state, Where where = Where::current());
  bool acceptable(ListenerId listener);  // and forgets it

  // ---- Chapters ----

  /// A connection opened by the stack to `port` of the peer, established.
  ConnectionId established(std::uint16_t port = 80, std::uint16_t peer_mss = 1460,
                           std::uint32_t peer_window = 65535);
  /// A connection accepted from `peer_port`, established and taken from the listener.
  ConnectionId accepted(ListenerId listener, std::uint16_t peer_port, std::uint16_t local_port);
  /// The handshake of a passive open, up to the final ACK.
  void handshake(std::uint16_t peer_port, std::uint16_t local_port);

  // ---- Time ----

  void turn();
  void advance(Duration duration);
  /// All at once: nobody calls the stack in between, whatever its deadlines say.
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
  Books books() const { return stack_->audit(); }

  /// Where everybody else is now: what goes to another link address is lost, and ARP is answered
  /// from here.
  MacAddress peer_mac = kPeerMac;

  /// Called with every event, while draining; it may call anything.
  std::function<void(const Event&)> on_event;

 private:
  struct News {
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

  std::vector<std::uint64_t> storage_;
  FakeLink link_;
  std::unique_ptr<Stack> stack_;
  Instant now_{1s};
  std::vector<Flow> flows_;
  std::size_t flow_ = 0;
  std::deque<std::pair<WireSegment, Bytes>> line_;  // sent, and not yet expected
  std::vector<Bytes> arp_answers_;
  Bytes last_expected_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, News> news_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, bool> acceptable_;
};

}  // namespace conker::test
