// Addresses as strings, for programs on a host.
#pragma once

#include <array>
#include <string>

#include "stack/base/address.hpp"
#include "stack/base/zone_names.hpp"

namespace conker {

namespace detail {
template <typename T>
std::string as_string(const T& value) {
  std::array<char, T::kTextSize> text;
  return std::string(value.to_string(text));
}
}  // namespace detail

/// "10.77.0.2", "2001:db8::1" or, with a zone, "fe80::1%lan" by the names of this process.
inline std::string to_string(const IpAddress& address) {
  if (address.zone() == 0) return detail::as_string(address);
  return detail::as_string(address.without_zone()) + "%" +
         ZoneNames::of_process().of(address.zone());
}
/// "02:00:00:00:00:01".
inline std::string to_string(const MacAddress& address) {
  return detail::as_string(address);
}
/// "10.77.0.2:80" or "[2001:db8::1]:80"; "*:80" of an unspecified address.
inline std::string to_string(const Endpoint& endpoint) {
  if (endpoint.address.zone() == 0) return detail::as_string(endpoint);
  return "[" + to_string(endpoint.address) + "]:" + std::to_string(endpoint.port.value);
}
/// "10.77.0.2/24".
inline std::string to_string(const Prefix& prefix) {
  return to_string(prefix.address) + "/" + std::to_string(prefix.length);
}

}  // namespace conker
