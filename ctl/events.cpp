// The command watch.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"

namespace conker::ctl {
namespace {

template <typename T>
std::string after(std::string_view words, const std::optional<T>& value) {
  return value ? fmt::format("{}{}", words, *value) : std::string();
}

// ---- What an event says, in one line ----

std::string words(const protocol::ConnectionEvent& event) {
  std::string line = fmt::format("{} {}", event.id, protocol::name_of(event.what));
  if (event.local && event.remote) {
    line += fmt::format("  {} {} {}", *event.local, event.passive ? "<-" : "->", *event.remote);
  }
  line += after("  by ", event.owner);
  if (event.reason) line += fmt::format(": {}", *event.reason);
  if (event.age && event.what != protocol::ConnectionEvent::What::kOpened)
    line += fmt::format(", after {}", to_string(*event.age));
  return line;
}

std::string words(const protocol::LinkEvent& event) {
  return fmt::format("{} {}: {}", event.link, event.state, event.text);
}

std::string words(const protocol::AddressEvent& event) {
  return fmt::format("{} {} on link {}{}{}", event.address, protocol::name_of(event.what),
                     event.link, after(", by ", event.host),
                     event.lease_s ? ", for " + duration_ms(*event.lease_s * 1000) : "");
}

std::string words(const protocol::StrikeEvent& event) {
  std::string line =
      fmt::format("{} {}: {}", event.id, protocol::name_of(event.what), event.target);
  if (event.verdict)
    line += fmt::format(", {}, {}", counted(event.cycles, "cycle"), *event.verdict);
  return line + after(": ", event.why);
}

std::string words(const protocol::FindingEvent& event) {
  return fmt::format("{} {} ({}): {}; strike {} of {}, cycle {}{}", event.severity, event.rule,
                     event.section, event.text, event.strike, event.target, event.cycle,
                     event.because.empty() ? "" : "; inconclusive: " + event.because);
}

std::string words(const protocol::ConfigurationEvent& event) {
  return fmt::format("{}: {}", protocol::name_of(event.what), event.text);
}

/// The line of an event whose kind this conkerctl knows; else its fields as they are.
template <std::size_t I = 0>
std::string line_of(std::string_view kind, const json& params) {
  if constexpr (I == std::variant_size_v<protocol::AnyEvent>) {
    if (kind != protocol::DroppedEvents::kKind) return params.dump();
    const auto dropped = protocol::from_json<protocol::DroppedEvents>(params);
    return fmt::format("{} events: there were too many, or they were not read in time",
                       grouped(dropped.count));
  } else {
    using Event = std::variant_alternative_t<I, protocol::AnyEvent>;
    if (kind != protocol::name_of(Event::kKind)) return line_of<I + 1>(kind, params);
    return words(protocol::from_json<Event>(params));
  }
}

void print_event(const Context& context, const json& params) {
  if (context.json) return print_json(params);
  const auto head = protocol::from_json<protocol::EventHead>(params);
  // "2026-11-30T19:33:27.123456Z"
  const std::string_view time = std::string_view(head.time).substr(0, 23);
  print(fmt::format("{}  {:<13}  {}\n", time.substr(time.find('T') + 1), head.kind,
                    line_of(head.kind, params)));
}

int watch(const Context& context, const Watch::Parameters& parameters) {
  Client client = context.connect_to_wait();
  catch_interrupt();
  const int id = client.send<Watch>(parameters);
  while (!interrupted()) {
    const auto message = client.receive(std::nullopt);
    if (!message) continue;
    if (Client::result_in(*message, id)) return kExitDone;
    if (message->body.value("method", std::string()) == protocol::kEvent)
      print_event(context, message->body.at("params"));
    const auto watching = Client::notification<Watching>(*message);
    if (watching && !context.json)
      std::fprintf(stderr, "conkerctl: watching %s; times are UTC\n", watching->kinds.c_str());
  }
  return kExitDone;
}

}  // namespace

void add_watch_verb(CLI::App& app, Context& context) {
  struct Values {
    std::vector<std::string> kinds;
    Watch::Parameters parameters;
  };
  const auto values = std::make_shared<Values>();
  CLI::App* verb = add_verb<Watch>(app, context, [&context, values] {
    for (const std::string& kind : values->kinds)
      values->parameters.kinds += (values->parameters.kinds.empty() ? "" : ",") + kind;
    return watch(context, values->parameters);
  });
  verb->add_option("KIND", values->kinds,
                   "which events: connection, link, address, strike, finding, configuration "
                   "(unless given: all)")
      ->type_name("");
  verb->add_option("-c", values->parameters.count, help_of(&Watch::Parameters::count))
      ->type_name("N");
}

}  // namespace conker::ctl
