// The application above the stack under test: it knows every connection that it opened or accepted,
// what it sent and what it should receive, and what must be said of each.
#pragma once

#include <cstdint>
#include <vector>

#include "stack/stack.hpp"
#include "tests/fuzz/records.hpp"
#include "tests/fuzz/stack/peer.hpp"

namespace conker::fuzz {

class Application {
 public:
  Application(Stack& stack, Peer& peer) : stack_(stack), peer_(peer) {}

  // ---- Calls: each step is one ----
  void connect(const Record& r);
  void listen(const Record& r);
  void unlisten(const Record& r);
  void accept(const Record& r);
  void send(const Record& r);
  void receive(const Record& r);
  void close(const Record& r);
  void tune(const Record& r);

  /// What it does about events by itself, in turn: see react().
  void set_reactions(const Record& r);

  // ---- Events ----
  void on_event(const Event& event);

  // ---- Checks ----
  /// Ids that have ended find nothing.
  void check_ended() const;
  /// Data of a segment that was sent is what was given to send().
  void check_sent_segment(const Flow& flow, const test::WireSegment& segment) const;
  /// No more listening; every connection is aborted, or closed.
  void go_home(bool abort);
  /// Everybody has been told of the end of everything, but for `lost` events.
  void check_told(std::uint64_t lost) const;

 private:
  struct Known {
    ConnectionId id;
    std::uint32_t cookie = 0;
    std::uint32_t sent = 0, received = 0;
    bool connected = false, ended = false;
  };

  Known* find(ConnectionId id);
  const Known* find(ConnectionId id) const;
  /// The last one for 0, others further back; null when there is none.
  Known* choose(std::uint8_t byte);
  void know(ConnectionId id, std::uint32_t cookie);
  void accept_all(bool close);
  void send_some(Known& known, std::uint32_t length);
  void receive_some(Known& known, std::uint32_t most, bool in_place);
  void react(const Event& event, Known* known);

  Stack& stack_;
  Peer& peer_;
  std::vector<Known> known_;
  std::vector<ListenerId> listeners_, gone_listeners_;
  ConnectionId last_ended_{};
  std::array<std::uint8_t, 8> reactions_{};
  std::uint32_t events_ = 0;
  bool over_ = false;
};

}  // namespace conker::fuzz
