// The commands open, close, abort, list, show.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/facts.hpp"
#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

constexpr double kGrace = 0.5;         // seconds
constexpr std::uint32_t kPage = 2000;  // rows

int open(const Context& context, const std::string& remote, const std::string& local) {
  Open::Parameters parameters;
  parameters.remote = check_endpoint(remote);
  if (!local.empty()) parameters.local = check_local(local);
  if (context.timeout) {
    parameters.timeout_ms = std::min<std::int64_t>(seconds_to_ms(*context.timeout), 3'600'000);
  }
  return show(context, context.connect_to_wait(kGrace).call<Open>(parameters),
              [](const Open::Result& result) { return result.id + "\n"; });
}

/// close and abort: tries every id; the first failure decides the exit code.
template <typename V>
int end_all(const Context& context, const char* done_word, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) check_id(id);
  Client client = context.connect();
  json done = json::array();
  json failed = json::array();
  int exit = kExitDone;
  for (const std::string& id : ids) {
    try {
      const Answer<V> answer = client.call<V>({id});
      done.push_back(answer.raw);
      if (!context.json) print(fmt::format("{}  {}\n", id, to_string(answer->state)));
    } catch (const Failure& failure) {
      if (failure.exit() == kExitTimedOut || failure.exit() == kExitNoDaemon) throw;
      if (!context.json) std::fprintf(stderr, "conkerctl: %s\n", failure.what());
      failed.push_back({{"id", id}, {"message", failure.what()}});
      if (exit == kExitDone) exit = failure.exit();
    }
  }
  if (context.json) print_json({{done_word, done}, {"failed", failed}});
  return exit;
}

int list(const Context& context, const std::string& state) {
  List::Parameters parameters;
  parameters.limit = kPage;
  if (!state.empty()) parameters.state = parse_state(state);
  Client client = context.connect();
  List::Result all;
  for (std::optional<std::uint64_t> next = 0; next;) {
    parameters.offset = *next;
    List::Result page = client.call<List>(parameters).value;
    std::ranges::move(page.connections, std::back_inserter(all.connections));
    next = page.next;
  }
  if (!context.json) {
    print(table_of(all.connections).to_string());
    return kExitDone;
  }
  // Connections that begin or end between two pages may be missing or listed twice: count those
  // printed.
  all.total = all.connections.size();
  json whole = protocol::to_json(all);
  whole.erase("next");  // all pages are joined
  print_json(whole);
  return kExitDone;
}

/// Prints all values of a connection, and its last states.
int show_one(const Context& context, const std::string& id) {
  const json shown = context.connect().call_raw<Show>({check_id(id)});
  if (context.json) {
    print_json(shown);
    return kExitDone;
  }
  const auto history = protocol::from_json<Show::History>(shown).history;
  std::string text = facts_to_string<Show::Result>(shown) + "\nlast states\n";
  using Align = Table::Align;
  Table table({{"", Align::kRight}, {""}, {""}});
  for (const Show::Change& change : history) {
    table.add({"  " + duration_ms(change.ago_ms) + " ago",
               fmt::format("{} -> {}", to_string(change.from), to_string(change.to)),
               change.cause});
  }
  print(text + (table.empty() ? "  none recorded any more\n" : table.to_string()));
  return kExitDone;
}

}  // namespace

void add_connection_verbs(CLI::App& app, Context& context) {
  struct Values {
    std::string remote, local, state, id;
    std::vector<std::string> close_ids, abort_ids;
  };
  const auto values = std::make_shared<Values>();

  CLI::App* verb = add_verb<Open>(
      app, context, [&context, values] { return open(context, values->remote, values->local); });
  verb->add_option("HOST:PORT", values->remote, help_of(&Open::Parameters::remote))
      ->required()
      ->type_name("");
  verb->add_option("--local", values->local, help_of(&Open::Parameters::local))
      ->type_name("ADDR[:PORT]");
  add_timeout(*verb, context,
              "how long to wait for the peer: seconds, or a time as 90s (unless given: "
              "tcp.connect_timeout)");

  const std::string id_help = help_of(&protocol::ById::id);
  verb = add_verb<Close>(app, context, [&context, values] {
    return end_all<Close>(context, "closed", values->close_ids);
  });
  verb->add_option("ID", values->close_ids, id_help)->required()->type_name("");

  verb = add_verb<Abort>(app, context, [&context, values] {
    return end_all<Abort>(context, "aborted", values->abort_ids);
  });
  verb->add_option("ID", values->abort_ids, id_help)->required()->type_name("");

  verb = add_verb<List>(app, context, [&context, values] { return list(context, values->state); });
  verb->add_option("--state", values->state, help_of(&List::Parameters::state))->type_name("S");

  verb = add_verb<Show>(app, context, [&context, values] { return show_one(context, values->id); });
  verb->add_option("ID", values->id, id_help)->required()->type_name("");
}

}  // namespace conker::ctl
