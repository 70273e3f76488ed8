#include "config/config.hpp"

#include <algorithm>
#include <array>

namespace conker::config {
namespace {

constexpr std::array<const char*, kServiceKindCount> kServiceNames{"echo", "discard", "daytime",
                                                                   "chargen", "accept-close"};
constexpr std::array<const char*, 4> kLevelNames{"debug", "info", "warning", "error"};

template <typename Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<const char*, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

const char* to_string(ServiceKind kind) {
  return kServiceNames[static_cast<std::size_t>(kind)];
}

std::optional<ServiceKind> parse_service_kind(std::string_view name) {
  return find_name<ServiceKind>(kServiceNames, name);
}

bool runs_over_udp(ServiceKind kind) {
  return kind == ServiceKind::kEcho || kind == ServiceKind::kDiscard;
}

const char* to_string(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view name) {
  return find_name<LogLevel>(kLevelNames, name);
}

bool Strike::allows(const IpAddress& target) const {
  return std::any_of(allow.begin(), allow.end(),
                     [&](const Prefix& prefix) { return prefix.contains(target); });
}

}  // namespace conker::config
