#include "config/config.hpp"

#include <algorithm>

namespace conker::config {
namespace {

template <typename Enum>
std::optional<Enum> find_name(std::string_view names, std::string_view name) {
  const auto found = find_choice(names, name);
  return found ? std::optional(static_cast<Enum>(*found)) : std::nullopt;
}

bool any_contains(const std::vector<Prefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.contains(address); });
}

}  // namespace

std::string to_string(ServiceKind kind) {
  return std::string(choice_at(kServiceKinds, static_cast<std::size_t>(kind)));
}

std::optional<ServiceKind> parse_service_kind(std::string_view name) {
  return find_name<ServiceKind>(kServiceKinds, name);
}

bool runs_over_udp(ServiceKind kind) {
  return kind == ServiceKind::kEcho || kind == ServiceKind::kDiscard;
}

std::string to_string(LogLevel level) {
  return std::string(choice_at(kLogLevels, static_cast<std::size_t>(level)));
}

std::optional<LogLevel> parse_log_level(std::string_view name) {
  return find_name<LogLevel>(kLogLevels, name);
}

bool Strike::allows(const IpAddress& target) const {
  return any_contains(allow, target);
}

bool Http::allows(const IpAddress& client) const {
  return any_contains(allow, client);
}

std::string Config::first_of_autoconf() const {
  const auto of =
      std::ranges::find_if(links, [](const Link& link) { return link.autoconf || link.dhcp6; });
  return of == links.end() ? "" : "links." + of->name + ".address";
}

}  // namespace conker::config
