#include "firmware/app/report.hpp"

#include <string_view>

#include "firmware/chip/panic.hpp"

namespace conker::app {
namespace {

std::string_view close_text(StrikeRequest::Close close) {
  return close == StrikeRequest::Close::kReset ? "RST" : "FIN";
}

void print_quantiles(Console& console, const Histogram& histogram) {
  if (histogram.max() == Duration(0)) {
    console << (histogram.count() == 0 ? "-\n" : "at once\n");
    return;
  }
  console << "half within " << histogram.quantile(500) << ", 90% " << histogram.quantile(900)
          << ", 99% " << histogram.quantile(990) << ", 99.9% " << histogram.quantile(999)
          << ", longest " << histogram.max() << "\n";
}

bool print_verdict(Console& console, const StrikeReport& report, const Books& books) {
  if (!report.balanced()) {
    console << "the strike's own books do not balance: please report it";
  } else if (!books.balanced()) {
    console << "the stack's books do not balance: " << books.fault;
  } else if (report.begun == 0) {
    console << "no connection could be opened";
  } else if (report.failed() == 0) {
    console << "good";
    return true;
  } else {
    console << report.failed() << " of " << report.begun << " cycles failed";
  }
  return false;
}

}  // namespace

bool print_strike(Console& console, const StrikeRequest& request, const StrikeReport& report,
                  const Books& books) {
  const auto us = static_cast<std::uint64_t>(report.elapsed.count());
  console << (us == 0 ? 0 : report.completed * 1'000'000 / us) << " cycles a second: ";
  const bool good = print_verdict(console, report, books);
  console << "\n\ntarget       " << request.target.address << ":" << request.target.port
          << ", closed by " << close_text(request.close) << ", " << request.concurrency
          << " at a time, seed " << request.seed << "\ncompleted    " << report.completed << " of "
          << report.begun << " cycles in " << report.elapsed << "\nfailed       " << report.refused
          << " refused, " << report.timed_out << " timed out, " << report.reset << " reset, "
          << report.other << " other\nconnect      ";
  print_quantiles(console, report.connect);
  console << "close        ";
  print_quantiles(console, report.close);
  console << "retransmits  " << report.retransmits << "\nTIME-WAIT    " << report.time_wait_evicted
          << " evicted, " << report.time_wait_reused << " reused\nbooks        " << report.begun
          << " opened = " << report.ended_closed << " closed + " << report.ended_reset
          << " reset + " << report.ended_timed_out << " timed out + " << report.ended_refused
          << " refused + " << report.ended_other << " other + " << report.live
          << " live: " << (report.balanced() ? "balanced" : "NOT BALANCED") << "\n";
  return good;
}

void print_books(Console& console, const Books& books) {
  console << "books  " << books.opened << " opened = " << books.closed << " closed + "
          << books.reset << " reset + " << books.aborted << " aborted + " << books.timed_out
          << " timed out + " << books.refused << " refused + " << books.other << " other + "
          << books.live << " live: ";
  if (books.balanced()) {
    console << "balanced\n";
  } else {
    console << "NOT BALANCED: " << books.fault << "\n";
  }
}

void print_device(Console& console, const chip::Ethernet::Counters& counters) {
  const chip::StackUse stack = chip::stack_use();
  console << "frames " << counters.received << " in, " << counters.sent << " out, "
          << counters.filtered << " for others, " << counters.malformed << " malformed, "
          << counters.overruns << " overruns; waited " << counters.ring_full
          << " times for the ring, " << counters.transmit_busy << " for the transmitter; stack "
          << stack.used << " of " << stack.size << " bytes at most\n";
}

}  // namespace conker::app
