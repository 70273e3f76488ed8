// One value of a YAML file together with its place, which errors give.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/error.hpp"
#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/base/zone_names.hpp"

namespace conker::config {

class Section;

class Value {
 public:
  /// `key` is the dotted path; empty for the whole file.
  Value(const std::string* file, YAML::Node node, std::string key)
      : Value(file, node, std::move(key), node.Mark()) {}
  /// A value without a place of its own, such as an absent one behind its key.
  Value(const std::string* file, YAML::Node node, std::string key, YAML::Mark place)
      : file_(file), node_(std::move(node)), key_(std::move(key)), place_(place) {}

  /// Throws ConfigError at this value's place.
  [[noreturn]] void fail(const std::string& what) const;

  const std::string& key() const { return key_; }

  /// A mapping with no other keys than these, and none twice.
  Section section(std::span<const std::string_view> allowed) const;
  std::vector<Value> list() const;
  /// A mapping whose keys are the file's own, none twice.
  std::vector<std::pair<std::string, Value>> entries() const;

  // What is written, where it may be one or another.
  bool is_null() const { return node_.IsNull(); }
  bool is_list() const { return node_.IsSequence(); }
  bool is_mapping() const { return node_.IsMap(); }

  /// A scalar as text; not empty.
  std::string text() const;
  /// 1 to 32 letters, digits, - _ or .
  std::string name() const;
  /// A whole number in decimal digits within [low, high].
  std::uint64_t number(std::uint64_t low, std::uint64_t high) const;
  /// Where the word stands in "a|b|c".
  std::size_t choice(std::string_view choices) const;
  /// true or false.
  bool boolean() const;
  /// "60s", "200ms", "1500us", "2m", "1h", within [low, high].
  Duration duration(Duration low, Duration high) const;
  /// "1%", "0.25%", from 0% to 100%: in millionths.
  std::uint32_t share() const;
  /// Permissions in octal digits, 0 to 0777.
  std::uint32_t mode() const;
  /// A unicast MAC address.
  MacAddress mac() const;
  /// An address that a host can have. Where it is link-local it has a zone: the link that it names,
  /// as in "fe80::1%lab", or the only one there is.
  IpAddress address(ZoneNames links) const;
  /// "10.77.0.1/24" or "fd00::1/64" with its host bits, and no zone. A bare address has the full
  /// prefix length, if `bare` allows it.
  Prefix prefix(bool bare) const;
  /// "10.80.0.0/16", a network: no bits behind the prefix.
  Prefix network() const;
  /// "10.77.0.2/24", the address of a host in its network.
  Prefix host() const;
  /// One host(), or "10.77.0.10-10.77.0.40/24" for each from first to last; at most `most`.
  std::vector<Prefix> prefix_range(std::size_t most) const;
  /// The name of an interface of the host.
  std::string interface_name() const;
  /// An absolute path that fits into a socket address.
  std::string socket_path() const;

 private:
  /// A key of this mapping, and what stands behind it.
  Value named(const YAML::Node& key) const;
  Value under(const YAML::Node& key, const YAML::Node& value) const;

  const std::string* file_;
  YAML::Node node_;
  std::string key_;
  YAML::Mark place_;

  friend class Section;
};

class Section {
 public:
  std::optional<Value> find(std::string_view key) const;
  /// Throws when the key is missing.
  Value at(std::string_view key) const;
  bool has(std::string_view key) const { return find(key).has_value(); }

 private:
  friend class Value;
  explicit Section(Value value) : value_(std::move(value)) {}
  Value value_;
};

}  // namespace conker::config
