// Events that clients may subscribe to: where parts of the daemon tell what happens, without
// knowing who listens. Nothing is made for a kind that nobody wants.
#pragma once

#include <cstdint>

#include "protocol/events.hpp"

namespace conker::daemon {

class Events {
 public:
  /// Who hears them, in a turn or between turns. It may call whatever a client of the stack may.
  class Listener {
   public:
    virtual void on_event(const protocol::AnyEvent& event) = 0;
    /// So many events of a kind happened too fast to be told.
    virtual void on_dropped(protocol::EventKind kind, std::uint64_t count) = 0;

   protected:
    ~Listener() = default;
  };

  /// A set of kinds, a bit for each.
  using Kinds = std::uint32_t;
  static constexpr Kinds bit(protocol::EventKind kind) { return 1U << static_cast<unsigned>(kind); }

  bool wanted(protocol::EventKind kind) const { return (wanted_ & bit(kind)) != 0; }
  /// Tells an event, which `make` makes where somebody wants its kind:
  /// events.tell<protocol::LinkEvent>([&] { return protocol::LinkEvent{...}; });
  template <typename E>
  void tell(auto&& make) {
    if (wanted(E::kKind)) listener_->on_event(make());
  }

  void dropped(protocol::EventKind kind, std::uint64_t count) {
    if (wanted(kind)) listener_->on_dropped(kind, count);
  }

  /// From here on `listener` hears these kinds, instead of those before; it must outlive that.
  void listen(Listener& listener, Kinds kinds) {
    listener_ = &listener;
    wanted_ = kinds;
  }

 private:
  Listener* listener_ = nullptr;
  Kinds wanted_ = 0;
};

}  // namespace conker::daemon
