#include "daemon/http/site.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "daemon/http/metrics.hpp"
#include "daemon/http/page_parts.hpp"
#include "protocol/json.hpp"

namespace conker::daemon {
namespace {

constexpr std::string_view kScript = "text/javascript; charset=utf-8";

struct Part {
  std::string_view path, type;
  const std::string_view* text;
  HttpAnswer::Keep keep = HttpAnswer::Keep::kAsk;
};

const std::array kParts{
    Part{"/", "text/html; charset=utf-8", &page::kDashboard},
    Part{"/dashboard.css", "text/css; charset=utf-8", &page::kDashboardStyle},
    Part{"/dashboard.js", kScript, &page::kDashboardScript},
    Part{"/lines.js", kScript, &page::kDashboardLines},
    Part{"/style.css", "text/css; charset=utf-8", &page::kStyle},
    Part{"/words.js", kScript, &page::kWords},
    Part{"/chart.js", kScript, &page::kChartJs, HttpAnswer::Keep::kDay},
    Part{"/chart.js.licence", "text/plain; charset=utf-8", &page::kChartJsLicence,
         HttpAnswer::Keep::kDay},
};

/// What the dashboard is told: status, counters without their meanings, strikes.
std::string event_text(const HttpFacts& facts) {
  using protocol::json;
  json counters = json::object();
  for (const protocol::Stats::Counter& counter : facts.stats.counters)
    counters[counter.name] = counter.value;
  json told{{"at", static_cast<std::int64_t>(std::time(nullptr))},
            {"status", protocol::to_json(facts.status)},
            {"counters", std::move(counters)},
            {"links", protocol::to_json(facts.stats.links)},
            {"totals", protocol::to_json(facts.stats.strikes)},
            {"http", protocol::to_json(facts.stats.http)},
            {"strikes", protocol::to_json(facts.strikes.strikes)}};
  return "data: " + told.dump(-1, ' ', false, json::error_handler_t::replace) + "\n\n";
}

}  // namespace

template <typename Make>
const HttpText& Site::make(Made& made, Instant now, Make&& of) {
  if (now - made.at < kAge) return made.text;
  made.at = now;
  made.text = HttpText::of(of(ask_()));
  return made.text;
}

HttpAnswer Site::answer(std::string_view path, Instant now) {
  HttpAnswer answer;
  const auto part = std::ranges::find(kParts, path, &Part::path);
  if (part != kParts.end()) {
    answer.type = part->type;
    answer.content = HttpText(*part->text);
    answer.keep = part->keep;
  } else if (path == "/metrics") {
    answer.type = kMetricsType;
    answer.content = make(metrics_, now, metrics_text);
  } else if (path == "/healthz") {
    answer.content = health(now);
    if (!healthy_) answer.status = 503;
  } else if (path == "/events") {
    answer.type = "text/event-stream";
    answer.content = event(now);
    answer.stream = true;
  } else {
    answer = http_error(404);
  }
  return answer;
}

HttpText Site::event(Instant now) {
  return make(event_, now, event_text);
}

/// "ok" unless the daemon itself is not well; of its links it is a note, since a cable that is not
/// there is not healed by another start.
const HttpText& Site::health(Instant now) {
  return make(health_, now, [this](const HttpFacts& facts) {
    healthy_ = facts.status.audit.balanced();
    std::string text =
        healthy_ ? "ok\n"
                 : "the audit does not balance: " + std::string(facts.status.audit.fault) +
                       ": report it, with the output of conkerctl status\n";
    for (const protocol::Status::Link& link : facts.status.links) {
      if (link.state != "up") text += "link " + link.name + ": " + link.state + "\n";
    }
    return text;
  });
}

}  // namespace conker::daemon
