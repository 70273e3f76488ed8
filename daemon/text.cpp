#include "daemon/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace conker::daemon {
namespace {

/// The whole of `text` as a decimal number without a sign.
template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '-')
    return {};
  return value;
}

}  // namespace

std::string to_text(ConnectionId id) {
  return fmt::format("{}.{}", id.slot, id.generation);
}

std::string to_text(const IpAddress& address) {
  std::array<char, IpAddress::kTextSize> text;
  return std::string(address.format(text));
}

std::string to_text(const IpAddress& address, Port port) {
  return fmt::format("{}:{}", address.is_unspecified() ? "*" : to_text(address), port.value);
}

std::string to_text(const Prefix& prefix) {
  return fmt::format("{}/{}", to_text(prefix.address), prefix.length);
}

std::string to_text(const Endpoint& endpoint) {
  return to_text(endpoint.address, endpoint.port);
}

std::string to_text(const MacAddress& address) {
  std::array<char, MacAddress::kTextSize> text;
  return std::string(address.format(text));
}

std::string_view to_text(Owner owner) {
  switch (owner) {
    case Owner::kNobody:
      return "nobody";
    case Owner::kService:
      return "service";
    case Owner::kControl:
      return "control";
    case Owner::kStrike:
      return "strike";
    case Owner::kResolver:
      return "resolver";
    case Owner::kDhcp:
      return "dhcp";
  }
  return "nobody";
}

std::optional<ConnectionId> parse_id(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto slot = parse_number<std::uint32_t>(text.substr(0, dot));
  const auto generation = parse_number<std::uint32_t>(text.substr(dot + 1));
  if (!slot || !generation) return std::nullopt;
  return ConnectionId{*slot, *generation};
}

std::optional<Port> parse_port(std::string_view text) {
  const auto port = parse_number<std::uint16_t>(text);
  if (!port || *port == 0) return std::nullopt;
  return Port{*port};
}

std::optional<Endpoint> parse_local(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto address = IpAddress::parse(text.substr(0, colon));
  if (!address) return std::nullopt;
  if (colon == std::string_view::npos) return Endpoint{*address, Port{}};
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  return Endpoint{*address, *port};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return std::nullopt;
  return parse_local(text);
}

nlohmann::ordered_json until(Instant deadline, Instant now) {
  if (deadline == kNever) return nullptr;
  return milliseconds(std::max(deadline - now, Duration(0)));
}

}  // namespace conker::daemon
