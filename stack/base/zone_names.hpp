// Names of the zones of link-local addresses (RFC 4007, 11), for programs on a host: the zone of
// an interface is called as the link is, "fe80::1%lan".
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stack/base/address.hpp"

namespace conker {

class ZoneNames {
 public:
  ZoneNames() = default;
  /// Of the zones 1, 2 and so on.
  explicit ZoneNames(std::vector<std::string> names) : names_(std::move(names)) {}

  std::size_t size() const { return names_.size(); }
  /// The name of a zone; its number where it has none.
  std::string of(std::uint16_t zone) const {
    return zone != 0 && zone <= names_.size() ? names_[zone - 1u] : std::to_string(zone);
  }

  /// An address as IpAddress::parse() reads it, whose zone may be a name. Nullopt also where the
  /// name is not known.
  std::optional<IpAddress> parse(std::string_view text) {
    const std::size_t percent = text.find('%');
    if (percent == std::string_view::npos) return IpAddress::parse(text);
    const auto address = IpAddress::parse(text.substr(0, percent));
    if (!address || !address->holds_zone()) return std::nullopt;
    const std::string_view name = text.substr(percent + 1);
    if (const auto zone = zone_of(name)) return address->with_zone(*zone);
    return learns_ ? std::nullopt : IpAddress::parse(text);
  }
  /// "[fe80::1%lan]:80", and what Endpoint::parse() reads.
  std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto parts = HostPort::parse(text);
    const auto address = parts ? parse(parts->host) : std::nullopt;
    return address ? std::optional(Endpoint{*address, parts->port}) : std::nullopt;
  }

  /// Takes any name from now on, as a program needs that only passes addresses on: it numbers them
  /// as they come, and has no zone that is a number.
  void learn() { learns_ = true; }

  /// Those of this process. Set once, before others use it.
  static ZoneNames& of_process() {
    static ZoneNames names;
    return names;
  }

 private:
  static constexpr std::size_t kMost = 256, kLongest = 32;  // names, and characters of one

  std::optional<std::uint16_t> zone_of(std::string_view name) {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) {
      if (!learns_ || names_.size() == kMost || name.empty() || name.size() > kLongest)
        return std::nullopt;
      names_.emplace_back(name);
      return static_cast<std::uint16_t>(names_.size());
    }
    return static_cast<std::uint16_t>(found - names_.begin() + 1);
  }

  std::vector<std::string> names_;
  bool learns_ = false;
};

}  // namespace conker
