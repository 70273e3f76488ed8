// The commands of strikes that are under way or kept by the daemon: strike list, status, attach,
// stop and report; and strike --detach, which begins one.
#include "ctl/strikes.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "ctl/facts.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/journal.hpp"
#include "ctl/progress_line.hpp"
#include "ctl/report_files.hpp"
#include "ctl/strike_parts.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/strike_show.hpp"

namespace conker::ctl {
namespace {

using protocol::StrikeAttach;
using protocol::StrikeEntry;
using protocol::StrikeFile;
using protocol::StrikeList;
using protocol::StrikeStart;
using protocol::StrikeStop;

std::string rate_of(const StrikeEntry& entry) {
  return rounded(entry.cycles_per_second) + "/s";
}

int list_strikes(const Context& context) {
  const auto answer = context.connect().call<StrikeList>();
  return show(context, answer, [](const StrikeList::Result& result) -> std::string {
    if (result.strikes.empty()) {
      return fmt::format(
          "no strike runs, and none is kept in {}: strike HOST:PORT --detach "
          "begins one\n",
          result.directory);
    }
    using Align = Table::Align;
    Table table({{"ID", Align::kRight},
                 {"STATE"},
                 {"TARGET"},
                 {"CYCLES", Align::kRight},
                 {"RATE", Align::kRight},
                 {"FAILED", Align::kRight},
                 {"RULES BROKEN", Align::kRight},
                 {"BEGAN"}});
    for (const StrikeEntry& entry : result.strikes) {
      table.add({std::to_string(entry.id), state_of(entry), entry.target,
                 grouped(entry.so_far.completed), rate_of(entry), grouped(entry.so_far.failed),
                 std::to_string(entry.findings.size()), entry.began});
    }
    return table.to_string();
  });
}

/// A Failure when there is none.
StrikeEntry entry_of(const StrikeList::Result& result, std::uint64_t id) {
  const auto found = std::ranges::find(result.strikes, id, &StrikeEntry::id);
  if (found == result.strikes.end()) {
    throw Failure(kExitFailed,
                  fmt::format("there is no strike {}: `conkerctl strike list` lists them", id));
  }
  return *found;
}

int show_status(const Context& context, std::uint64_t id) {
  const StrikeEntry entry = entry_of(context.connect().call<StrikeList>().value, id);
  const json raw = protocol::to_json(entry);
  if (context.json) {
    print_json(raw);
    return kExitDone;
  }
  std::string text = facts_to_string<StrikeEntry>(raw);
  for (const StrikeEntry::Rule& rule : entry.findings) {
    text += fmt::format("{}: {}, in {} connections, first in cycle {}\n", rule.severity, rule.rule,
                        grouped(rule.count), grouped(rule.cycle));
  }
  print(text);
  return kExitDone;
}

/// Waits for the end of a strike that is not this client's; an interrupt ends the wait alone.
json follow(const Context& context, std::uint64_t id) {
  Client client = context.connect_to_wait();
  const StrikeEntry entry = entry_of(client.call<StrikeList>().value, id);
  catch_interrupt();
  const int call = client.send<StrikeAttach>({id});
  ProgressLine line(entry.cycles_asked, entry.duration_ms);
  for (;;) {
    if (interrupted())
      throw Failure(kExitInconclusive,
                    fmt::format("strike {} goes on without this client: strike attach {} shows it "
                                "again, strike stop {} ends it",
                                id, id, id));
    const auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (auto result = Client::result_in(*message, call))
      return client.understood<StrikeAttach>(std::move(*result)).raw;
    const auto progress = Client::notification<Progress>(*message);
    if (progress && !context.json) line.show(*progress);
  }
}

int attach(const Context& context, std::uint64_t id, const ReportFiles& files) {
  files.begin();
  return show_strike(context, follow(context, id), {}, {}, EvidenceFiles(""), files, "");
}

int stop(const Context& context, std::optional<std::uint64_t> id) {
  return show(context, context.connect().call<StrikeStop>({id}),
              [](const StrikeStop::Result& result) {
                return result.stopping ? "stopping: what is in flight completes or times out\n"
                                       : "it is not running\n";
              });
}

/// The descriptor of a file of a strike, open for reading.
OwnedFd receive_file(Client& client, std::uint64_t id, StrikeFile::File file) {
  const int call = client.send<StrikeFile>({id, file});
  OwnedFd received;
  for (;;) {
    auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (message->descriptor) received = std::move(message->descriptor);
    if (!Client::result_in(*message, call)) continue;
    if (received) return received;
    throw Failure(kExitFailed, "the daemon gave no descriptor of the strike's file");
  }
}

void copy(const OwnedFd& from, int to, const std::string& path) {
  std::array<char, std::size_t{64} * 1024> bytes;
  if (::ftruncate(to, 0) != 0)
    throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  for (;;) {
    const ssize_t n = ::read(from.get(), bytes.data(), bytes.size());
    if (n == 0) return;
    for (ssize_t at = 0; at < n;) {
      const ssize_t written = ::write(to, bytes.data() + at, static_cast<std::size_t>(n - at));
      if (written <= 0)
        throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
      at += written;
    }
    if (n < 0 && errno != EINTR)
      throw Failure(kExitFailed, fmt::format("the strike's evidence: {}", std::strerror(errno)));
  }
}

int report(const Context& context, std::uint64_t id, const std::string& evidence,
           const ReportFiles& files) {
  Client client = context.connect();
  const std::string name = fmt::format("the journal of strike {}", id);
  json result = protocol::to_json(
      result_of(read_journal(receive_file(client, id, StrikeFile::File::kJournal), name)));
  files.begin();
  const EvidenceFiles copied(evidence);
  if (copied.wanted())
    copy(receive_file(client, id, StrikeFile::File::kEvidence), copied.fd(), evidence);
  return show_strike(context, std::move(result), {}, {}, copied, files, "");
}

}  // namespace

std::string state_of(const StrikeEntry& entry) {
  return entry.state == StrikeEntry::State::kEnded && entry.verdict
             ? in_capitals(*entry.verdict)
             : std::string(protocol::name_of(entry.state));
}

int strike_detached(const Context& context, const protocol::Strike::Parameters& parameters) {
  return show(context, context.connect().call<StrikeStart>(parameters),
              [](const StrikeStart::Result& begun) {
                return fmt::format(
                    "strike {} has begun, and goes on without this client\n"
                    "  conkerctl strike status {}    how it goes\n"
                    "  conkerctl strike attach {}    its progress, and its report\n"
                    "  conkerctl strike stop {}      ends it\n"
                    "  conkerctl strike report {}    what it has found so far\n",
                    begun.id, begun.id, begun.id, begun.id, begun.id);
              });
}

void add_strikes_verbs(CLI::App& strike, Context& context) {
  struct Values {
    std::uint64_t id = 0;
    std::optional<std::uint64_t> stopped;
    std::string evidence;
    ReportFiles files;
  };
  const auto values = std::make_shared<Values>();
  const auto of_strike = [&](const char* name, const char* help, auto run) {
    CLI::App* verb = add_verb(strike, context, name, help, run);
    verb->add_option("ID", values->id, "of the strike: strike list tells")
        ->required()
        ->type_name("");
    return verb;
  };
  add_verb(strike, context, "list", "List the strikes that run, and those whose report is kept",
           [&context] { return list_strikes(context); });
  of_strike("status", "Show how a strike goes",
            [&context, values] { return show_status(context, values->id); });
  CLI::App* verb =
      of_strike("attach", "Wait for a strike, and report it; Ctrl-C ends the wait only",
                [&context, values] { return attach(context, values->id, values->files); });
  values->files.add(*verb);
  verb = add_verb(strike, context, "stop", std::string(StrikeStop::kHelp),
                  [&context, values] { return stop(context, values->stopped); });
  verb->add_option("ID", values->stopped, "of the strike (unless given: the only one)")
      ->type_name("");
  verb = of_strike(
      "report", "Report what the journal of a detached strike knows so far",
      [&context, values] { return report(context, values->id, values->evidence, values->files); });
  verb->add_option("--evidence", values->evidence,
                   "copy its evidence to this pcapng file, and write the report beside it")
      ->type_name("FILE");
  values->files.add(*verb);
}

}  // namespace conker::ctl
