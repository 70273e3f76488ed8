// The scenes. All sizes are as small as possible: one connection, then two, then three where the
// table has room for fewer; timers of a few ticks; one chunk holds one segment.
#include <stdexcept>

#include "tests/explore/scene.hpp"

namespace conker::explore {
namespace {

constexpr Duration ticks(std::uint32_t n) {
  return Tick::duration(n);
}

// The retransmission timeout is constant, whatever round trip is measured, and all times are
// multiples of a few ticks, so that few states differ by time alone. No time exceeds the timer
// wheel's first level.
Settings settings() {
  Settings s;
  s.time_wait = ticks(16);
  s.connect_timeout = ticks(12);
  s.fin_wait_2 = ticks(12);
  s.rto_initial = s.rto_min = s.rto_max = ticks(8);
  s.retransmits = 1;
  s.syn_ack_retransmits = 1;
  s.delayed_ack = Duration(0);
  s.send_buffer = 2 * kPiece;
  s.receive_buffer = 2 * kPiece;
  s.window_scaling = s.timestamps = s.sack = false;
  s.ecn = Ecn::kOff;
  s.neighbour_reachable = 24h * 365;
  return s;
}

Capacities capacities(std::uint32_t connections) {
  return {.connections = connections,
          .half_open = 1,
          .time_wait = 1,
          .listeners = 1,
          .neighbours = 1,
          .addresses = 1,
          .interfaces = 1,
          .chunks = 2 * connections,
          .chunk_bytes = kPiece,
          .transitions = 16,
          .routes = 1,
          .udp_sockets = 0};
}

std::vector<Action> parse(const std::string& text) {
  std::string unknown;
  const auto actions = parse_actions(text, unknown);
  if (!actions) throw std::logic_error("a scene names an action that is none: " + unknown);
  return *actions;
}

constexpr const char* kHandshakes = "syn, syn-ack, ack, rst";
constexpr const char* kAllSegments =
    "syn, syn-again, syn-ack, ack, ack-old, ack-unsent, zero-window, fin, fin-again, fin-cross, "
    "rst, "
    "rst-inside, "
    "rst-outside, no-flags";
constexpr const char* kDataSegments = "data, data-long, data-ahead, data-old, fin-data, fin-ahead";
constexpr const char* kSteps = "time, event, output, reap";
constexpr const char* kListener = "listen, unlisten, accept";

/// Builds a scene in one expression.
class Making {
 public:
  Making(const char* name, const char* about, std::uint32_t connections, std::uint32_t tuples) {
    scene_.name = name;
    scene_.about = about;
    scene_.capacities = capacities(connections);
    scene_.settings = settings();
    scene_.tuples = tuples;
  }

  /// Adds actions: a name that needs a number is added with each number.
  Making& segments(const std::string& words) { return add(words, scene_.tuples); }
  Making& connects() { return add("connect", scene_.tuples); }
  Making& calls(const std::string& words) { return add(words, scene_.capacities.connections); }
  Making& plain(const std::string& words) { return add(words, 0); }
  Making& from(const std::string& prologue) {
    scene_.prologue = parse(prologue);
    return *this;
  }
  Making& whole_turns() {
    scene_.whole_turns = true;
    return plain("time");
  }
  Making& steps() { return plain(kSteps); }
  Making& listener(std::uint32_t backlog, std::uint32_t half_open) {
    scene_.backlog = backlog;
    scene_.half_open = half_open;
    scene_.capacities.half_open = std::max(scene_.capacities.half_open, half_open);
    return plain(kListener);
  }
  Making& time_waits(std::uint32_t n) {
    scene_.capacities.time_wait = n;
    return *this;
  }
  Making& half_opens(std::uint32_t n) {
    scene_.capacities.half_open = n;
    return *this;
  }
  Making& chunks(std::uint32_t n, std::uint32_t bytes = kPiece) {
    scene_.capacities.chunks = n;
    scene_.capacities.chunk_bytes = bytes;
    return *this;
  }
  Making& set(void (*change)(Settings&)) {
    change(scene_.settings);
    return *this;
  }
  operator Scene() const { return scene_; }

 private:
  Making& add(const std::string& words, std::uint32_t numbers) {
    for (std::size_t at = 0; at < words.size();) {
      const std::size_t end = std::min(words.find(", ", at), words.size());
      const std::string word = words.substr(at, end - at);
      at = end + 2;
      if (numbers == 0) scene_.alphabet.push_back(parse(word).front());
      for (std::uint32_t n = 0; n < numbers; ++n) {
        scene_.alphabet.push_back(parse(word + ' ' + std::to_string(n)).front());
      }
    }
    return *this;
  }

  Scene scene_;
};

constexpr const char* kEndings = "close, abort, shutdown";
constexpr const char* kOpenTurns = "connect 0, turn, syn-ack 0, turn";
constexpr const char* kTwoOpen = "connect 0, connect 1, turn, syn-ack 0, syn-ack 1, turn";

std::vector<Scene> make_scenes() {
  return {
      Making("alone", "one connection, opened by us; every segment, every call, every step", 1, 1)
          .connects()
          .calls(kEndings)
          .segments(kAllSegments)
          .segments("unreachable")
          .steps(),
      Making("alone-turns", "the same in whole turns, so that it goes deeper", 1, 1)
          .connects()
          .calls("close, close-soon, abort, shutdown")
          .segments(kAllSegments)
          .segments("unreachable")
          .whole_turns(),
      Making("data", "one established connection with data both ways, and two chunks", 1, 1)
          .from(kOpenTurns)
          .calls("close, abort, shutdown, send, receive")
          .connects()
          .segments("ack, ack-old, zero-window, fin, fin-cross, rst, syn-ack")
          .segments(kDataSegments)
          .whole_turns(),
      Making("data-steps", "the same step by step, with chunks for more than the window", 1, 1)
          .from(kOpenTurns)
          .chunks(4)
          .calls("close, abort, send, receive")
          .segments("ack, ack-old, zero-window, fin, rst, data, data-long, data-ahead, fin-ahead")
          .steps(),
      Making("listener", "one slot, a listener with room for one of everything; step by step", 1, 1)
          .listener(1, 1)
          .calls("close, abort, abort-waiting, close-waiting")
          .segments("syn, syn-again, ack, ack-unsent, fin, rst, rst-inside")
          .steps(),
      Making("listener-turns", "two slots, three peers, backlog 1 and half-open 1; whole turns", 2,
             3)
          .listener(1, 1)
          .calls("close, abort, abort-waiting, close-waiting")
          .segments("syn, ack, fin, rst")
          .whole_turns(),
      Making("both-ways", "one four-tuple, opened from both sides, at once and again", 1, 1)
          .listener(1, 1)
          .connects()
          .calls(kEndings)
          .segments("syn, syn-again, syn-ack, ack, fin, fin-cross, rst")
          .whole_turns(),
      Making("both-ways-steps", "the same step by step, in a stack of two", 2, 1)
          .listener(1, 1)
          .connects()
          .calls("close, abort")
          .segments("syn, syn-ack, ack, fin, rst")
          .steps(),
      Making("pair", "two established connections, step by step", 2, 2)
          .from(kTwoOpen)
          .time_waits(2)
          .calls("close, abort")
          .segments("ack, fin, rst")
          .steps(),
      Making("race", "aborts, closes and resets of two, while events and final RSTs wait", 2, 2)
          .connects()
          .calls("close, abort")
          .segments(kHandshakes)
          .steps(),
      Making("three", "three peers and two slots: opens fail", 2, 3)
          .connects()
          .calls("close, abort")
          .segments("syn-ack, fin, rst")
          .whole_turns(),
      Making("three-slots", "three connections at once, each slot again and again", 3, 3)
          .connects()
          .calls("abort, close")
          .segments("syn-ack, fin")
          .time_waits(3)
          .whole_turns(),
      Making("crowd", "three slots: opened, accepted and refused, step by step", 3, 3)
          .listener(2, 2)
          .connects()
          .calls("close, abort")
          .segments("syn, syn-ack, ack, rst")
          .steps(),
      Making("starved", "one slot for two, and nobody takes the events in time", 1, 2)
          .connects()
          .calls("abort")
          .segments("syn-ack, rst")
          .listener(1, 1)
          .segments("syn, ack")
          .steps(),
      Making("busy-link", "the link is busy when final segments are to leave", 2, 2)
          .from(kTwoOpen)
          .calls("close, abort, send")
          .segments("fin, rst, ack")
          .plain("link")
          .steps(),
      Making("few-chunks", "two connections and three chunks", 2, 2)
          .from(kTwoOpen)
          .chunks(3)
          .calls("send, receive, close, abort")
          .segments("data, data-long, data-ahead, data-old, ack, fin")
          .whole_turns(),
      Making("repair", "SACK: what is out is logged in chunks, and there are few of them", 1, 1)
          .from(kOpenTurns)
          .set([](Settings& s) { s.sack = true; })
          .chunks(4, 2 * kPiece)  // a smaller pool holds no scoreboard
          .calls("send, receive, close, abort, shutdown")
          .segments("ack, ack-old, zero-window, data, data-ahead, fin, rst")
          .whole_turns(),
      Making("time-wait-1", "room for one TIME-WAIT: evicted, reused, reset", 2, 2)
          .from(kTwoOpen)
          .listener(2, 2)
          .connects()
          .calls(kEndings)
          .segments("syn, syn-again, ack, fin, fin-cross, rst, rst-inside")
          .whole_turns(),
      Making("time-wait-0", "no room for any TIME-WAIT", 1, 2)
          .from(kOpenTurns)
          .time_waits(0)
          .listener(1, 1)
          .connects()
          .calls(kEndings)
          .segments("syn, syn-ack, ack, fin, fin-cross, rst")
          .whole_turns(),
      Making("time-waits", "three TIME-WAITs that end at once, or do not", 3, 3)
          .from("connect 0, connect 1, connect 2, turn, syn-ack 0, syn-ack 1, syn-ack 2, turn")
          .time_waits(3)
          .calls("close, abort")
          .segments("fin, ack, rst")
          .whole_turns(),
      Making("time-wait-order",
             "two TIME-WAITs that end one after the other, and somebody who connects", 3, 3)
          .from("connect 0, connect 1, turn, syn-ack 0, syn-ack 1, turn, close 0, close 1, turn, "
                "fin 0, "
                "connect 2, turn, time, turn, fin 1, turn")
          .set([](Settings& s) { s.time_wait = ticks(20); })
          .time_waits(2)
          .listener(2, 2)
          .connects()
          .calls("close, abort")
          .segments("syn, syn-ack, fin, fin-again, rst")
          .whole_turns(),
      Making("half-open", "handshakes that are never finished, two at a time", 2, 3)
          .listener(2, 2)
          .half_opens(3)
          .segments("syn, syn-again, ack, ack-unsent, rst, rst-inside, fin")
          .calls("close")
          .whole_turns(),
      Making("silent", "keepalive, and closes with a bound", 1, 1)
          .from(kOpenTurns)
          .set([](Settings& s) {
            s.keepalive = {.idle = ticks(16), .interval = ticks(8), .count = 2};
          })
          .connects()
          .calls("close, close-soon, shutdown, send, receive")
          .segments("syn-ack, ack, fin, data, zero-window")
          .whole_turns(),
  };
}

}  // namespace

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> all = make_scenes();
  return all;
}

const Scene* find_scene(const std::string& name) {
  for (const Scene& scene : scenes()) {
    if (scene.name == name) return &scene;
  }
  return nullptr;
}

}  // namespace conker::explore
