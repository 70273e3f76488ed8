// The application of one host: calls of the script, reactions to events (habits), and checks of the
// stack's answers and events.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "stack/stack.hpp"
#include "tests/sim/context.hpp"

namespace conker::sim {

/// One connection, as known to its application.
struct Talk {
  ConnectionId id;
  std::uint32_t remote = 0;
  std::uint16_t local_port = 0, remote_port = 0;
  std::uint32_t iss = 0, peer_iss = 0;
  Token token;
  Duration patience{0};  // least time until it may time out
  bool passive = false, connected = false;
  bool closed = false;  // close() or abort() was called
  bool aborted = false;
  bool half_closed = false;  // shutdown() was called
  bool peer_closed = false;
  bool ended = false;  // the last event was received
  bool crashed = false;
  CloseReason reason = CloseReason::kNotClosed;
  std::uint64_t sent = 0, received = 0;
  Instant opened{};

  bool over() const { return ended || crashed; }
};

class Application {
 public:
  Application(Context& context, std::uint32_t host);

  void run_on(Stack& stack);
  void crash();
  void on_event(const Event& event);

  // ---- Calls of the script. `which` is an index, modulo the number of choices ----
  void open(std::uint32_t remote_host, std::uint16_t port, std::uint16_t local_port,
            Duration timeout);
  void reopen(std::uint32_t which);
  void listen(std::uint16_t port, std::uint32_t backlog, std::uint32_t half_open);
  void unlisten(std::uint32_t which);
  void accept(std::uint32_t which);
  void accept_everything();
  void send(std::uint32_t which, std::uint32_t bytes);
  void read(std::uint32_t which, std::uint32_t bytes);
  void shutdown(std::uint32_t which);
  void close(std::uint32_t which, Duration bound);
  void abort(std::uint32_t which);
  void tune(std::uint32_t which, std::uint32_t what, std::uint32_t value);
  void probe_stale(std::uint32_t which);

  /// From now on accepts all connections, reads all data, and closes after the peer.
  void become_orderly() { habits_ = kAccepts | kReads | kClosesBack; }
  void set_habits(std::uint32_t habits) { habits_ = habits & kAllHabits; }
  void read_everything();
  void unlisten_all();
  void quiesce();

  // ---- For visits: calls for the connection at an index of talks() ----
  void send_on(std::size_t talk, std::uint32_t bytes);
  void close_on(std::size_t talk) { close(talks_[talk], Duration(0)); }

  // ---- For checks of the stack ----
  const Talk* find(ConnectionId id) const;
  const std::vector<Talk>& talks() const { return talks_; }
  const Talk* some_live(std::uint32_t which) const;
  /// Indices in talks() of connections that are not over.
  const std::vector<std::uint32_t>& live_talks() const { return live_; }
  std::uint64_t told() const { return told_; }

 private:
  Talk* find(ConnectionId id) { return const_cast<Talk*>(std::as_const(*this).find(id)); }
  Talk* live(std::uint32_t which);
  void add(Talk talk);
  void accept_from(ListenerId listener, std::uint16_t port);
  void read(Talk& talk, std::uint32_t bytes);
  void check_end_of_stream(Talk& talk);
  void send(Talk& talk, std::uint32_t bytes);
  void close(Talk& talk, Duration bound);
  void check_last_event(Talk& talk, const Event& event);
  void expect(bool good, const char* otherwise) {
    if (!good) context_.fail(static_cast<int>(host_), otherwise);
  }
  Stream& stream_of(const Talk& talk) {
    return context_.streams[Context::stream_key(talk.iss, talk.local_port, talk.remote_port)];
  }

  struct Listening {
    ListenerId id;
    std::uint16_t port;
  };

  Context& context_;
  std::uint32_t host_;
  std::uint32_t habits_;
  Stack* stack_ = nullptr;
  std::vector<Talk> talks_;
  std::vector<std::uint32_t> live_;     // indices of connections that are not over
  std::vector<std::uint32_t> by_slot_;  // index + 1 of the slot's last connection; 0: none
  std::vector<Listening> listeners_;
  std::uint64_t told_ = 0;  // last events received
};

}  // namespace conker::sim
