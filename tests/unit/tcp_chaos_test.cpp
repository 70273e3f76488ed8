// Random calls and segments in any order: the audit holds after every turn, every connection that
// was opened ends with one last event, and nothing is left over. Reproducible by seed.
#include <map>
#include <set>
#include <vector>

#include "tests/support/random.hpp"
#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

using Key = std::pair<std::uint32_t, std::uint32_t>;

class Chaos {
 public:
  explicit Chaos(std::uint32_t seed) : random_(seed), s_(capacities(), settings()) {
    s_.on_event = [this](const Event& event) { on_event(event); };
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      for (const auto& frame : s_.take_frames()) learn(frame);
      if (::testing::Test::HasFailure()) {
        ADD_FAILURE() << "in step " << i;
        return;
      }
    }
    // End all connections.
    over_ = true;
    s_.link().busy = false;
    for (const auto listener : listeners_) (void)s_.stack().unlisten(listener);
    for (const auto id : ids_) (void)s_.stack().abort(id);
    s_.turn();
    s_.advance(100s);
    s_.forget();
    const Audit audit = s_.audit();
    EXPECT_EQ(audit.live, 0u);
    EXPECT_EQ(audit.half_open, 0u);
    EXPECT_EQ(audit.time_wait, 0u);
    EXPECT_EQ(audit.chunks_held, 0u);
    EXPECT_EQ(s_.count(Count::reaped), audit.opened);
    for (const auto id : ids_) {
      EXPECT_TRUE(ended_.contains(key(id))) << "a connection whose end nobody was told of";
    }
  }

  std::uint64_t opened() { return s_.audit().opened; }

 private:
  static Capacities capacities() {
    Capacities c = small_capacities();
    c.connections = 12;
    c.half_open = 4;
    c.time_wait = 4;
    c.chunks = 24;
    c.chunk_bytes = 512;
    return c;
  }
  static Settings settings() {
    Settings s;
    s.time_wait = 5s;
    s.connect_timeout = 8s;
    s.fin_wait_2 = 6s;
    s.retransmits = 4;
    s.first_port = Port{5000};
    s.last_port = Port{5015};
    return s;
  }

  static Key key(ConnectionId id) { return {id.slot, id.generation}; }

  /// An id that may be live, or now and then one that is stale.
  ConnectionId any_id() {
    if (ids_.empty() || random_.below(8) == 0) return last_ended_;
    return ids_[random_.below(ids_.size())];
  }

  /// A call of the application, which may also be made while events are drained.
  void call() {
    Stack& stack = s_.stack();
    const ConnectionId id = any_id();
    const std::string text(random_.below(3000), 'x');
    std::array<std::byte, 2000> buffer;
    switch (random_.below(12)) {
      case 0:
      case 1: {
        ConnectRequest request;
        request.remote = {kPeerAddress, Port{static_cast<std::uint16_t>(80 + random_.below(3))}};
        if (const auto opened = stack.connect(request)) ids_.push_back(*opened);
        break;
      }
      case 2:
        if (listeners_.size() < 2) {
          ListenRequest request;
          request.local.port = Port{static_cast<std::uint16_t>(7 + random_.below(3))};
          request.backlog = 1 + random_.below(3);
          request.half_open = 1 + random_.below(4);
          if (const auto made = stack.listen(request)) listeners_.push_back(*made);
        }
        break;
      case 3:
        if (!listeners_.empty() && random_.below(8) == 0) {
          EXPECT_EQ(stack.unlisten(listeners_.back()), Error::kOk);
          listeners_.pop_back();
        }
        break;
      case 4:
      case 5:
        for (const auto listener : listeners_) {
          if (const auto accepted = stack.accept(listener)) ids_.push_back(*accepted);
        }
        break;
      case 6:
        (void)stack.send(id, std::as_bytes(std::span(text)));
        break;
      case 7:
      case 8:
        (void)stack.receive(id, std::span(buffer).first(random_.below(buffer.size())));
        break;
      case 9:
        (void)stack.shutdown(id);
        break;
      case 10:
        (void)stack.close(id);
        break;
      default:
        if (random_.below(3) == 0) (void)stack.abort(id);
    }
  }

  void on_event(const Event& event) {
    if (event.has(Event::kClosed)) {
      EXPECT_TRUE(ended_.insert(key(event.connection)).second);
      last_ended_ = event.connection;
    }
    if (!over_ && random_.below(4) == 0) call();
  }

  /// Updates what the peer knows of a conversation: the numbers of the last segment that it
  /// received.
  void learn(const WireSegment& segment) {
    if (segment.flags & kRst) return;
    known_[segment.source_port << 16 | segment.destination_port] = segment;
    if (known_.size() > 64) known_.erase(known_.begin());
  }

  std::uint32_t about(std::uint32_t number) {
    switch (random_.below(8)) {
      case 0:
        return number + random_.below(3) - 1;
      case 1:
        return number + random_.below(3000);
      case 2:
        return number - random_.below(3000);
      case 3:
        return random_();
      default:
        return number;
    }
  }

  WireSegment some_segment() {
    WireSegment wire;
    wire.source = kPeerAddress;
    wire.destination = kStackAddress;
    if (known_.empty() || random_.below(6) == 0) {  // a new peer
      wire.source_port = static_cast<std::uint16_t>(40000 + random_.below(12));
      wire.destination_port = static_cast<std::uint16_t>(7 + random_.below(3));
      wire.flags = random_.below(8) == 0 ? static_cast<std::uint8_t>(random_()) : kSyn;
      wire.seq = random_();
      wire.ack = random_();
    } else {
      auto it = known_.begin();
      std::advance(it, random_.below(known_.size()));
      const WireSegment& last = it->second;
      wire.source_port = last.destination_port;
      wire.destination_port = last.source_port;
      wire.seq = about((last.flags & kAck) ? last.ack : 1000);
      wire.ack = about(last.seq + static_cast<std::uint32_t>(last.data.size()) +
                       ((last.flags & (kSyn | kFin)) ? 1 : 0));
      constexpr std::uint8_t kUsual[] = {kAck,        kAck, kAck, kAck | kFin, kAck | kPsh,
                                         kAck | kSyn, kSyn, kRst, kRst | kAck};
      wire.flags =
          random_.below(20) == 0 ? static_cast<std::uint8_t>(random_()) : kUsual[random_.below(9)];
      if (last.flags == kSyn && random_.below(3) != 0) wire.flags = kSyn | kAck;
    }
    wire.window = static_cast<std::uint16_t>(random_.below(4) == 0 ? random_.below(3) : random_());
    if (wire.flags & kSyn)
      wire.mss = static_cast<std::uint16_t>(random_.below(3) == 0 ? random_() : 1460);
    if (random_.below(3) == 0) wire.data.assign(random_.below(1400), 'd');
    return wire;
  }

  void step() {
    switch (random_.below(6)) {
      case 0:
      case 1:
        call();
        s_.turn();
        break;
      case 2:
      case 3:
      case 4: {
        std::vector<Bytes> frames;
        for (std::uint32_t n = 1 + random_.below(4); n > 0; --n) {
          frames.push_back(encode(some_segment(), kPeerMac, kStackMac));
        }
        s_.inject_frames(frames);
        break;
      }
      default:
        if (random_.below(10) == 0) s_.link().busy = !s_.link().busy;
        s_.advance(Duration(random_.below(random_.below(20) == 0 ? 20'000'000 : 300'000)));
    }
    std::erase_if(ids_, [this](ConnectionId id) { return ended_.contains(key(id)); });
  }

  Random random_;
  Script s_;
  std::vector<ConnectionId> ids_;
  std::vector<ListenerId> listeners_;
  std::map<int, WireSegment> known_;
  std::set<Key> ended_;
  ConnectionId last_ended_;
  bool over_ = false;
};

class TcpChaosTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(TcpChaosTest, TheAuditHoldsThroughRandomCallsAndSegments) {
  Chaos chaos(GetParam());
  chaos.run(4000);
  EXPECT_GT(chaos.opened(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TcpChaosTest, ::testing::Range(1u, 21u));

}  // namespace
}  // namespace conker::test
