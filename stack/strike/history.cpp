#include "stack/strike/history.hpp"

#include <algorithm>

namespace conker {

void StrikeHistory::on_begin(WayToClose way, std::uint32_t in_flight, std::uint32_t opening,
                             Instant now) {
  if (ladder_ != nullptr) ladder_->on_begin();
  ++ways_[static_cast<std::size_t>(way)].begun;
  ++row_at(now).begun;
  most_in_flight_ = std::max(most_in_flight_, in_flight);
  most_opening_ = std::max(most_opening_, opening);
}

void StrikeHistory::on_connected(ConnectionId, Duration took, std::optional<Duration> late,
                                 Instant now) {
  (void)row_at(now);
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
  if (ladder_ != nullptr) ladder_->on_end(ended.cycle, ended.failure, ended.now);
  if (ended.failure) return failed(ended);
  ++ways_[static_cast<std::size_t>(ended.way)].completed;
  ++row_at(ended.now).completed;
  last_completed_ = {ended.cycle, ended.now - began_};
  failing_ = false;
}

void StrikeHistory::failed(const Strike::Ended& ended) {
  Way& way = ways_[static_cast<std::size_t>(ended.way)];
  ++way.failures[static_cast<std::size_t>(*ended.failure)];
  ++row_at(ended.now).failed;
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
    rows_[row_count_++] = Row{};
  }
  return rows_[row_count_ - 1];
}

void StrikeHistory::close_row() {
  Row& row = rows_[row_count_ - 1];
  row.connect_p50 = static_cast<std::uint32_t>(connect_.quantile(500).count());
  row.connect_p99 = static_cast<std::uint32_t>(connect_.quantile(990).count());
  connect_.clear();
}

void StrikeHistory::merge_rows() {
  for (std::size_t i = 0; i < kMaxRows / 2; ++i) {
    const Row& a = rows_[2 * i];
    const Row& b = rows_[2 * i + 1];
    rows_[i] = Row{.begun = a.begun + b.begun,
                   .completed = a.completed + b.completed,
                   .failed = a.failed + b.failed,
                   .connect_p50 = std::max(a.connect_p50, b.connect_p50),
                   .connect_p99 = std::max(a.connect_p99, b.connect_p99)};
  }
  row_count_ = kMaxRows / 2;
  row_width_ *= 2;
}

}  // namespace conker
