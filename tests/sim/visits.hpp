// The honest hosts of a siege: a client opens, sends, receives an answer, and both close. The time
// that each visit takes without attackers bounds its time with them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/context.hpp"
#include "tests/sim/host.hpp"
#include "tests/sim/script.hpp"

namespace conker::sim {

/// The outcome of one visit. Times are from its beginning; kNever.time_since_epoch(): not reached.
struct Outcome {
  Duration done = kNever.time_since_epoch();   // the client has received the whole answer
  Duration ended = kNever.time_since_epoch();  // both applications have received their last event
  bool closed = false;                         // both ends with CloseReason::kClosed
  bool cut_off = false;  // the two hosts were cut off from each other at some time
};

class Visits {
 public:
  static constexpr std::uint16_t kPort = 80;      // answers with as many bytes as the visit says
  static constexpr std::uint16_t kPagePort = 82;  // answers any byte with a page, and closes
  static constexpr std::uint32_t kPage = 20'000;  // bytes

  /// Which side closes first.
  enum Closer : std::uint32_t { kClient, kServer, kBoth, kClosers };
  static std::uint32_t manner(std::uint32_t closer, std::uint32_t portions,
                              std::uint32_t pause_ms) {
    return closer + kClosers * (portions - 1 + 8 * pause_ms);
  }

  /// `bounds`: outcomes of the same visits without attackers; null: this run measures them.
  Visits(Context& context, std::vector<std::unique_ptr<Host>>& hosts,
         const std::vector<Outcome>* bounds)
      : context_(context), hosts_(hosts), bounds_(bounds) {}

  /// Starts a visit. The arguments are those of Do::kVisit.
  void begin(const Op& op);
  void cut_off(std::uint32_t host, std::uint32_t peer);
  /// Does what is due, and compares with the bounds.
  void step();
  Instant next() const;
  bool over() const;
  std::vector<Outcome> outcomes() const;

 private:
  struct Visit {
    std::uint32_t host, peer, up, down, closer, portions;
    Duration pause;
    Instant began;
    std::uint16_t port = 0;                         // local port; 0: any
    Instant again{};                                // of the next attempt to open
    std::optional<std::size_t> client{}, server{};  // places in the talks of their applications
    Outcome outcome{};
    bool server_closed = false;

    std::uint32_t asked(Instant now) const;  // bytes that the client must have sent by now
    bool over() const { return outcome.ended != kNever.time_since_epoch(); }
  };

  void open(Visit& visit);
  void step(Visit& visit);
  void step_client(Visit& visit, const Talk& talk);
  void step_server(Visit& visit, const Talk& talk);
  void find_server(Visit& visit);
  void send(Host& host, std::size_t talk, std::uint32_t up_to);
  void serve_pages();
  void judge(const Visit& visit, const Outcome& bound) const;

  Context& context_;
  std::vector<std::unique_ptr<Host>>& hosts_;
  const std::vector<Outcome>* bounds_;
  std::vector<Visit> visits_;
};

}  // namespace conker::sim
