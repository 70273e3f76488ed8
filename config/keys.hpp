// Reads a section into a structure whose visit() names the keys: visit(self, key) calls
// key(name, member, about) for each, and `about` has the range, the choices, and whether the key
// must be there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/config.hpp"
#include "config/value.hpp"
#include "stack/base/field.hpp"

namespace conker::config {

// Each type of member has the form in which it is written. Throws ConfigError at the value's place.
void read(const Value& value, bool& out, const About& about);  // with choices: the second of two
void read(const Value& value, Duration& out, const About& about);
void read(const Value& value, std::string& out, const About& about);
void read(const Value& value, InterfaceName& out, const About& about);
void read(const Value& value, SocketPath& out, const About& about);
void read(const Value& value, Directory& out, const About& about);
void read(const Value& value, FileMode& out, const About& about);
void read(const Value& value, PerFamily<Prefix>& out, const About& about);    // hosts' addresses
void read(const Value& value, std::vector<Prefix>& out, const About& about);  // bare addresses, too

inline const IpAddress& address_of(const IpAddress& address) {
  return address;
}
inline const IpAddress& address_of(const Prefix& prefix) {
  return prefix.address;
}

/// One value, or a list of one for each family, of which `read_one` makes the address or prefix.
template <typename T, typename ReadOne>
PerFamily<T> read_per_family(const Value& value, ReadOne read_one) {
  PerFamily<T> all;
  for (const Value& entry : value.is_list() ? value.list() : std::vector{value}) {
    const T one = read_one(entry);
    std::optional<T>& place = all.of(address_of(one));
    if (place) entry.fail("there can be one for each of IPv4 and IPv6");
    place = one;
  }
  return all;
}

/// Shares as a percentage, other numbers by their range, enumerators by their place among the
/// choices.
template <typename T>
requires std::is_enum_v<T> || std::is_integral_v<T>
void read(const Value& value, T& out, const About& about) {
  if constexpr (std::is_enum_v<T>) {
    out = static_cast<T>(value.choice(about.choices));
  } else if (about.unit == Unit::kMillionths) {
    out = static_cast<T>(value.share());
  } else {
    out = static_cast<T>(
        value.number(static_cast<std::uint64_t>(about.min), static_cast<std::uint64_t>(about.max)));
  }
}

/// The names of the keys, behind those that are in `names` already.
template <typename Keys>
void add_names(std::vector<std::string_view>& names, Keys keys) {
  Keys::visit(keys, [&](std::string_view name, auto&, const About&) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  });
}

/// Reads every key that the section has; what it has not keeps its value.
template <typename Keys>
void read_keys(const Section& section, Keys& keys) {
  Keys::visit(keys, [&](std::string_view name, auto& out, const About& about) {
    if (about.required) {
      read(section.at(name), out, about);
    } else if (const auto found = section.find(name)) {
      read(*found, out, about);
    }
  });
}

/// The same for a section with no other keys.
template <typename Keys>
Section read_section(const Value& value, Keys& keys) {
  std::vector<std::string_view> names;
  add_names(names, keys);
  Section section = value.section(names);
  read_keys(section, keys);
  return section;
}

}  // namespace conker::config
