// The application on the stack under test: it knows every connection that it opened or accepted,
// the data sent and expected on each, and the events that must come.
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

  /// Sets what react() does on its own about events, in turn.
  void set_reactions(const Record& r);

  // ---- Events ----
  void on_event(const Event& event);

  // ---- Checks ----
  /// Checks that stale ids find nothing.
  void check_ended() const;
  /// Checks that the data of a segment is what was given to send().
  void check_sent_segment(const Flow& flow, const test::WireSegment& segment) const;
  /// Stops listening; aborts or closes every connection.
  void quiesce(bool abort);
  /// Checks that the end of every connection was reported, except for `lost` events.
  void check_told(std::uint64_t lost) const;

 private:
  struct Known {
    ConnectionId id;
    Token token;
    std::uint32_t sent = 0, received = 0;
    bool connected = false, ended = false;
  };

  Known* find(ConnectionId id);
  const Known* find(ConnectionId id) const;
  /// The last connection for 0, earlier ones for others; null when there is none.
  Known* choose(std::uint8_t byte);
  void know(ConnectionId id, Token token);
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
