#include "ctl/args.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "ctl/error.hpp"

namespace conker::ctl {
namespace {

[[noreturn]] void usage(const std::string& message) {
  throw Failure(kExitUsage, message);
}

/// The whole of `text` as a decimal number without a sign.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A decimal number and what follows it.
std::optional<double> decimal(std::string_view text, std::string_view& rest) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool is_address(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

/// Whether it could be the name of a host (RFC 1123, 2.1); the daemon looks more closely. What ends
/// in a number is an address, and a wrong one.
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

void check_port(const std::string& whole, std::string_view port) {
  const auto value = whole_number(port);
  if (!value || *value == 0 || *value > 65535) {
    usage(fmt::format("{}: the port must be a number from 1 to 65535", whole));
  }
}

}  // namespace

std::string check_host(const std::string& text) {
  if (!is_address(text) && !is_name(text)) {
    usage(fmt::format("{}: give an IPv4 address or a name", text));
  }
  return text;
}

std::string check_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos)
    usage(fmt::format("{}: the port is missing: write ADDRESS:PORT", text));
  check_host(text.substr(0, colon));
  check_port(text, std::string_view(text).substr(colon + 1));
  return text;
}

std::string check_local(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (!is_address(text.substr(0, colon))) {
    usage(fmt::format("{}: give an IPv4 address of the stack", text));
  }
  if (colon != std::string::npos) check_port(text, std::string_view(text).substr(colon + 1));
  return text;
}

std::string check_id(const std::string& text) {
  const std::size_t dot = text.find('.');
  const std::string_view view = text;
  if (dot == std::string::npos || !whole_number(view.substr(0, dot)) ||
      !whole_number(view.substr(dot + 1))) {
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
  std::string_view unit;
  const auto value = decimal(text, unit);
  const double scale = unit == "us" ? 1 : unit == "ms" ? 1e3 : unit == "s" ? 1e6 : 0;
  if (!value || scale == 0 || *value * scale > 10e6) {
    usage(fmt::format("{}={}: write a time up to 10s, like 200us, 5ms or 1.5s", key, text));
  }
  return std::llround(*value * scale);
}

std::int64_t seconds_to_ms(double seconds) {
  return std::max<std::int64_t>(std::llround(seconds * 1000), 1);
}

void parse_fault(const std::string& text, nlohmann::ordered_json& params) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos) {
    usage(fmt::format("{}: write KEY=VALUE: loss, duplicate, reorder, corrupt, delay, seed or link",
                      text));
  }
  const std::string value = text.substr(equals + 1);
  if (params.contains(key) || (key == "delay" && params.contains("delay_us"))) {
    usage(fmt::format("{} is given twice", key));
  }
  if (key == "loss" || key == "duplicate" || key == "reorder" || key == "corrupt") {
    params[key] = parse_share(key, value);
  } else if (key == "delay") {
    params["delay_us"] = parse_duration(key, value);
  } else if (key == "seed") {
    const auto seed = whole_number(value);
    if (!seed || *seed > INT64_MAX) usage(fmt::format("seed={}: write a whole number", value));
    params[key] = *seed;
  } else if (key == "link" && !value.empty()) {
    params[key] = value;
  } else {
    usage(fmt::format("{}: the keys are loss, duplicate, reorder, corrupt, delay, seed and link",
                      text));
  }
}

std::string parse_state(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::toupper(c));
  });
  return text;
}

}  // namespace conker::ctl
