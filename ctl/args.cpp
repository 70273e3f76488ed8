#include "ctl/args.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "ctl/format.hpp"
#include "protocol/text.hpp"

namespace conker::ctl {
namespace {

[[noreturn]] void usage(const std::string& message) {
  throw Failure(kExitUsage, message);
}

/// Parses the whole of `text` as a decimal number without a sign.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Parses a decimal number; `rest` becomes the text behind it.
std::optional<double> decimal(std::string_view text, std::string_view& rest) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return value;
}

struct UnitScale {
  std::string_view unit;
  double scale;
};
/// In microseconds; "m" is a minute, as in the configuration.
constexpr std::array<UnitScale, 8> kTimeUnits{{{"", 1e6},
                                               {"us", 1},
                                               {"ms", 1e3},
                                               {"s", 1e6},
                                               {"m", 60e6},
                                               {"min", 60e6},
                                               {"h", 3600e6},
                                               {"d", 86400e6}}};
/// In bytes.
constexpr std::array<UnitScale, 10> kSizeUnits{{{"", 1},
                                                {"B", 1},
                                                {"k", 1 << 10},
                                                {"K", 1 << 10},
                                                {"KiB", 1 << 10},
                                                {"kB", 1e3},
                                                {"M", 1 << 20},
                                                {"MiB", 1 << 20},
                                                {"MB", 1e6},
                                                {"GiB", 1 << 30}}};

/// A number with one of the units behind it.
std::optional<double> scaled(std::string_view text, std::span<const UnitScale> units) {
  std::string_view rest;
  const auto value = decimal(text, rest);
  const auto unit = std::ranges::find(units, rest, &UnitScale::unit);
  if (!value || unit == units.end()) return std::nullopt;
  return *value * unit->scale;
}

bool ends_with_unit(std::string_view text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.back())) != 0;
}

/// How errors name a value: with its option, where that is known.
std::string given_as(std::string_view option, const std::string& text) {
  return option.empty() ? text : fmt::format("{} {}", option, text);
}

bool is_address(std::string_view text) {
  return parse_address(text).has_value();
}

/// Whether it can be a host name (RFC 1123, 2.1); the daemon checks further. A text whose last
/// label is a number is a malformed address.
bool is_name(std::string_view text) {
  const auto in_name = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !last.empty() && std::all_of(text.begin(), text.end(), in_name) &&
         !std::all_of(last.begin(), last.end(),
                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_host(std::string_view text) {
  return is_address(text) || is_name(text);
}

}  // namespace

std::string check_host(const std::string& text) {
  if (!is_host(text)) usage(fmt::format("{}: give an IP address or a name", text));
  return text;
}

std::string check_endpoint(const std::string& text) {
  const auto parts = HostPort::parse(text);
  if (!parts && text.find(':') == std::string::npos) {
    usage(fmt::format("{}: the port is missing: write ADDRESS:PORT", text));
  }
  if (!parts && text.front() != '[' && text.find(':') != text.rfind(':')) {
    usage(fmt::format("{}: an IPv6 address stands in brackets: write [ADDRESS]:PORT", text));
  }
  if (!parts) {
    usage(fmt::format("{}: write ADDRESS:PORT, the port a number from 1 to 65535", text));
  }
  check_host(std::string(parts->host));
  return text;
}

std::string check_local(const std::string& text) {
  if (!parse_local(text)) {
    usage(fmt::format("{}: give an address of the stack, or ADDRESS:PORT", text));
  }
  return text;
}

std::string check_id(const std::string& text) {
  if (!parse_id(text)) {
    usage(fmt::format("{}: not an id: write it as list prints it, like 3.1", text));
  }
  return text;
}

std::int64_t parse_share(std::string_view key, const std::string& text) {
  std::string_view rest;
  const auto value = decimal(text, rest);
  if (!value || rest != "%" || *value > 100) {
    usage(fmt::format("{}={}: write a share from 0% to 100%, like 1% or 0.25%", key, text));
  }
  return std::llround(*value * 10'000);
}

std::int64_t parse_duration(std::string_view key, const std::string& text) {
  const auto us = scaled(text, kTimeUnits);
  if (!us || !ends_with_unit(text) || *us > 10e6) {
    usage(fmt::format("{}={}: write a time up to 10s, like 200us, 5ms or 1.5s", key, text));
  }
  return std::llround(*us);
}

std::int64_t parse_time_ms(std::string_view option, const std::string& text, std::int64_t least,
                           std::int64_t most) {
  const std::string given = given_as(option, text);
  const auto us = scaled(text, kTimeUnits);
  if (!us) usage(given + ": write a time, like 90s, 50ms, 5min, 8h or 2d");
  const double ms = std::round(*us / 1e3);
  if (ms < static_cast<double>(least) || ms > static_cast<double>(most)) {
    usage(fmt::format("{}: must be from {} to {}", given, duration_ms(least), duration_ms(most)));
  }
  return static_cast<std::int64_t>(ms);
}

std::int64_t parse_size(std::string_view option, const std::string& text, std::int64_t least,
                        std::int64_t most) {
  const std::string given = given_as(option, text);
  const auto bytes = scaled(text, kSizeUnits);
  if (!bytes || *bytes != std::floor(*bytes))
    usage(given + ": write a size in bytes, like 512, 64KiB (or 64k) or 1MiB");
  if (*bytes < static_cast<double>(least) || *bytes > static_cast<double>(most))
    usage(fmt::format("{}: must be from {} to {} bytes", given, least, most));
  return static_cast<std::int64_t>(*bytes);
}

std::int64_t seconds_to_ms(double seconds) {
  return std::max<std::int64_t>(std::llround(seconds * 1000), 1);
}

void parse_fault(const std::string& text, FaultSet::Parameters& parameters) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos) {
    usage(fmt::format("{}: write KEY=VALUE: loss, duplicate, reorder, corrupt, delay, seed or link",
                      text));
  }
  const std::string value = text.substr(equals + 1);
  bool known = false;
  const auto once = [&](std::string_view name, auto& member, auto parsed) {
    if (key != name) return;
    known = true;
    if (member) usage(fmt::format("{} is given twice", key));
    member = parsed();
  };
  for (const auto& [member, name] :
       {std::pair(&parameters.loss, "loss"), std::pair(&parameters.duplicate, "duplicate"),
        std::pair(&parameters.reorder, "reorder"), std::pair(&parameters.corrupt, "corrupt")}) {
    once(name, *member, [&] { return static_cast<std::uint32_t>(parse_share(key, value)); });
  }
  once("delay", parameters.delay_us, [&] { return parse_duration(key, value); });
  once("seed", parameters.seed, [&] {
    const auto seed = whole_number(value);
    if (!seed || *seed > INT64_MAX) usage(fmt::format("seed={}: write a whole number", value));
    return *seed;
  });
  if (!value.empty()) once("link", parameters.link, [&] { return value; });
  if (!known) {
    usage(fmt::format("{}: the keys are loss, duplicate, reorder, corrupt, delay, seed and link",
                      text));
  }
}

State parse_state(const std::string& text) {
  std::string name = text;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::toupper(c));
  });
  const auto state = protocol::choice_named<State>(name);
  if (!state) usage(fmt::format("{}: a state is one of {}", text, choices_of(State{})));
  return *state;
}

}  // namespace conker::ctl
