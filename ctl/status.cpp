// status, stats, version, log, schema.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "protocol/table.hpp"

namespace conker::ctl {
namespace {

using Align = Table::Align;

std::string count(const json& value) {
  return grouped(value.get<std::uint64_t>());
}

std::string joined(const json& list) {
  std::string text;
  for (const json& entry : list) text += (text.empty() ? "" : ", ") + entry.get<std::string>();
  return text.empty() ? "none" : text;
}

std::string links_text(const json& links) {
  Table table({{"LINK"},
               {"DEVICE"},
               {"STATE"},
               {"ADDRESSES"},
               {"MAC"},
               {"MTU", Align::kRight},
               {"IN", Align::kRight},
               {"OUT", Align::kRight},
               {""}});
  for (const json& link : links) {
    std::string remarks;
    if (link.at("faults") == true) remarks += "faults set";
    if (link.at("captured") == true) remarks += remarks.empty() ? "captured" : ", captured";
    std::string state = link.at("state");
    if (state != "up") state += " for " + duration_text(link.at("state_s"));
    table.add(
        {link.at("name"), link.at("device"), state, joined(link.at("addresses")), link.at("mac"),
         std::to_string(link.at("mtu").get<int>()),
         fmt::format("{} ({})", count(link.at("frames_in")), bytes_text(link.at("bytes_in"))),
         fmt::format("{} ({})", count(link.at("frames_out")), bytes_text(link.at("bytes_out"))),
         remarks});
  }
  return table.text();
}

/// A line for each link whose address a server gives.
std::string leases_text(const json& links) {
  std::string text;
  for (const json& link : links) {
    const json& dhcp = link.at("dhcp");
    if (dhcp.is_null()) continue;
    text += fmt::format("DHCP on {}: {}", link.at("name").get<std::string>(),
                        dhcp.at("state").get<std::string>());
    if (!dhcp.at("address").is_null()) {
      text += fmt::format(", {} from {}", dhcp.at("address").get<std::string>(),
                          dhcp.at("server").get<std::string>());
      text += dhcp.at("expires_s").is_null()
                  ? " for ever"
                  : fmt::format(" for another {}", duration_text(dhcp.at("expires_s")));
    }
    text += "\n";
  }
  return text;
}

std::string routes_text(const json& routes) {
  Table table({{"TO"}, {"VIA"}, {"LINK"}});
  for (const json& route : routes) {
    const json& via = route.at("via");
    const json& link = route.at("link");
    table.add({route.at("to"), via.is_null() ? "neighbours" : via.get<std::string>(),
               link.is_null() ? "not reached" : link.get<std::string>()});
  }
  return table.empty() ? "no routes\n" : table.text();
}

std::string doubts_text(const json& addresses) {
  std::string text;
  for (const json& address : addresses) {
    const json& rival = address.at("rival");
    text +=
        fmt::format("address {} on {}: {}{}\n", address.at("address").get<std::string>(),
                    address.at("link").get<std::string>(), address.at("state").get<std::string>(),
                    rival.is_null() ? "" : ", used by " + rival.get<std::string>());
  }
  return text;
}

std::string books_text(const json& books) {
  return fmt::format(
      "books  {} opened = {} closed + {} reset + {} aborted + {} timed out + {} refused + {} other "
      "+ {} "
      "live: {}\n",
      count(books.at("opened")), count(books.at("closed")), count(books.at("reset")),
      count(books.at("aborted")), count(books.at("timed_out")), count(books.at("refused")),
      count(books.at("other")), count(books.at("live")),
      books.at("balanced") == true ? "balanced"
                                   : "NOT BALANCED: " + books.at("fault").get<std::string>());
}

std::string status_text(const json& status) {
  const json& control = status.at("control");
  std::string text =
      fmt::format("conkerd {}, up {}, process {}, {} clients\n\n",
                  status.at("version").get<std::string>(), duration_text(status.at("uptime_s")),
                  status.at("pid").get<int>(), control.at("clients").get<int>());
  text += links_text(status.at("links"));
  text += doubts_text(status.at("doubtful_addresses"));
  if (!status.at("dns_servers").empty())
    text += fmt::format("DNS servers {}\n", joined(status.at("dns_servers")));
  text += leases_text(status.at("links"));
  text += "\n" + routes_text(status.at("routes"));
  Table tables({{"TABLE"}, {"USED", Align::kRight}, {"CAPACITY", Align::kRight}});
  for (const json& table : status.at("tables")) {
    tables.add({table.at("name"), count(table.at("used")), count(table.at("capacity"))});
  }
  text += "\n" + tables.text() + "\n";
  Table listeners(
      {{"PORT", Align::kRight}, {"", Align::kLeft}, {"SERVICE"}, {"ACCEPTED", Align::kRight}});
  for (const json& listener : status.at("listeners")) {
    listeners.add({std::to_string(listener.at("port").get<int>()), listener.at("protocol"),
                   listener.at("service"), count(listener.at("accepted"))});
  }
  text += listeners.empty() ? "no services\n" : listeners.text();
  text += "\n" + books_text(status.at("books"));
  if (const json& strike = status.at("strike"); !strike.is_null()) {
    text += fmt::format("strike at {}: {} completed, {} failed, for {}\n",
                        strike.at("target").get<std::string>(), count(strike.at("completed")),
                        count(strike.at("failed")), duration_text(strike.at("elapsed_s")));
  }
  if (const json& capture = status.at("capture"); !capture.is_null()) {
    text += fmt::format(
        "capture: {} frames{}\n", count(capture.at("frames")),
        capture.at("error").is_null() ? "" : ", ended: " + capture.at("error").get<std::string>());
  }
  if (const json& lost = status.at("log").at("lines_lost"); lost != 0) {
    text += fmt::format("log: {} lines lost: nobody took them\n", count(lost));
  }
  return text;
}

std::string faults_text(const json& counted) {
  std::string text;
  for (const auto& [name, value] : counted.items()) {
    if (value != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count(value), name);
  }
  return text.empty() ? "none" : text;
}

std::string stats_text(const json& stats) {
  Table counters({{"VALUE", Align::kRight}, {"COUNTER"}, {"MEANING"}});
  for (const json& counter : stats.at("counters")) {
    counters.add({count(counter.at("value")), counter.at("name"), counter.at("meaning")});
  }
  std::string text = counters.text();
  for (const json& link : stats.at("links")) {
    text += fmt::format("\nlink {}, {}\n", link.at("name").get<std::string>(),
                        link.at("device").get<std::string>());
    Table table({{"", Align::kRight}, {""}});
    for (const auto& [name, value] : link.at("counters").items()) table.add({count(value), name});
    text +=
        table.text() + "injected faults: " + faults_text(link.at("faults").at("counted")) + "\n";
  }
  return text;
}

int show(const Context& context, const char* verb, std::string (*text)(const json&)) {
  const json result = context.connect().call(verb);
  if (context.json) {
    print_json(result);
  } else {
    print(text(result));
  }
  return kExitDone;
}

int version(const Context& context) {
  if (!context.json) print("conkerctl " CONKER_VERSION "\n");
  const json result = context.connect().call("version");
  if (context.json) {
    print_json({{"conkerctl", CONKER_VERSION},
                {"conkerd", result.at("version")},
                {"protocol", result.at("protocol")}});
  } else {
    print(fmt::format("conkerd {}, protocol {}\n", result.at("version").get<std::string>(),
                      result.at("protocol").get<int>()));
  }
  return kExitDone;
}

int log(const Context& context, const std::string& level) {
  const json result = context.connect().call("log", {{"level", level}});
  if (context.json) {
    print_json(result);
  } else {
    print(fmt::format("logs {}, was {}\n", result.at("level").get<std::string>(),
                      result.at("previous").get<std::string>()));
  }
  return kExitDone;
}

}  // namespace

void add_status_verbs(CLI::App& app, Context& context) {
  add_verb(app, context, "status", verb_help("status"),
           [&context] { return show(context, "status", status_text); });
  add_verb(app, context, "stats", verb_help("stats"),
           [&context] { return show(context, "stats", stats_text); });
  add_verb(app, context, "version",
           "The versions of this program, of the daemon and of their protocol",
           [&context] { return version(context); });
  add_verb(app, context, "schema", "The control protocol's verbs, parameters and results, as JSON",
           [&context] {
             const json result = context.connect().call("schema");
             print(context.json ? result.dump() + "\n" : result.dump(2) + "\n");
             return static_cast<int>(kExitDone);
           });
  const auto level = std::make_shared<std::string>();
  CLI::App* verb = add_verb(app, context, "log", verb_help("log"),
                            [&context, level] { return log(context, *level); });
  verb->add_option("LEVEL", *level, parameter_help("log", "level"))->required()->type_name("");
}

}  // namespace conker::ctl
