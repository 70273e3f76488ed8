// The commands status, stats, version, log, reload, schema.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <type_traits>

#include "ctl/command.hpp"
#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

using Align = Table::Align;

std::string links_to_string(const std::vector<Status::Link>& links) {
  Table table({{"LINK"},
               {"DEVICE"},
               {"STATE"},
               {"ADDRESSES"},
               {"MAC"},
               {"MTU", Align::kRight},
               {"IN", Align::kRight},
               {"OUT", Align::kRight},
               {""}});
  for (const Status::Link& link : links) {
    std::string remarks;
    if (link.faults) remarks += "faults set";
    if (link.host_mtu && *link.host_mtu < link.mtu)
      remarks += fmt::format("{}host takes {}", remarks.empty() ? "" : ", ", *link.host_mtu);
    if (link.captured) remarks += remarks.empty() ? "captured" : ", captured";
    const std::string state =
        link.state == "up" ? link.state : link.state + " for " + to_string(link.state_for);
    table.add({link.name, link.device, state, joined(link.addresses), link.mac,
               std::to_string(link.mtu),
               fmt::format("{} ({})", grouped(link.frames_in), bytes_to_string(link.bytes_in)),
               fmt::format("{} ({})", grouped(link.frames_out), bytes_to_string(link.bytes_out)),
               remarks});
  }
  return table.to_string();
}

/// A line for each link with a DHCP client.
std::string leases_to_string(const std::vector<Status::Link>& links) {
  std::string text;
  for (const Status::Link& link : links) {
    if (!link.dhcp) continue;
    const protocol::Lease& lease = *link.dhcp;
    text += fmt::format("DHCP on {}: {}", link.name, lease.state);
    if (lease.address) {
      text += fmt::format(", {} from {}", *lease.address, lease.server.value_or("?"));
      text += lease.expires_s ? " for another " + in_unit(*lease.expires_s, Unit::kSeconds)
                              : " for ever";
    }
    text += "\n";
  }
  return text;
}

std::string routes_to_string(const std::vector<Status::Route>& routes) {
  if (routes.empty()) return "no routes\n";
  Table table(columns_of<Status::Route>());
  for (Status::Route route : routes) {
    if (!route.via) route.via = "neighbours";
    if (!route.link) route.link = "not reached";
    table.add(cells_of(route));
  }
  return table.to_string();
}

std::string doubts_to_string(const std::vector<Status::Doubt>& addresses) {
  std::string text;
  for (const Status::Doubt& one : addresses) {
    text += fmt::format("address {} on {}: {}{}\n", one.address, one.link, one.state,
                        one.conflicting_host ? ", used by " + *one.conflicting_host : "");
  }
  return text;
}

std::string status_to_string(const Status::Result& status) {
  std::string text =
      fmt::format("conkerd {}, up {}, process {}, {}\n\n", status.version, to_string(status.uptime),
                  status.pid, counted(status.control.clients, "client"));
  text += links_to_string(status.links);
  text += doubts_to_string(status.doubtful_addresses);
  if (!status.dns_servers.empty()) {
    text += fmt::format("DNS servers {}\n", joined(status.dns_servers));
  }
  text += leases_to_string(status.links);
  text += "\n" + routes_to_string(status.routes);
  text += "\n" + table_of(status.tables).to_string() + "\n";
  text += status.listeners.empty() ? "no services\n" : table_of(status.listeners).to_string();
  text += "\n" + printed(status.audit);
  for (const protocol::Status::Striking& strike : status.strikes) {
    const StrikeSoFar& so_far = strike.so_far;
    text +=
        fmt::format("strike {} at {}: {} completed, {} failed, for {}\n", strike.id, strike.target,
                    grouped(so_far.completed), grouped(so_far.failed), to_string(so_far.elapsed));
  }
  if (status.capture) {
    text += fmt::format("capture: {}{}\n", counted(status.capture->frames, "frame"),
                        status.capture->error ? ", ended: " + *status.capture->error : "");
  }
  if (status.log.lines_lost != 0) {
    text += fmt::format("log: {} lost: nobody took them\n", counted(status.log.lines_lost, "line"));
  }
  return text;
}

std::string faults_to_string(const FaultCounters& counted) {
  std::string text;
  FaultCounters::visit(counted, [&](std::string_view name, std::uint64_t value, const About&) {
    if (value == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(value), name);
  });
  return text.empty() ? "none" : text;
}

/// A line for each number of a structure.
template <typename T>
std::string counts_to_string(const T& counts) {
  Table table({{"", Align::kRight}, {""}});
  T::visit(counts, [&](std::string_view name, const auto& value, const About&) {
    if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(value)>>)
      table.add({grouped(value), std::string(name)});
  });
  return table.to_string();
}

std::string stats_to_string(const Stats::Result& stats) {
  std::string text = table_of(stats.counters).to_string();
  for (const Stats::Link& link : stats.links) {
    text += fmt::format("\nlink {}, {}\n", link.name, link.device);
    text += counts_to_string(link.counters) +
            "injected faults: " + faults_to_string(link.faults.counted) + "\n";
  }
  text += "\nstrikes since the start\n" + counts_to_string(stats.strikes);
  if (stats.http) text += "\nHTTP server\n" + counts_to_string(*stats.http);
  return text;
}

int version(const Context& context) {
  if (!context.json) print("conkerctl " CONKER_VERSION "\n");
  const auto daemon = context.connect().call<Version>();
  if (context.json) {
    print_json({{"conkerctl", CONKER_VERSION},
                {"conkerd", daemon->version},
                {"protocol", daemon->protocol}});
  } else {
    print(fmt::format("conkerd {}, protocol {}\n", daemon->version, daemon->protocol));
  }
  return kExitDone;
}

int log(const Context& context, const std::string& level) {
  return show(context, context.connect().call<SetLog>({level}), [](const SetLog::Result& result) {
    return fmt::format("logs {}, was {}\n", result.level, result.previous);
  });
}

int reload(const Context& context) {
  return show(context, context.connect().call<Reload>(), [](const Reload::Result& result) {
    if (result.changed.empty()) return fmt::format("{} says what it said before\n", result.file);
    return fmt::format("taken over: {}\n", fmt::join(result.changed, ", "));
  });
}

}  // namespace

void add_status_verbs(CLI::App& app, Context& context) {
  add_verb<Status>(app, context, [&context] {
    return show(context, context.connect().call<Status>(), status_to_string);
  });
  add_verb<Stats>(app, context, [&context] {
    return show(context, context.connect().call<Stats>(), stats_to_string);
  });
  add_verb(app, context, std::string(Version::kName),
           "The versions of this program, of the daemon and of their protocol",
           [&context] { return version(context); });
  add_verb(app, context, std::string(Schema::kName),
           "The control protocol's verbs, parameters and results, as JSON", [&context] {
             const json result = context.connect().call_raw<Schema>();
             print(context.json ? result.dump() + "\n" : result.dump(2) + "\n");
             return static_cast<int>(kExitDone);
           });
  const auto level = std::make_shared<std::string>();
  CLI::App* verb =
      add_verb<SetLog>(app, context, [&context, level] { return log(context, *level); });
  verb->add_option("LEVEL", *level, help_of(&SetLog::Parameters::level))->required()->type_name("");
  add_verb<Reload>(app, context, [&context] { return reload(context); });
}

}  // namespace conker::ctl
