#include "ctl/page_data.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "ctl/format.hpp"
#include "ctl/page_charts.hpp"
#include "ctl/strike_report.hpp"
#include "ctl/watch_report.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::ctl {
namespace {

using json = protocol::json;
using protocol::StrikeTimeline;

// ---- Frames ----

/// "SYN ACK".
std::string flag_names(std::uint8_t flags) {
  constexpr std::pair<std::uint8_t, std::string_view> kNames[] = {
      {TcpFlags::kSyn, "SYN"}, {TcpFlags::kFin, "FIN"}, {TcpFlags::kRst, "RST"},
      {TcpFlags::kPsh, "PSH"}, {TcpFlags::kUrg, "URG"}, {TcpFlags::kEce, "ECE"},
      {TcpFlags::kCwr, "CWR"}, {TcpFlags::kAck, "ACK"}};
  std::string names;
  for (const auto& [flag, name] : kNames)
    if ((flags & flag) != 0) names += fmt::format("{}{}", names.empty() ? "" : " ", name);
  return names.empty() ? "no flags" : names;
}

json json_of(const ShownFrame& frame) {
  json made = {{"at_us", frame.at_us},
               {"ours", frame.direction == Direction::kOut},
               {"peer_port", frame.peer_port.value},
               {"comments", frame.comments}};
  if (!frame.malformed.empty()) {
    made["malformed"] = frame.malformed;
    return made;
  }
  const bool acks = (frame.flags & TcpFlags::kAck) != 0;
  made["flags"] = flag_names(frame.flags);
  made["first"] = frame.first;
  made["sequence"] = frame.sequence;
  made["acked"] = acks ? json(frame.acked) : json(nullptr);
  made["acknowledgment"] = acks ? json(frame.acknowledgment) : json(nullptr);
  made["length"] = frame.length;
  made["payload"] = frame.payload;
  made["window"] = frame.window;
  made["options"] = frame.options;
  return made;
}

json json_of(const FindingFrames& finding) {
  json frames = json::array();
  for (const ShownFrame& frame : finding.frames) frames.push_back(json_of(frame));
  return {{"rule", finding.rule},
          {"ours", to_string(finding.ours)},
          {"peer", to_string(finding.peer)},
          {"broken", finding.broken},
          {"left_out", finding.left_out},
          {"after", finding.after},
          {"frames", std::move(frames)}};
}

// ---- Charts ----

json json_of(const Chart& chart) {
  json lines = json::array();
  for (const Chart::Line& line : chart.lines) {
    json points = json::array();
    for (const ChartPoint& point : line.points) points.push_back({point.x, point.y});
    lines.push_back({{"name", line.name}, {"points", std::move(points)}});
  }
  return {{"title", chart.title},
          {"about", chart.about},
          {"along", protocol::name_of(chart.along)},
          {"of", protocol::name_of(chart.of)},
          {"lines", std::move(lines)}};
}

// ---- Tables ----

json json_of(const std::vector<StrikeTimeline::Failure>& failures) {
  json list = json::array();
  for (const StrikeTimeline::Failure& failure : failures) {
    list.push_back({{"phase", protocol::name_of(failure.phase)},
                    {"text", to_string(failure.name)},
                    {"count", failure.count}});
  }
  return list;
}

json json_of(const std::vector<StrikeTimeline::Way>& ways) {
  json list = json::array();
  for (const StrikeTimeline::Way& way : ways) {
    list.push_back({{"name", protocol::name_of(way.name)},
                    {"begun", way.begun},
                    {"completed", way.completed},
                    {"failed", way.failed},
                    {"failures", json_of(way.failures)}});
  }
  return list;
}

/// Each member with its value in words; what was not given has what holds then.
template <typename T>
json settings_of(const T& settings) {
  json list = json::array();
  T::visit(settings, [&]<typename M>(std::string_view name, const M& value, const About& about) {
    std::string text = cell(value, about.unit);
    if (text == "-" && !about.fallback.empty()) text = about.fallback;
    list.push_back({{"name", name}, {"value", text}, {"help", about.help}});
  });
  return list;
}

}  // namespace

json page_data(const ReportContent& content) {
  const protocol::Strike::Result& result = content.result;
  json data = {{"program", "conkerctl " CONKER_VERSION},
               {"verdict", in_capitals(result.verdict)},
               {"text", content.text},
               {"evidence", content.evidence},
               {"journal", content.journal}};
  json told = protocol::to_json(result);
  told.erase("seconds");
  told["ways"] = json_of(result.timeline.ways);
  told["failures"] = json_of(result.timeline.failures);
  for (const protocol::Strike::Finding& finding : watch_findings(content.watches))
    told["findings"].insert(told["findings"].begin(), protocol::to_json(finding));
  data["result"] = std::move(told);
  data["rows"] = {{"number", result.timeline.seconds.size()},
                  {"width_us", result.timeline.row_width.count()}};
  data["frames"] = json::array();
  for (const FindingFrames& finding : content.frames) data["frames"].push_back(json_of(finding));
  data["charts"] = json::array();
  for (const Chart& chart : charts_of(result.summary, result.timeline))
    data["charts"].push_back(json_of(chart));
  data["monitors"] = protocol::to_json(content.monitors);
  data["watches"] = protocol::to_json(content.watches);
  data["asked"] = result.begin ? settings_of(result.begin->parameters) : json::array();
  const bool faulty = result.begin && result.begin->faults && result.begin->faults->any();
  data["faults"] = faulty ? settings_of(*result.begin->faults) : json::array();
  return data;
}

}  // namespace conker::ctl
