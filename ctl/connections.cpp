// open, close, abort, list, show.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "protocol/table.hpp"

namespace conker::ctl {
namespace {

constexpr double kGrace = 0.5;  // seconds
constexpr int kPage = 2000;     // rows

/// What stands for a value that is not there.
std::string or_dash(const json& value, const auto& text) {
  return value.is_null() ? "-" : text(value);
}

int open(const Context& context, const std::string& remote, const std::string& local) {
  json params{{"remote", check_endpoint(remote)}};
  if (!local.empty()) params["local"] = check_local(local);
  if (context.timeout)
    params["timeout_ms"] = std::min<std::int64_t>(seconds_to_ms(*context.timeout), 3'600'000);
  const json result = context.connect(kGrace).call("open", params);
  if (context.json) {
    print_json(result);
  } else {
    print(result.at("id").get<std::string>() + "\n");
  }
  return kExitDone;
}

/// close and abort: every id is tried, the first failure decides the exit code.
int end_all(const Context& context, const std::string& verb, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) check_id(id);
  Client client = context.connect();
  json done = json::array();
  json failed = json::array();
  int exit = kExitDone;
  for (const std::string& id : ids) {
    try {
      done.push_back(client.call(verb, {{"id", id}}));
    } catch (const Failure& failure) {
      if (failure.exit() == kExitTimedOut || failure.exit() == kExitNoDaemon) throw;
      if (!context.json) std::fprintf(stderr, "conkerctl: %s\n", failure.what());
      failed.push_back({{"id", id}, {"message", failure.what()}});
      if (exit == kExitDone) exit = failure.exit();
      continue;
    }
    if (!context.json)
      print(fmt::format("{}  {}\n", id, done.back().at("state").get<std::string>()));
  }
  if (context.json)
    print_json({{verb == "close" ? "closed" : "aborted", done}, {"failed", failed}});
  return exit;
}

int list(const Context& context, const std::string& state) {
  json params{{"limit", kPage}};
  if (!state.empty()) params["state"] = parse_state(state);
  Client client = context.connect();
  json rows = json::array();
  for (json next = 0; !next.is_null();) {
    params["offset"] = next;
    json page = client.call("list", params);
    for (json& row : page.at("connections")) rows.push_back(std::move(row));
    next = page.at("next");
  }
  if (context.json) {
    // What comes and goes between two pages is missing or there twice: the count is of what is
    // printed.
    const std::size_t total = rows.size();
    print_json({{"connections", std::move(rows)}, {"total", total}});
    return kExitDone;
  }
  using Align = Table::Align;
  Table table({{"ID"},
               {"STATE"},
               {"LOCAL"},
               {"REMOTE"},
               {"AGE", Align::kRight},
               {"SEND-Q", Align::kRight},
               {"RECV-Q", Align::kRight}});
  const auto text = [](const json& value) { return value.get<std::string>(); };
  const auto size = [](const json& value) { return bytes_text(value.get<std::uint64_t>()); };
  for (const json& row : rows) {
    const json& remaining = row.at("remaining_ms");
    table.add({or_dash(row.at("id"), text), row.at("state"), row.at("local"),
               or_dash(row.at("remote"), text),
               remaining.is_null()
                   ? or_dash(row.at("age_ms"), [](const json& age) { return duration_ms(age); })
                   : duration_ms(remaining) + " left",
               or_dash(row.at("send_queue"), size), or_dash(row.at("receive_queue"), size)});
  }
  print(table.text());
  return kExitDone;
}

std::string timers_text(const json& timers) {
  std::string text;
  for (const auto& [name, ms] : timers.items()) {
    if (!ms.is_null())
      text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", name, duration_ms(ms));
  }
  return text.empty() ? "none" : text;
}

std::string rtt_text(const json& rtt) {
  const std::string rto = "retransmission timeout " + duration_us(rtt.at("rto"));
  if (rtt.at("srtt").is_null()) return "not measured yet, " + rto;
  return fmt::format("{} +- {}, {}", duration_us(rtt.at("srtt")), duration_us(rtt.at("rttvar")),
                     rto);
}

std::string options_text(const json& options) {
  const json& scale = options.at("window_scale");
  std::string text;
  const auto add = [&text](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (!scale.at("send").is_null()) {
    add(fmt::format("window scale {} / {}", scale.at("send").get<int>(),
                    scale.at("receive").get<int>()));
  }
  if (options.at("timestamps") == true) add("timestamps");
  if (options.at("sack") == true) add("SACK");
  if (options.at("ecn") == true) add("ECN");
  return text.empty() ? "none" : text;
}

std::string receiving_text(const json& receiving, std::uint32_t irs) {
  std::string text = fmt::format("window up to {}, segment {}, {} quick ACKs left",
                                 bytes_text(receiving.at("limit").get<std::uint64_t>()),
                                 bytes_text(receiving.at("segment").get<std::uint64_t>()),
                                 receiving.at("quick_acks").get<int>());
  for (const json& block : receiving.at("sack_blocks")) {
    text += fmt::format(", {}-{}", block.at(0).get<std::uint32_t>() - irs,
                        block.at(1).get<std::uint32_t>() - irs);
  }
  return text;
}

/// Before the first loss there is no threshold worth the name (RFC 5681, 3.1).
std::string slow_start_text(const json& threshold) {
  const auto bytes = threshold.get<std::uint64_t>();
  return bytes >= (1u << 30) ? "without limit" : "below " + bytes_text(bytes);
}

std::string show_text(const json& c) {
  const auto size = [](const json& value) { return bytes_text(value.get<std::uint64_t>()); };
  const json& queues = c.at("queues");
  const json& windows = c.at("windows");
  const json& sequence = c.at("sequence");
  std::string text = fmt::format("{}  {}  {} <-> {}\n\n", c.at("id").get<std::string>(),
                                 c.at("state").get<std::string>(), c.at("local").get<std::string>(),
                                 c.at("remote").get<std::string>());
  Table facts({{""}, {""}});
  facts.add({"age", fmt::format("{}, opened by {}, owned by {}", duration_ms(c.at("age_ms")),
                                c.at("opened_by") == "us" ? "us" : "the peer",
                                c.at("owner").get<std::string>())});
  if (!c.at("reason").is_null()) facts.add({"ended", c.at("reason")});
  if (c.at("application_closed") == true) facts.add({"closed", "by our application"});
  facts.add({"queues", fmt::format("send {}, receive {}, out of order {}", size(queues.at("send")),
                                   size(queues.at("receive")), size(queues.at("out_of_order")))});
  facts.add({"bytes", fmt::format("{} sent, {} received", size(c.at("bytes").at("sent")),
                                  size(c.at("bytes").at("received")))});
  const json& causes = c.at("retransmits_by_cause");
  facts.add({"sent again",
             fmt::format("{} segments: {} lost, {} after a timeout, {} as a probe",
                         c.at("retransmits").get<std::uint64_t>(), causes.at("lost").get<int>(),
                         causes.at("timeout").get<int>(), causes.at("probe").get<int>())});
  facts.add({"round trip", rtt_text(c.at("rtt"))});
  facts.add({"timers", timers_text(c.at("timers"))});
  facts.add(
      {"windows", fmt::format("send {}, receive {}, congestion {} ({}), slow start {}, segment {}",
                              size(windows.at("snd_wnd")), size(windows.at("rcv_wnd")),
                              size(windows.at("cwnd")), c.at("congestion").get<std::string>(),
                              slow_start_text(windows.at("ssthresh")), size(windows.at("mss")))});
  if (const json& board = c.at("scoreboard"); !board.is_null()) {
    facts.add({"in flight",
               fmt::format("{} on the way, {} beyond a hole, {} lost{}", size(board.at("pipe")),
                           size(board.at("sacked")), size(board.at("lost")),
                           board.at("recovering") == true ? ", being repaired" : "")});
  }
  facts.add({"options", options_text(c.at("options"))});
  facts.add({"receiving", receiving_text(c.at("receiving"), sequence.at("irs"))});
  if (const json& keepalive = c.at("keepalive"); !keepalive.is_null()) {
    facts.add(
        {"keepalive",
         fmt::format("after {}, every {}, {} of {} unanswered",
                     duration_ms(keepalive.at("idle_ms")), duration_ms(keepalive.at("interval_ms")),
                     keepalive.at("unanswered").get<int>(), keepalive.at("count").get<int>())});
  }
  if (const json& bound = c.at("user_timeout_ms"); !bound.is_null()) {
    facts.add({"user timeout", duration_ms(bound)});
  }
  if (const json& icmp = c.at("last_icmp"); !icmp.is_null()) {
    facts.add({"ICMP", fmt::format("{} says {}", icmp.at("from").get<std::string>(),
                                   icmp.at("text").get<std::string>())});
  }
  std::string numbers;
  for (const char* name : {"iss", "snd_una", "snd_nxt", "irs", "rcv_nxt"}) {
    numbers += fmt::format("{}{} {}", numbers.empty() ? "" : "  ", name,
                           sequence.at(name).get<std::uint32_t>());
  }
  facts.add({"sequence", numbers});
  text += facts.text() + "\nlast states\n";
  using Align = Table::Align;
  Table history({{"", Align::kRight}, {""}, {""}});
  for (const json& change : c.at("history")) {
    history.add({"  " + duration_ms(change.at("ago_ms")) + " ago",
                 change.at("from").get<std::string>() + " -> " + change.at("to").get<std::string>(),
                 change.at("cause")});
  }
  return text + (history.empty() ? "  none recorded any more\n" : history.text());
}

int show(const Context& context, const std::string& id) {
  const json result = context.connect().call("show", {{"id", check_id(id)}});
  if (context.json) {
    print_json(result);
  } else {
    print(show_text(result));
  }
  return kExitDone;
}

}  // namespace

void add_connection_verbs(CLI::App& app, Context& context) {
  struct Values {
    std::string remote, local, state, id;
    std::vector<std::string> close_ids, abort_ids;
  };
  const auto values = std::make_shared<Values>();

  CLI::App* verb = add_verb(app, context, "open", verb_help("open"), [&context, values] {
    return open(context, values->remote, values->local);
  });
  verb->add_option("HOST:PORT", values->remote, parameter_help("open", "remote"))
      ->required()
      ->type_name("");
  verb->add_option("--local", values->local, parameter_help("open", "local"))
      ->type_name("ADDR[:PORT]");
  verb->add_option("--timeout", context.timeout,
                   "seconds to wait for the peer (unless given: tcp.connect_timeout)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 1e6));

  verb = add_verb(app, context, "close", verb_help("close"),
                  [&context, values] { return end_all(context, "close", values->close_ids); });
  verb->add_option("ID", values->close_ids, parameter_help("close", "id"))
      ->required()
      ->type_name("");

  verb = add_verb(app, context, "abort", verb_help("abort"),
                  [&context, values] { return end_all(context, "abort", values->abort_ids); });
  verb->add_option("ID", values->abort_ids, parameter_help("abort", "id"))
      ->required()
      ->type_name("");

  verb = add_verb(app, context, "list", verb_help("list"),
                  [&context, values] { return list(context, values->state); });
  verb->add_option("--state", values->state, parameter_help("list", "state"))->type_name("S");

  verb = add_verb(app, context, "show", verb_help("show"),
                  [&context, values] { return show(context, values->id); });
  verb->add_option("ID", values->id, parameter_help("show", "id"))->required()->type_name("");
}

}  // namespace conker::ctl
