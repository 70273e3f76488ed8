// The errors of the stack's calls, and a result that is a value or an error.
#pragma once

#include <cstdint>

namespace conker {

enum class [[nodiscard]] Error : std::uint8_t{
    kOk,
    kNoSuchId,         // the id names no object: it is stale, or was never given out
    kNotConnected,     // the connection is not in a state that allows the call
    kClosing,          // the application has already closed its side
    kInvalidArgument,  // an address, port or length that can never be valid
    kNoSuchAddress,    // the local address is not assigned to an interface
    kNoRoute,          // no route to the destination
    kAddressInUse,     // the port or four-tuple is in use
    kNoFreePort,       // all ports towards that peer are in use
    kTableFull,        // a table of the stack is full
    kNotSent,          // a link or a queue has no room at present
};

/// A short description in lower case, such as "no free port towards this peer".
constexpr const char* to_string(Error error) {
  switch (error) {
    case Error::kOk:
      return "ok";
    case Error::kNoSuchId:
      return "no such connection";
    case Error::kNotConnected:
      return "the connection is not established";
    case Error::kClosing:
      return "the connection is already closed on our side";
    case Error::kInvalidArgument:
      return "an invalid address, port or length";
    case Error::kNoSuchAddress:
      return "the local address is not one of this stack's";
    case Error::kNoRoute:
      return "no route to that address";
    case Error::kAddressInUse:
      return "the address and port are already in use";
    case Error::kNoFreePort:
      return "no free local port towards this peer";
    case Error::kTableFull:
      return "a table of the stack is full";
    case Error::kNotSent:
      return "no room on the link just now";
  }
  return "unknown error";
}

/// A value, or the error that explains its absence. (std::expected is C++23.)
template <typename T>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : value_(value) {}
  constexpr Result(Error error) : error_(error) {}

  constexpr explicit operator bool() const { return error_ == Error::kOk; }
  constexpr Error error() const { return error_; }
  /// Only where has_value().
  constexpr const T& operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }

 private:
  T value_{};
  Error error_ = Error::kOk;
};

}  // namespace conker
