// Addresses as strings, for programs on a host.
#pragma once

#include <array>
#include <string>

#include "stack/base/address.hpp"

namespace conker {

namespace detail {
template <typename T>
std::string as_string(const T& value) {
  std::array<char, T::kTextSize> text;
  return std::string(value.to_string(text));
}
}  // namespace detail

/// "10.77.0.2", "2001:db8::1" or, with a zone, "fe80::1%2".
inline std::string to_string(const IpAddress& address) {
  return detail::as_string(address);
}
/// "02:00:00:00:00:01".
inline std::string to_string(const MacAddress& address) {
  return detail::as_string(address);
}
/// "10.77.0.2:80" or "[2001:db8::1]:80"; "*:80" of an unspecified address.
inline std::string to_string(const Endpoint& endpoint) {
  return detail::as_string(endpoint);
}
/// "10.77.0.2/24".
inline std::string to_string(const Prefix& prefix) {
  return to_string(prefix.address) + "/" + std::to_string(prefix.length);
}

}  // namespace conker
