// Values of the stack as text in messages, on a host.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "stack/base/address.hpp"
#include "stack/base/address_text.hpp"
#include "stack/base/zone_names.hpp"
#include "stack/strike/summary.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

namespace detail {
/// The whole of `text` as a decimal number without a sign.
template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text[0] == '-' || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}
}  // namespace detail

/// "3.1".
inline std::string to_string(ConnectionId id) {
  return std::to_string(id.slot) + "." + std::to_string(id.generation);
}

/// Into a string.
class StringPrinter final : public Printer {
 public:
  void write(std::string_view text) override { text_ += text; }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

/// "1 frame", "12,345 frames".
inline std::string counted(std::uint64_t number, std::string_view what) {
  StringPrinter out;
  out << number << " " << what << (number == 1 ? "" : "s");
  return std::move(out).text();
}

/// The output of print() as a string, for verdicts and summaries.
template <typename T>
std::string printed(const T& value) {
  StringPrinter out;
  print(out, value);
  return std::move(out).text();
}
inline std::string to_string(const StrikeOutcome& verdict) {
  return printed(verdict);
}

/// "fin", or "fin=60,rst=20".
inline std::string to_string(const Mix& mix) {
  std::string text;
  for (std::size_t i = 0; i < kWaysToClose; ++i) {
    if (mix.weights[i] == 0) continue;
    text += (text.empty() ? "" : ",") + std::string(choice_at(choices_of(WayToClose{}), i));
    if (!mix.sole()) text += "=" + std::to_string(mix.weights[i]);
  }
  return text;
}

/// "3.1": two decimal numbers of 32 bits and nothing else.
inline std::optional<ConnectionId> parse_id(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto slot = detail::whole_number<std::uint32_t>(text.substr(0, dot));
  const auto generation = detail::whole_number<std::uint32_t>(text.substr(dot + 1));
  if (!slot || !generation) return std::nullopt;
  return ConnectionId{*slot, *generation};
}

/// "10.77.0.2" or "fe80::1%lan", by the zone names of this process.
inline std::optional<IpAddress> parse_address(std::string_view text) {
  return ZoneNames::of_process().parse(text);
}

/// "10.77.0.2" or "10.77.0.2:4000", "fd00::2" or "[fd00::2]:4000"; without a port it is 0.
inline std::optional<Endpoint> parse_local(std::string_view text) {
  if (const auto address = parse_address(text)) return Endpoint{*address, Port{}};
  return ZoneNames::of_process().parse_endpoint(text);
}

// Parsing of texts for protocol::read(); false when they are malformed.

inline bool from_string(std::string_view text, Endpoint& out) {
  const auto parsed = ZoneNames::of_process().parse_endpoint(text);
  if (parsed) out = *parsed;
  return parsed.has_value();
}

inline constexpr std::uint16_t kMaxWeight = 10'000;
/// "fin=60,rst=20": names of ways to close with weights from 1 to kMaxWeight, no name twice. A
/// name without a weight weighs 1.
inline bool from_string(std::string_view text, Mix& out) {
  Mix mix;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    const std::string_view part = text.substr(0, comma);
    if (more) text.remove_prefix(comma + 1);
    const std::size_t equals = part.find('=');
    const auto way = find_choice(choices_of(WayToClose{}), part.substr(0, equals));
    const auto weight = equals == std::string_view::npos
                            ? std::optional<std::uint16_t>(1)
                            : detail::whole_number<std::uint16_t>(part.substr(equals + 1));
    if (!way || !weight || *weight == 0 || *weight > kMaxWeight || mix.weights[*way] != 0)
      return false;
    mix.weights[*way] = *weight;
  }
  out = mix;
  return true;
}

}  // namespace conker
