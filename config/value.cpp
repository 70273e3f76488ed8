#include "config/value.hpp"

#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "config/near.hpp"
#include "stack/base/address_text.hpp"
#include "stack/base/field.hpp"

namespace conker::config {
namespace {

template <typename T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || at != end) return std::nullopt;
  return value;
}

constexpr int kNoLength = -1;

/// Parses the length of a prefix of this address; kNoLength when it is none.
int parse_length(std::string_view text, const IpAddress& address) {
  const auto length = parse_number<unsigned>(text);
  return length && *length <= Prefix::most_length(address) ? static_cast<int>(*length) : kNoLength;
}

/// Parses an address without a zone.
std::optional<IpAddress> parse_unzoned(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address && address->zone() == 0 ? address : std::nullopt;
}

/// How many addresses lie between two of the same family; the largest number for more.
std::uint64_t distance(const IpAddress& first, const IpAddress& last) {
  const auto begin = first.halves(), end = last.halves();
  return begin[0] == end[0] ? end[1] - begin[1] : ~std::uint64_t{0};
}

/// The address `by` behind another one with the same 64 bits in front.
IpAddress advanced(const IpAddress& first, std::uint64_t by) {
  const std::uint64_t low = first.halves()[1] + by;
  return IpAddress({first.words()[0], first.words()[1], static_cast<std::uint32_t>(low >> 32),
                    static_cast<std::uint32_t>(low)});
}

std::string to_string(Duration duration) {
  const auto us = duration.count();
  if (us % 3'600'000'000 == 0 && us != 0) return std::to_string(us / 3'600'000'000) + "h";
  if (us % 1'000'000 == 0) return std::to_string(us / 1'000'000) + "s";
  if (us % 1000 == 0) return std::to_string(us / 1000) + "ms";
  return std::to_string(us) + "us";
}

/// Why an address cannot be a host's, in words; null if it can. The stack uses the same
/// names_a_host(), so an address that is accepted here is accepted at the start.
const char* not_a_host(const IpAddress& address) {
  if (names_a_host(address)) return nullptr;
  if (address.is_unspecified()) return "is the unspecified address";
  if (address.is_loopback()) return "is a loopback address";
  if (address.is_multicast()) return "is a multicast address";
  if (address.is_limited_broadcast()) return "is the broadcast address";
  if (address.v4_bits() >> 24 == 0) return "lies in 0.0.0.0/8, which has no hosts";
  return "lies in 240.0.0.0/4, which is reserved";
}

/// As not_a_host(), within a prefix.
const char* not_a_host_of(const Prefix& prefix) {
  if (const char* fault = not_a_host(prefix.address)) return fault;
  if (names_a_host(prefix)) return nullptr;
  if (!prefix.address.is_v4()) return "is the address of any router in its network, not of a host";
  return prefix.broadcast() == prefix.address ? "is the broadcast address of its network"
                                              : "is the network, not a host in it";
}

std::string join(std::span<const std::string_view> words) {
  std::string all;
  for (const auto word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return all;
}

/// What is known in place of a key that is not: the one that was meant, where one is near.
std::string instead_of(std::string_view name, std::span<const std::string_view> known) {
  const std::string near = near_word(name, known);
  return near.empty() ? "known here: " + join(known) : "did you mean " + near + "?";
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

void Value::fail(const std::string& what) const {
  const int line = place_.is_null() ? 1 : place_.line + 1;
  const int column = place_.is_null() ? 1 : place_.column + 1;
  throw ConfigError(*file_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
                    (key_.empty() ? "" : key_ + ": ") + what);
}

Value Value::named(const YAML::Node& key) const {
  return {file_, key, key_.empty() ? key.Scalar() : key_ + "." + key.Scalar()};
}

Value Value::under(const YAML::Node& key, const YAML::Node& value) const {
  return {file_, value, named(key).key_, (value.IsNull() ? key : value).Mark()};
}

std::vector<std::pair<std::string, Value>> Value::entries() const {
  if (!node_.IsMap()) fail("must be a mapping");
  std::set<std::string> seen;
  std::vector<std::pair<std::string, Value>> all;
  for (const auto& entry : node_) {
    const Value key(file_, entry.first, key_);
    if (!entry.first.IsScalar()) key.fail("a key must be a plain word");
    const std::string name = entry.first.Scalar();
    if (!seen.insert(name).second) named(entry.first).fail("given twice");
    all.emplace_back(name, under(entry.first, entry.second));
  }
  return all;
}

Section Value::section(std::span<const std::string_view> allowed) const {
  if (!node_.IsMap()) fail("must be a mapping with keys such as " + std::string(allowed.front()));
  (void)entries();
  for (const auto& entry : node_) {
    const std::string& name = entry.first.Scalar();
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      named(entry.first).fail("unknown key; " + instead_of(name, allowed));
  }
  return Section(*this);
}

std::vector<Value> Value::list() const {
  if (!node_.IsSequence()) fail("must be a list");
  std::vector<Value> values;
  for (std::size_t i = 0; i < node_.size(); ++i) {
    values.emplace_back(file_, node_[i], key_ + "[" + std::to_string(i) + "]");
  }
  return values;
}

std::string Value::text() const {
  if (node_.IsNull()) fail("has no value");
  if (!node_.IsScalar())
    fail(node_.IsMap() ? "must be a single value, not a mapping"
                       : "must be a single value, not a list");
  std::string text = node_.Scalar();
  if (text.empty()) fail("is empty");
  if (text.find('\0') != std::string::npos) fail("contains a NUL character");
  return text;
}

std::string Value::name() const {
  const std::string name = text();
  const bool fits = name.size() <= 32 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) || c == '-' || c == '_' || c == '.';
                    });
  if (!fits) fail(quoted(name) + ": a name has 1 to 32 letters, digits, - _ or .");
  return name;
}

std::uint64_t Value::number(std::uint64_t low, std::uint64_t high) const {
  const std::string word = text();
  const auto value = parse_number<std::uint64_t>(word);
  if (!value || *value < low || *value > high) {
    fail(quoted(word) + " is not a whole number from " + std::to_string(low) + " to " +
         std::to_string(high));
  }
  return *value;
}

std::size_t Value::choice(std::string_view choices) const {
  const std::string word = text();
  if (const auto found = find_choice(choices, word)) return *found;
  std::string known;
  for (std::size_t i = 0; !choice_at(choices, i).empty(); ++i) {
    if (i > 0) known += choice_at(choices, i + 1).empty() ? " or " : ", ";
    known += choice_at(choices, i);
  }
  fail(quoted(word) + " must be " + known);
}

bool Value::boolean() const {
  return choice("true|false") == 0;
}

Duration Value::duration(Duration low, Duration high) const {
  const std::string word = text();
  const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  const auto count = parse_number<std::int64_t>(std::string_view(word).substr(0, digits));
  const std::string_view unit = std::string_view(word).substr(digits);
  const std::int64_t scale = unit == "us"   ? 1
                             : unit == "ms" ? 1000
                             : unit == "s"  ? 1'000'000
                             : unit == "m"  ? 60'000'000
                             : unit == "h"  ? 3'600'000'000
                                            : 0;
  if (!count || scale == 0)
    fail(quoted(word) +
         " is not a duration; write a number and a unit, such as 200ms, 60s, 5m or 1h");
  // The bound is divided instead of the count multiplied: no overflow for any input.
  if (*count > high.count() / scale || Duration(*count * scale) < low) {
    fail(word + " is not between " + to_string(low) + " and " + to_string(high));
  }
  return Duration(*count * scale);
}

std::uint32_t Value::share() const {
  const std::string word = text();
  double percent = 0;
  const char* const end = word.data() + word.size() - 1;  // a text is not empty
  const auto [at, error] = std::from_chars(word.data(), end, percent, std::chars_format::fixed);
  const bool fits =
      error == std::errc() && at == end && *end == '%' && percent >= 0 && percent <= 100;
  if (!fits) fail(quoted(word) + " is not a share from 0% to 100%, such as 1% or 0.25%");
  return static_cast<std::uint32_t>(std::lround(percent * 1e4));
}

std::uint32_t Value::mode() const {
  const std::string word = text();
  const auto value = parse_number<std::uint32_t>(word, 8);
  if (!value || *value > 0777)
    fail(quoted(word) + " is not a file mode; write it in octal, such as 0660");
  return *value;
}

MacAddress Value::mac() const {
  const std::string word = text();
  const auto value = MacAddress::parse(word);
  if (!value) fail(quoted(word) + " is not a MAC address; write it as 02:00:00:00:00:01");
  if (value->is_group()) fail(word + " is a group address; the first byte must be even");
  if (*value == MacAddress{}) fail(word + " is all zeros; choose one such as 02:00:00:00:00:01");
  return *value;
}

IpAddress Value::address(ZoneNames links) const {
  const std::string word = text();
  const std::size_t percent = word.find('%');
  const auto value = links.parse(word);
  if (!value && percent != std::string::npos && IpAddress::parse(word.substr(0, percent)))
    fail("no link is named " + word.substr(percent + 1) + ", or " + word.substr(0, percent) +
         " is not link-local");
  if (!value) fail(quoted(word) + " is not an IP address");
  if (const char* fault = not_a_host(*value)) fail(word + " " + fault);
  if (!value->is_link_local() || value->zone() != 0) return *value;
  if (links.size() != 1)
    fail(word + " is link-local: name its link, too, such as " + word + "%" + links.of(1));
  return value->with_zone(1);
}

Prefix Value::prefix(bool bare) const {
  const std::string word = text();
  const std::size_t slash = word.find('/');
  const auto address = parse_unzoned(std::string_view(word).substr(0, slash));
  int length = kNoLength;
  if (address && slash != std::string::npos)
    length = parse_length(word.substr(slash + 1), *address);
  if (address && slash == std::string::npos && bare) length = Prefix::most_length(*address);
  if (length == kNoLength) {
    fail(quoted(word) +
         " is not an address with its prefix length, such as 10.77.0.2/24 or fd00:77::2/64");
  }
  return Prefix{*address, static_cast<std::uint8_t>(length)};
}

Prefix Value::network() const {
  const Prefix one = prefix(false);
  const IpAddress begin = one.network();
  if (one.address != begin) {
    fail(text() + " is a host in a network, not a network: write " +
         to_string(Prefix{begin, one.length}));
  }
  return one;
}

Prefix Value::host() const {
  const Prefix one = prefix(false);
  if (one.length == 0) {
    fail(text() + ": the prefix length must be 1 to " +
         std::to_string(Prefix::most_length(one.address)));
  }
  if (const char* fault = not_a_host_of(one)) fail(text() + " " + fault);
  return one;
}

std::vector<Prefix> Value::prefix_range(std::size_t most) const {
  const std::string word = text();
  const std::size_t dash = word.find('-');
  if (dash == std::string::npos) return {host()};
  const std::size_t slash = std::min(word.find('/', dash), word.size() - 1);
  const auto first = parse_unzoned(word.substr(0, dash));
  const auto last = parse_unzoned(word.substr(dash + 1, slash - dash - 1));
  const int bits = first ? parse_length(word.substr(slash + 1), *first) : kNoLength;
  if (!first || !last || first->is_v4() != last->is_v4() || bits < 1) {
    fail(quoted(word) + " is not a range of addresses, such as 10.77.0.10-10.77.0.40/24");
  }
  const auto length = static_cast<std::uint8_t>(bits);
  if (*last < *first) fail(word + ": the last address comes before the first");
  if (!Prefix{*first, length}.contains(*last)) fail(word + ": the range leaves its own network");
  const std::uint64_t behind = distance(*first, *last);
  if (behind >= most) {
    fail(word + ": " + (behind < 1'000'000 ? std::to_string(behind + 1) + " " : "these ") +
         "addresses are more than capacities.addresses allows (" + std::to_string(most) + " left)");
  }
  std::vector<Prefix> all;
  for (std::uint64_t i = 0; i <= behind; ++i) {
    const Prefix one{advanced(*first, i), length};
    if (const char* fault = not_a_host_of(one))
      fail(word + ": " + to_string(one.address) + " " + fault);
    all.push_back(one);
  }
  return all;
}

std::string Value::interface_name() const {
  constexpr std::size_t kMost = 15;  // IFNAMSIZ without the NUL
  const std::string name = text();
  const bool fits = name.size() <= kMost && name != "." && name != ".." &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return c > ' ' && c < 127 && c != '/' && c != ':' && c != '%';
                    });
  if (!fits) {
    fail(quoted(name) +
         " cannot be the name of an interface: 1 to 15 characters without space, / or :");
  }
  return name;
}

std::string Value::socket_path() const {
  const std::string path = text();
  if (path.front() != '/') fail(quoted(path) + " must be an absolute path");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    fail("the path is longer than the " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
         " bytes a socket address can hold");
  }
  return path;
}

std::optional<Value> Section::find(std::string_view key) const {
  for (const auto& entry : value_.node_) {
    if (entry.first.Scalar() == key) return value_.under(entry.first, entry.second);
  }
  return std::nullopt;
}

Value Section::at(std::string_view key) const {
  auto value = find(key);
  if (!value) value_.fail("the key " + std::string(key) + " is missing");
  return *value;
}

}  // namespace conker::config
