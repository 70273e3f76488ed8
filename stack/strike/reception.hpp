// The listener of a passive strike: lets in whom it may, and resets the others. A way that opens
// connections at the same time as the peer has no listener: our SYNs cross those that come. For
// hosts: a chip does not name it.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/guests.hpp"
#include "stack/stack.hpp"
#include "stack/strike/crossings.hpp"
#include "stack/strike/door.hpp"

namespace conker {

class Reception final : public StrikeDoor {
 public:
  /// What finds no room in the strike waits in the accept queue, of the default length; SYNs of
  /// more are dropped. Stack and guests must outlive the reception.
  Reception(Stack& stack, const Guests& guests) : stack_(stack), guests_(guests) {}
  /// Ends it, too: the stack must live still.
  ~Reception() { close(); }
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  Error open(const StrikeRequest& request, ClientId client) override;
  std::optional<ConnectionId> next() override;
  void close() override;
  /// Connections of peers that may not come: reset, and no cycles.
  std::uint64_t turned_away() const {
    return turned_away_ + (crossings_ ? crossings_->turned_away() : 0);
  }

 private:
  std::optional<ConnectionId> cross();

  Stack& stack_;
  const Guests& guests_;
  std::optional<ListenerId> listener_;
  std::uint64_t turned_away_ = 0;
  std::optional<Crossings> crossings_;
  Token token_;
};

}  // namespace conker
