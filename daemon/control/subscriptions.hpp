// The verb watch: clients that are told of events as they happen. What a client does not read in
// time is dropped and counted, and takes no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "daemon/control/call.hpp"
#include "daemon/control/connection_events.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"
#include "daemon/events.hpp"

namespace conker::daemon {

class Subscriptions final : public Events::Listener {
 public:
  static constexpr std::size_t kMost = 16;  // at each socket
  /// Bytes of events that wait for a client, beside as many that its session has not sent: beyond
  /// them events are dropped.
  static constexpr std::size_t kMostPending = std::size_t{256} * 1024;
  /// Seconds for which events are gathered, so that many of them take one system call.
  static constexpr double kGather = 0.02;

  Subscriptions(Engine& engine, Verbs& verbs);

  /// Clients that watch now.
  std::size_t size() const { return subscribers_.size(); }
  /// Events that were not told, to all clients together.
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Subscriber {
    CallOf<protocol::Watch> call;
    Events::Kinds kinds = 0;
    std::uint64_t wanted = 0;  // events; 0: until it goes away
    std::uint64_t told = 0, dropped = 0;
    std::uint64_t dropped_before = 0;  // of `dropped`, those that it knows of
    std::string pending{};             // lines

    bool done() const { return wanted != 0 && told == wanted; }
  };

  void watch(CallOf<protocol::Watch> call);
  void on_event(const protocol::AnyEvent& event) override;
  void on_dropped(protocol::EventKind kind, std::uint64_t count) override;
  void on_gone(SessionId session);
  void listen();
  void flush();
  void flush(std::list<Subscriber>::iterator one);
  void drop(Subscriber& one, std::uint64_t count);
  std::string time();

  Engine& engine_;
  ConnectionEvents connections_;
  TimerWatch gather_;
  std::list<Subscriber> subscribers_;
  std::uint64_t dropped_ = 0;
  std::int64_t second_ = -1;  // Unix time of `second_text_`
  std::string second_text_;
};

}  // namespace conker::daemon
