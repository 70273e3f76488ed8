// What an application gives with a connection, listener or socket, and gets back with each of its
// events: whose it is, and a value of the application's own.
#pragma once

#include <cstdint>

namespace conker {

/// The client that is told of events: given out by Host::add() (stack/host/host.hpp).
enum class ClientId : std::uint8_t { kNobody = 0 };

class Token {
 public:
  static constexpr std::uint32_t kMaxValue = 0xffffff;

  constexpr Token() = default;
  /// `value`: 0 to kMaxValue; its upper bits are lost.
  constexpr Token(ClientId client, std::uint32_t value)
      : bits_(static_cast<std::uint32_t>(client) << 24 | (value & kMaxValue)) {}
  /// For an application that is alone with its stack.
  explicit constexpr Token(std::uint32_t value) : Token(ClientId::kNobody, value) {}

  constexpr ClientId client() const { return static_cast<ClientId>(bits_ >> 24); }
  constexpr std::uint32_t value() const { return bits_ & kMaxValue; }
  constexpr bool operator==(const Token&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace conker
