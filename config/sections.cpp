#include "config/sections.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace conker::config {
namespace {

/// "a|b|c" as people write it: "neither a nor b", "none of a, b and c".
std::string none_of(std::string_view choices) {
  const bool two = choice_at(choices, 2).empty();
  std::string text = two ? "neither " : "none of ";
  for (std::size_t i = 0; !choice_at(choices, i).empty(); ++i) {
    const bool last = choice_at(choices, i + 1).empty();
    if (i > 0) text += !last ? ", " : two ? " nor " : " and ";
    text += choice_at(choices, i);
  }
  return text;
}

/// Where the value stands among the choices.
std::size_t choice(const Value& value, std::string_view choices) {
  const std::string word = value.text();
  const auto found = find_choice(choices, word);
  if (!found) value.fail("\"" + word + "\" is " + none_of(choices));
  return *found;
}

template <typename T>
void take(const Value& value, T& out, const About& about) {
  if constexpr (std::is_same_v<T, bool>) {
    out = value.boolean();
  } else if constexpr (std::is_same_v<T, Duration>) {
    out = value.duration(Duration(about.min), Duration(about.max));
  } else if constexpr (std::is_enum_v<T>) {
    out = static_cast<T>(choice(value, about.choices));
  } else {
    out = static_cast<T>(
        value.number(static_cast<std::uint64_t>(about.min), static_cast<std::uint64_t>(about.max)));
  }
}

/// Reads every key of the walk that the section has; what it has not keeps its value.
template <typename Keys>
Section read_keys(const Value& value, Keys keys) {
  std::vector<std::string_view> names;
  Keys::visit(keys, [&](std::string_view name, auto&, const About&) { names.push_back(name); });
  Section section = value.section(names);
  Keys::visit(keys, [&](std::string_view name, auto& out, const About& about) {
    if (const auto found = section.find(name)) take(*found, out, about);
  });
  return section;
}

/// The first of two keys that is there, to complain about both.
[[noreturn]] void fail_pair(const Section& section, std::string_view first,
                            std::string_view second) {
  section.at(section.has(first) ? first : second)
      .fail(std::string(first) + " must not be above " + std::string(second));
}

}  // namespace

Capacities read_capacities(const Value& value) {
  Capacities c;
  read_keys(value, CapacityKeys{c});
  c.compact = c.connections;
  return c;
}

void read_tcp(const Value& value, Config& config) {
  Settings& s = config.settings;
  Duration service_idle{-1};
  const Section section = read_keys(value, TcpKeys{s, config.syn_cookies, service_idle});
  // Services probe their peers also where nothing is said of keepalive; what is said is meant for
  // them, too.
  const Duration unless_said = config.service_keepalive.idle;
  config.service_keepalive = s.keepalive;
  if (!section.has("keepalive_idle")) config.service_keepalive.idle = unless_said;
  if (service_idle >= Duration(0)) config.service_keepalive.idle = service_idle;

  if (s.user_timeout_least > s.user_timeout_most)
    fail_pair(section, "user_timeout_least", "user_timeout_most");
  if (s.rto_min > s.rto_max) fail_pair(section, "rto_min", "rto_max");
  if (s.rto_initial < s.rto_min || s.rto_initial > s.rto_max)
    value.fail("rto_initial must lie between rto_min and rto_max");
  if (s.first_port > s.last_port) fail_pair(section, "first_port", "last_port");
}

void read_ip(const Value& value, Config& config) {
  read_keys(value, IpKeys{config.settings, config.reassembly});
}

}  // namespace conker::config
