// The payloads of a strike's cycles: sent before the close, and compared with what comes back. Each
// cycle has bytes of its own, and at each offset others, so that an answer that belongs to another
// connection or place is found. For hosts: a chip does not name it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/stack.hpp"
#include "stack/strike/expect.hpp"
#include "stack/strike/strike.hpp"

namespace conker {

class Payloads final : public Strike::Dialogue {
 public:
  /// The most that one cycle sends.
  static constexpr std::uint32_t kMaxBytes = 65'536;

  /// How an echo differs from what was sent.
  struct Difference {
    enum class Kind : std::uint8_t {
      kByte,  // expected, seen: the byte
      kMore,  // how many bytes were sent, and have come
      kLess,  // the same, before the peer's FIN
    };
    Kind kind{};
    ConnectionId id;
    std::uint64_t cycle = 0;  // from 1
    std::uint32_t offset = 0, expected = 0, seen = 0;
  };
  class Sink {
   public:
    /// Called once in a cycle at most, while its connection lives.
    virtual void on_difference(const Difference& difference) = 0;

   protected:
    ~Sink() = default;
  };
  struct Counts {
    std::uint64_t sent = 0, received = 0;  // bytes
    std::uint64_t answered = 0;            // cycles, as expected or differently
    std::uint64_t differing = 0;           // cycles
  };
  /// One cycle in flight.
  struct Place {
    std::uint64_t cycle = 0;  // 0: none
    std::uint32_t sent = 0, received = 0;
    bool said = false, answered = false, differs = false;
  };

  /// A place for each slot of the strike; `bytes`: 1 to kMaxBytes, of each cycle.
  Payloads(Stack& stack, std::span<Place> places, Expect expect, std::uint32_t bytes, Sink& sink)
      : stack_(stack), places_(places), expect_(expect), bytes_(bytes), sink_(sink) {}

  void say(std::uint32_t slot, ConnectionId id, std::uint64_t cycle) override;
  bool hear(std::uint32_t slot, ConnectionId id, std::uint64_t cycle, bool peer_closed) override;

  const Counts& counts() const { return counts_; }
  /// What a cycle sends.
  static std::span<const std::byte> payload_of(std::uint64_t cycle, std::uint32_t bytes);

 private:
  Place& place(std::uint32_t slot, std::uint64_t cycle);
  void send(Place& place, ConnectionId id);
  void read(Place& place, ConnectionId id);
  void compare(Place& place, ConnectionId id, std::span<const std::byte> piece);
  bool answered(Place& place, ConnectionId id, bool peer_closed);
  void tell(Place& place, const Difference& difference);

  Stack& stack_;
  std::span<Place> places_;
  Expect expect_;
  std::uint32_t bytes_;
  Sink& sink_;
  Counts counts_;
};

}  // namespace conker
