// One host: a stack, its link to the wire, its application, and the simulator's checks of the stack
// after every turn.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/net/reassembly.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/syn_cookies.hpp"
#include "stack/udp/udp.hpp"
#include "tests/sim/answers.hpp"
#include "tests/sim/application.hpp"
#include "tests/sim/context.hpp"
#include "tests/sim/script.hpp"

namespace conker::sim {

class Host final : public Link {
 public:
  Host(Context& context, std::uint32_t number);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Whether a turn is due now.
  bool wants_turn() const;
  Instant next() const;
  /// Called before a call of the application; a turn follows.
  void begin() {
    stack_->begin(context_.now);
    called_ = true;
  }
  void turn();
  /// Destroys the stack and builds a new one; sends nothing to peers.
  void crash();

  Application& application() { return application_; }
  Stack& stack() { return *stack_; }
  /// Sets whether the application ignores its events.
  void set_deaf(bool deaf) { deaf_ = deaf; }
  /// Makes the link refuse frames until the given time.
  void set_busy(Instant until) { busy_until_ = until; }
  /// Queues a call that is made while the next event is handled.
  void do_in_event(const Op& op) { in_event_.push_back(op); }
  void do_nothing_more() { in_event_.clear(); }
  const std::vector<std::byte>& last_segment() const { return last_segment_; }
  std::uint64_t frames_sent() const { return frames_sent_; }

  /// At the end of a world: checks that no connection, record, listener or chunk is left.
  void check_nothing_left();
  /// Without impairments: checks that SND.UNA of connections with queued data has advanced since
  /// note_progress().
  void note_progress();
  void check_nothing_waits(const Host& peer);

  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant now) override;

  /// Performs a queued call while the events of a turn are handled.
  void (*on_event_op)(void* world, std::uint32_t host, const Op& op) = nullptr;
  void* world = nullptr;

 private:
  struct Known {
    std::uint32_t generation = 0;
    State state = State::kClosed;
  };

  std::optional<Op> take_op_for_event();
  struct Progress {
    ConnectionId id;
    Seq snd_una;
  };

  void build();
  Parts parts();
  bool drops_unseen() const;
  bool gave_cookies() const { return stack_->counters()[Count::syn_cookies_sent] > 0; }
  void judge(const verdict::Segment& segment);
  void hear(std::span<const FrameIn> frames);
  void drain();
  void check_transitions();
  void check_transition(const Transition& transition);
  void check_floors();
  void check_connections();
  void check_connection(const ConnectionInfo& info, Instant next);
  void check_said(const ConnectionInfo& info);
  void check_records();
  void expect(bool good, const char* otherwise) {
    if (!good) context_.fail(static_cast<int>(number_), otherwise);
  }

  Context& context_;
  std::uint32_t number_;
  const HostConfig& config_;
  std::vector<std::uint64_t> storage_;
  std::unique_ptr<Stack> stack_;
  std::optional<Ipv4> ipv4_;
  std::unique_ptr<SynCookies> cookies_;
  std::vector<std::uint64_t> udp_storage_;
  std::unique_ptr<Udp> udp_;
  std::array<Reassembly::Datagram, 4> fragmented_{};
  std::array<std::byte, 2000> whole_{};
  std::optional<Reassembly> reassembly_;
  Application application_;
  Answers answers_;  // in a siege
  std::uint32_t lives_ = 0;
  bool deaf_ = false;
  bool called_ = false;  // the application was called since the last turn
  Instant busy_until_{};
  Instant last_turn_ = kNever;
  std::deque<Op> in_event_;
  std::vector<std::byte> last_segment_;
  std::uint64_t frames_sent_ = 0;

  std::vector<Known> known_;      // by slot, from transitions only
  std::vector<Transition> ring_;  // the stack's ring of transitions at the last check
  std::vector<Transition> scratch_;
  std::vector<Progress> progress_;
  std::uint64_t time_wait_expired_ = 0;
  std::uint64_t time_waits_ = 0;  // connections that entered TIME-WAIT
  Instant first_time_wait_end_ = kNever;
};

}  // namespace conker::sim
