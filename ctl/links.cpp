// capture and fault.
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "protocol/table.hpp"

namespace conker::ctl {
namespace {

std::string names(const json& links, const char* key) {
  std::string text;
  for (const json& link : links) {
    text += (text.empty() ? "" : ", ") + (key == nullptr ? link : link.at(key)).get<std::string>();
  }
  return text;
}

int capture_start(const Context& context, const std::string& path, const std::string& link) {
  Client client = context.connect();
  // The daemon empties it once it takes the capture: one that is refused must not destroy what is
  // there. Nor may a pipe that nobody reads hold us: the daemon refuses what is no file.
  const OwnedFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644));
  if (!file) {
    throw Failure(kExitFailed, fmt::format("{}: {}", path,
                                           errno == ENXIO ? "a capture needs a regular file"
                                                          : std::strerror(errno)));
  }
  json params = json::object();
  if (!link.empty()) params["link"] = link;
  const json result = client.call_with_descriptor("capture_start", params, file.get());
  if (context.json) {
    print_json(result);
  } else {
    print(fmt::format("capturing {} into {}; end it with `conkerctl capture stop`\n",
                      names(result.at("links"), nullptr), path));
  }
  return kExitDone;
}

int capture_stop(const Context& context) {
  const json result = context.connect().call("capture_stop");
  if (context.json) {
    print_json(result);
  } else {
    print(fmt::format("{} frames, {} written\n", grouped(result.at("frames")),
                      bytes_text(result.at("bytes"))));
  }
  if (result.at("error").is_null()) return kExitDone;
  std::fprintf(stderr, "conkerctl: the capture had ended early: %s\n",
               result.at("error").get<std::string>().c_str());
  return kExitFailed;
}

std::string share_text(const json& millionths) {
  return fmt::format("{:g}%", static_cast<double>(millionths.get<std::int64_t>()) / 10'000);
}

std::string faults_text(const json& links) {
  Table table({{"LINK"}, {"LOSS"}, {"DUPLICATE"}, {"REORDER"}, {"CORRUPT"}, {"DELAY"}, {"SEED"}});
  for (const json& link : links) {
    const json& faults = link.at("faults");
    table.add({link.at("name"), share_text(faults.at("loss")), share_text(faults.at("duplicate")),
               share_text(faults.at("reorder")), share_text(faults.at("corrupt")),
               duration_us(faults.at("delay_us")),
               std::to_string(faults.at("seed").get<std::uint64_t>())});
  }
  return table.text();
}

int fault(const Context& context, const char* verb, const std::vector<std::string>& settings) {
  json params = json::object();
  for (const std::string& setting : settings) parse_fault(setting, params);
  const json result = context.connect().call(verb, params);
  if (context.json) {
    print_json(result);
  } else {
    print(faults_text(result.at("links")));
  }
  return kExitDone;
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
  verb->add_option("--link", values->link, parameter_help("capture_start", "link"))
      ->type_name("NAME");
  add_verb(*capture, context, "stop", verb_help("capture_stop"),
           [&context] { return capture_stop(context); });

  CLI::App* faults = add_verb(app, context, "fault", "Make the links worse on purpose", {});
  faults->require_subcommand(1);
  verb = add_verb(*faults, context, "set", verb_help("fault_set"),
                  [&context, values] { return fault(context, "fault_set", values->settings); });
  verb->add_option("KEY=VALUE", values->settings,
                   "loss=1% duplicate=0.5% reorder=1% corrupt=0.1% (of the frames, each way), "
                   "delay=5ms (of every "
                   "frame), seed=7, link=NAME (unless given: all links)")
      ->required()
      ->type_name("");
  add_verb(*faults, context, "clear", verb_help("fault_clear"),
           [&context] { return fault(context, "fault_clear", {}); });
}

}  // namespace conker::ctl
