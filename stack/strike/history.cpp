#include "stack/strike/history.hpp"

#include <algorithm>

namespace conker {

void StrikeHistory::on_begin(WayToClose way, std::uint32_t in_flight, std::uint32_t opening,
                             Instant now) {
  if (ladder_ != nullptr) ladder_->on_begin();
  ++ways_[static_cast<std::size_t>(way)].begun;
  Row& row = row_at(now);
  ++row.begun;
  in_flight_now_ = in_flight;
  opening_now_ = opening;
  row.most_in_flight = std::max(row.most_in_flight, in_flight);
  row.most_opening = std::max(row.most_opening, opening);
  most_in_flight_ = std::max(most_in_flight_, in_flight);
  most_opening_ = std::max(most_opening_, opening);
}

void StrikeHistory::on_connected(ConnectionId, Duration took, std::optional<Duration> late,
                                 Instant now) {
  (void)row_at(now);
  if (opening_now_ != 0) --opening_now_;
  connect_.add(took);
  if (ladder_ != nullptr) ladder_->on_connected(took);
  if (late) from_due_.add(*late + took);
}

/// As many cycles at a time as fall into one bucket: there may be millions.
void StrikeHistory::on_missed(const Pace& pace, Instant now) {
  for (std::uint64_t slot = pace.first_missed(); slot < pace.slot();) {
    const Duration waited = now - pace.due_of(slot);
    const Duration shortest = Histogram::shortest_beside(waited);
    const std::uint64_t next = std::min(pace.slot(), pace.slot_at(now - shortest + 1us));
    from_due_.add(waited, next - slot);
    slot = next;
  }
}

void StrikeHistory::on_end(const Strike::Ended& ended) {
  in_flight_ += ended.now - ended.opened;
  Row& row = row_at(ended.now);
  if (in_flight_now_ != 0) --in_flight_now_;
  if (ended.connecting && opening_now_ != 0) --opening_now_;
  if (ladder_ != nullptr) ladder_->on_end(ended.cycle, ended.failure, ended.now);
  if (ended.failure) return failed(ended);
  ++ways_[static_cast<std::size_t>(ended.way)].completed;
  ++row.completed;
  if (ended.closing) close_.add(*ended.closing);
  last_completed_ = {ended.cycle, ended.now - began_};
  failing_ = false;
}

void StrikeHistory::failed(const Strike::Ended& ended) {
  Way& way = ways_[static_cast<std::size_t>(ended.way)];
  ++way.failures[static_cast<std::size_t>(*ended.failure)];
  Row& row = row_at(ended.now);
  ++row.failed;
  ++row.failed_in[static_cast<std::size_t>(phase_of(*ended.failure))];
  const Duration at = ended.now - began_;
  if (!first_) {
    ConnectionInfo info;
    (void)stack_.info(ended.id, info);
    first_ = First{ended.cycle, at, ended.way, *ended.failure, info.local(), {}};
    if (info.passive) first_->peer = info.remote();
  }
  if (!failing_) {
    last_ = Run{};
    last_.at = at;
  }
  failing_ = true;
  ++last_.cycles;
  if (failed_as(*ended.failure) == FailedAs::kRefused) ++last_.refused;
  if (is_silence(*ended.failure)) ++last_.unanswered;
  last_.lasted = at - last_.at;
  if (last_.cycles > longest_.cycles) longest_ = last_;
}

const StrikeHistory::Row* StrikeHistory::newest_over(Duration elapsed) {
  (void)row_at(began_ + elapsed);
  return row_count_ < 2 ? nullptr : &rows_[row_count_ - 2];
}

void StrikeHistory::finish(Instant now) {
  (void)row_at(now);
  close_row();
}

/// The open row, which is that of `now` from here on.
StrikeHistory::Row& StrikeHistory::row_at(Instant now) {
  while (now - began_ >= row_width_ * static_cast<std::int64_t>(row_count_)) {
    close_row();
    if (row_count_ == kMaxRows) merge_rows();
    rows_[row_count_] = Row{};
    rows_[row_count_].most_in_flight = in_flight_now_;
    rows_[row_count_].most_opening = opening_now_;
    ++row_count_;
  }
  return rows_[row_count_ - 1];
}

void StrikeHistory::close_row() {
  Row& row = rows_[row_count_ - 1];
  row.connect_p50 = static_cast<std::uint32_t>(connect_.quantile(500).count());
  row.connect_p99 = static_cast<std::uint32_t>(connect_.quantile(990).count());
  row.close_p50 = static_cast<std::uint32_t>(close_.quantile(500).count());
  row.close_p99 = static_cast<std::uint32_t>(close_.quantile(990).count());
  connect_.clear();
  close_.clear();
}

void StrikeHistory::Row::merge(const Row& next) {
  begun += next.begun;
  completed += next.completed;
  failed += next.failed;
  for (std::size_t i = 0; i < kStrikePhases; ++i) failed_in[i] += next.failed_in[i];
  connect_p50 = std::max(connect_p50, next.connect_p50);
  connect_p99 = std::max(connect_p99, next.connect_p99);
  close_p50 = std::max(close_p50, next.close_p50);
  close_p99 = std::max(close_p99, next.close_p99);
  most_in_flight = std::max(most_in_flight, next.most_in_flight);
  most_opening = std::max(most_opening, next.most_opening);
}

void StrikeHistory::merge_rows() {
  for (std::size_t i = 0; i < kMaxRows / 2; ++i) {
    rows_[i] = rows_[2 * i];
    rows_[i].merge(rows_[2 * i + 1]);
  }
  row_count_ = kMaxRows / 2;
  row_width_ *= 2;
}

}  // namespace conker
