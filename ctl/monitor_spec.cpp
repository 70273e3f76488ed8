#include "ctl/monitor_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "ctl/args.hpp"
#include "stack/base/address.hpp"

namespace conker::ctl {
namespace {

MonitorSpec http_spec(const std::string& text, std::string_view rest) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string where(rest.substr(0, slash));
  std::string path(rest.substr(slash));
  const auto unfit = [](unsigned char c) { return c <= ' ' || c >= 0x7f; };
  if (std::ranges::any_of(path, unfit)) {
    throw Failure(kExitUsage,
                  "--monitor http://...: the path has a space or another character "
                  "that must be written as %20");
  }
  if (where.find(':') == std::string::npos) where += ":80";
  return {MonitorSpec::Kind::kHttp, text, check_endpoint(where), path.empty() ? "/" : path};
}

}  // namespace

MonitorSpec MonitorSpec::parse(const std::string& text, const std::string& target) {
  const auto rest = [&](std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string();
  };
  if (text == "ping") {
    if (target.empty())
      throw Failure(kExitUsage, "--monitor ping: with --listen give the host, as ping:HOST");
    const auto parts = HostPort::parse(target);
    const std::string host(parts ? parts->host : target);
    return {Kind::kPing, "ping:" + host, host, ""};
  }
  if (const std::string host = rest("ping:"); !host.empty())
    return {Kind::kPing, text, check_host(host), ""};
  if (const std::string where = rest("tcp://"); !where.empty())
    return {Kind::kTcp, text, check_endpoint(where), ""};
  if (const std::string url = rest("http://"); !url.empty()) return http_spec(text, url);
  if (const std::string command = rest("exec:"); !command.empty())
    return {Kind::kExec, text, command, ""};
  throw Failure(kExitUsage, fmt::format("--monitor {}: give ping, ping:HOST, tcp://HOST:PORT, "
                                        "http://HOST:PORT/PATH or exec:COMMAND",
                                        text));
}

}  // namespace conker::ctl
