#include "ctl/strike_timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

using Timeline = protocol::StrikeTimeline;

/// A label of 13 columns and its text.
std::string line(std::string_view label, const std::string& text) {
  return fmt::format("{:<13}{}\n", label, text);
}

bool passive(const Timeline& timeline) {
  return timeline.turned_away.has_value();
}

std::string amount(const std::optional<std::uint64_t>& asked, const Timeline& timeline,
                   std::uint64_t begun) {
  std::string text;
  if (asked) {
    text += line("asked for",
                 fmt::format("{} cycles, did {}{}", grouped(*asked), grouped(begun),
                             timeline.missed == 0 ? ""
                                                  : fmt::format(", missed {} of the rate",
                                                                grouped(timeline.missed))));
  }
  if (const auto& due = timeline.connect_due) {
    text +=
        line("since due", fmt::format("half connected within {}, 90% {}, 99% {}, 99.9% {}, "
                                      "longest {}; missed ones waited at least so long",
                                      to_string(Duration(due->p50)), to_string(Duration(due->p90)),
                                      to_string(Duration(due->p99)), to_string(Duration(due->p999)),
                                      to_string(Duration(due->max))));
  }
  std::string in_flight = fmt::format("{} cycles at most, {:.1f} on average",
                                      grouped(timeline.in_flight.max), timeline.in_flight.mean);
  if (!passive(timeline))
    in_flight += fmt::format("; {} in SYN-SENT at most", grouped(timeline.in_flight.opening));
  text += line("in flight", in_flight);
  if (timeline.turned_away.value_or(0) != 0) {
    text += line("turned away", grouped(*timeline.turned_away) +
                                    " connections of peers that strike.allow does not name");
  }
  if (timeline.open_failed != 0) {
    text += line("not opened",
                 grouped(timeline.open_failed) + " times by our own stack, and tried again");
  }
  if (const auto& reopened = timeline.reopened) {
    text +=
        line("reopened", fmt::format("{} four-tuples, {} of them kept in TIME-WAIT by the target",
                                     grouped(reopened->begun), grouped(reopened->kept)));
  }
  if (const auto& unfinished = timeline.unfinished) {
    text +=
        line("unfinished", fmt::format("{} handshakes, whose SYN-ACKs came again {} times",
                                       grouped(unfinished->left), grouped(unfinished->repeated)));
  }
  return text;
}

std::string ways(const std::vector<Timeline::Way>& ways) {
  if (ways.size() < 2) return "";
  std::string text;
  for (const Timeline::Way& way : ways) {
    std::string failed;
    for (const Timeline::Failure& failure : way.failures)
      failed += fmt::format("{} {} {}", failed.empty() ? ":" : ",", grouped(failure.count),
                            to_string(failure.name));
    text +=
        line(text.empty() ? "ways" : "",
             fmt::format("{:<16} {} completed of {}, {} failed{}", protocol::name_of(way.name),
                         grouped(way.completed), grouped(way.begun), grouped(way.failed), failed));
  }
  return text;
}

/// "longest 333 cycles in 2.0 s, from 530 ms on".
std::string run(const char* label, const Timeline::Run& run) {
  return fmt::format("{} {} {} in {}, from {} on{}", label, grouped(run.cycles),
                     run.cycles == 1 ? "cycle" : "cycles", to_string(run.lasted), to_string(run.at),
                     run.to_the_end ? " to the end" : "");
}

std::string failures(const Timeline& timeline) {
  std::string text;
  for (const Timeline::Failure& failure : timeline.failures)
    text += line(text.empty() ? "failures" : "",
                 fmt::format("{}: {} {}", protocol::name_of(failure.phase), grouped(failure.count),
                             to_string(failure.name)));
  if (const auto& first = timeline.first_failure) {
    text += line(
        "first failed",
        fmt::format("cycle {} after {}, {}, by {}: {}; {} {}", grouped(first->cycle),
                    to_string(first->at), protocol::name_of(first->phase),
                    protocol::name_of(first->way), to_string(first->failure),
                    first->peer ? "peer" : "our", to_string(first->peer.value_or(first->ours))));
  }
  if (timeline.longest_run && timeline.last_run)
    text += line("in a row",
                 run("longest", *timeline.longest_run) + "; " + run("last", *timeline.last_run));
  return text;
}

/// What the rows from `first` to `last` completed a second, and how many failed.
std::string rate(const Timeline& timeline, std::size_t first, std::size_t last) {
  std::uint64_t completed = 0, failed = 0;
  std::uint32_t p50 = 0;
  for (std::size_t i = first; i < last; ++i) {
    completed += timeline.seconds[i].completed;
    failed += timeline.seconds[i].failed;
    p50 = std::max(p50, timeline.seconds[i].connect_p50);
  }
  const auto seconds = static_cast<std::uint64_t>(timeline.row_width / 1s) * (last - first);
  return fmt::format(
      "{} cycles a second, {}{} failed", grouped(completed / seconds),
      passive(timeline) ? "" : fmt::format("half connected within {}, ", to_string(Duration(p50))),
      grouped(failed));
}

/// The first seconds beside the last; the very last is rarely a whole one.
std::string beside(const Timeline& timeline) {
  constexpr std::size_t kMost = 3, kLeastRows = 3;
  if (timeline.seconds.size() < kLeastRows || timeline.row_width < 1s) return "";
  const std::size_t whole = timeline.seconds.size() - 1;
  const std::size_t n = std::min(kMost, whole / 2);
  const std::string span = to_string(timeline.row_width * static_cast<std::int64_t>(n));
  return line("first " + span, rate(timeline, 0, n)) +
         line("last " + span, rate(timeline, whole - n, whole));
}

std::string trends(const std::vector<Timeline::Trend>& trends) {
  std::string text;
  for (const Timeline::Trend& trend : trends) text += line(text.empty() ? "seen" : "", trend.text);
  return text;
}

}  // namespace

std::string timeline_report(const Timeline& timeline, std::uint64_t begun) {
  return amount(timeline.asked, timeline, begun) + ways(timeline.ways) + failures(timeline) +
         beside(timeline) + trends(timeline.trends);
}

}  // namespace conker::ctl
