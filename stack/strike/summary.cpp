#include "stack/strike/summary.hpp"

namespace conker {
namespace {

std::uint32_t microseconds(Duration duration) {
  return static_cast<std::uint32_t>(duration.count());
}

/// Times of completed cycles, and of those that failed after this part of theirs.
void print_times(Printer& out, std::string_view label, const Quantiles& times,
                 std::uint64_t completed) {
  out << label;
  if (times.max == 0) {
    out << (completed == 0 ? "-\n" : "at once\n");
    return;
  }
  out << "half within " << Duration(times.p50) << ", 90% " << Duration(times.p90) << ", 99% "
      << Duration(times.p99) << ", 99.9% " << Duration(times.p999) << ", longest "
      << Duration(times.max) << "\n";
}

/// The part that the audits of a strike and of a stack have in common.
template <typename Audit>
void print_ends(Printer& out, const Audit& audit) {
  out << audit.timed_out << " timed out + " << audit.refused << " refused + " << audit.other
      << " other + " << audit.live << " live: ";
}

bool adds_up(const StrikeSummary& s) {
  const StrikeSummary::Ends& a = s.audit;
  return s.cycles == s.completed + s.failed.all() + a.live &&
         s.cycles == a.closed + a.reset + a.aborted + a.timed_out + a.refused + a.other + a.live;
}

}  // namespace

Quantiles Quantiles::of(const Histogram& histogram) {
  return {microseconds(histogram.quantile(500)), microseconds(histogram.quantile(900)),
          microseconds(histogram.quantile(990)), microseconds(histogram.quantile(999)),
          microseconds(histogram.max())};
}

StrikeSummary StrikeSummary::of(const StrikeRequest& request, const StrikeReport& report,
                                const Audit& audit) {
  StrikeSummary s;
  s.target = request.target;
  s.passive = request.door != nullptr;
  s.mix = request.mix;
  s.concurrency = request.concurrency;
  s.seed = request.seed;
  s.cycles = report.begun;
  s.completed = report.completed();
  s.failed = {report.refused(), report.timed_out(), report.reset(), report.other()};
  s.elapsed = report.elapsed;
  s.connect = Quantiles::of(report.connect);
  s.closing = Quantiles::of(report.close);
  s.retransmits = report.retransmits;
  s.time_wait = {report.time_wait_evicted, report.time_wait_reused};
  s.audit = {report.begun,     report.closed,  s.failed.reset, report.aborted, s.failed.timed_out,
             s.failed.refused, s.failed.other, report.live,    false,          audit.fault};
  s.audit.balanced = adds_up(s) && audit.balanced();
  return s;
}

bool StrikeSummary::good() const {
  return audit.balanced && cycles != 0 && failed.all() == 0;
}

void print(Printer& out, const StrikeOutcome& outcome) {
  const StrikeSummary& s = outcome.of;
  if (!adds_up(s)) {
    out << "the strike's own audit does not balance: please report it";
  } else if (!s.audit.balanced) {
    out << "the stack's audit does not balance: " << (s.audit.fault ? s.audit.fault : "");
  } else if (s.cycles == 0) {
    out << (s.passive ? "nobody came" : "no connection could be opened");
  } else if (s.good()) {
    out << "good";
  } else {
    out.plain(s.failed.all()) << " of ";
    out.plain(s.cycles) << " cycles failed: ";
    out.plain(s.failed.refused) << " refused, ";
    out.plain(s.failed.timed_out) << " timed out, ";
    out.plain(s.failed.reset) << " reset, ";
    out.plain(s.failed.other) << " other";
  }
}

void print(Printer& out, const StrikeSummary& s) {
  const auto us = static_cast<std::uint64_t>(s.elapsed.count());
  out << (us == 0 ? 0 : (s.completed * 1'000'000 + us / 2) / us) << " cycles a second: ";
  print(out, StrikeOutcome{s});
  out << (s.passive ? "\n\nlistened at  " : "\n\ntarget       ") << s.target << ", closed by ";
  const auto way = s.mix.sole();
  out << (way ? choice_at(choices_of(*way), static_cast<std::size_t>(*way)) : "a mix") << ", "
      << s.concurrency << " at a time, seed ";
  out.plain(s.seed) << "\ncompleted    " << s.completed << " of " << s.cycles << " cycles in "
                    << s.elapsed << "\nfailed       " << s.failed.all()
                    << " cycles: " << s.failed.refused << " refused, " << s.failed.timed_out
                    << " timed out, " << s.failed.reset << " reset, " << s.failed.other
                    << " other\n";
  if (!s.passive) print_times(out, "connect      ", s.connect, s.completed);
  print_times(out, "close        ", s.closing, s.completed);
  out << "retransmits  " << s.retransmits << " segments\nTIME-WAIT    " << s.time_wait.evicted
      << " records evicted, " << s.time_wait.reused << " reused\naudit        " << s.audit.opened
      << " opened = " << s.audit.closed << " closed + " << s.audit.reset << " reset + "
      << s.audit.aborted << " aborted + ";
  print_ends(out, s.audit);
  out << (s.audit.balanced ? "balanced\n" : "NOT BALANCED\n");
}

void print(Printer& out, const Audit& audit) {
  out << "audit  " << audit.opened << " opened = " << audit.closed << " closed + " << audit.reset
      << " reset + " << audit.aborted << " aborted + ";
  print_ends(out, audit);
  if (audit.balanced()) {
    out << "balanced\n";
  } else {
    out << "NOT BALANCED: " << audit.fault << "\n";
  }
}

}  // namespace conker
