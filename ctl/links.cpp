// The commands capture and fault.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/evidence.hpp"
#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

int capture_start(const Context& context, const std::string& path, const std::string& link) {
  Client client = context.connect();
  const OwnedFd file = open_capture(path);
  protocol::OfLink parameters;
  if (!link.empty()) parameters.link = link;
  return show(context, client.call<CaptureStart>(parameters, {file.get()}),
              [&](const CaptureStart::Result& result) {
                return fmt::format("capturing {} into {}; end it with `conkerctl capture stop`\n",
                                   joined(result.links), path);
              });
}

int capture_stop(const Context& context) {
  const auto answer = context.connect().call<CaptureStop>();
  show(context, answer, [](const CaptureStop::Result& result) {
    return fmt::format("{}, {} written\n", counted(result.frames, "frame"),
                       bytes_to_string(result.bytes));
  });
  if (!answer->error) return kExitDone;
  std::fprintf(stderr, "conkerctl: the capture had ended early: %s\n", answer->error->c_str());
  return kExitFailed;
}

std::string faults_to_string(const protocol::FaultsOfLinks& result) {
  std::vector<Table::Column> columns{{"LINK"}};
  for (const Table::Column& column : columns_of<FaultSettings>()) columns.push_back(column);
  Table table(columns);
  for (const auto& link : result.links) {
    std::vector<std::string> row{link.name};
    for (std::string& text : cells_of(link.faults.settings)) row.push_back(std::move(text));
    table.add(std::move(row));
  }
  return table.to_string();
}

int fault_set(const Context& context, const std::vector<std::string>& settings) {
  FaultSet::Parameters parameters;
  for (const std::string& setting : settings) parse_fault(setting, parameters);
  return show(context, context.connect().call<FaultSet>(parameters), faults_to_string);
}

}  // namespace

void add_link_verbs(CLI::App& app, Context& context) {
  struct Values {
    std::string file, link;
    std::vector<std::string> settings, links;
  };
  const auto values = std::make_shared<Values>();

  CLI::App* capture =
      add_verb(app, context, "capture", "Write every frame of the links to a pcap file", {});
  capture->require_subcommand(1);
  CLI::App* verb =
      add_verb(*capture, context, "start", "Begin a capture; it goes on until `capture stop`",
               [&context, values] { return capture_start(context, values->file, values->link); });
  verb->add_option("FILE", values->file, "the file to write; what was in it is lost")
      ->required()
      ->type_name("");
  verb->add_option("--link", values->link, help_of(&protocol::OfLink::link))->type_name("NAME");
  add_verb(*capture, context, "stop", CaptureStop::kHelp,
           [&context] { return capture_stop(context); });

  CLI::App* faults = add_verb(app, context, "fault", "Make the links worse on purpose", {});
  faults->require_subcommand(1);
  verb = add_verb(*faults, context, "set", FaultSet::kHelp,
                  [&context, values] { return fault_set(context, values->settings); });
  verb->add_option("KEY=VALUE", values->settings,
                   "loss=1% duplicate=0.5% reorder=1% corrupt=0.1% (of the frames, each way), "
                   "delay=5ms (of every "
                   "frame), seed=7, link=NAME (unless given: all links)")
      ->required()
      ->type_name("");
  add_verb(*faults, context, "clear", FaultClear::kHelp, [&context] {
    return show(context, context.connect().call<FaultClear>(), faults_to_string);
  });
}

}  // namespace conker::ctl
