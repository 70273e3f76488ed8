// What a strike was like over time: each way's counts, when it first failed and for how long, and a
// row for each second. For hosts: a chip does not name it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/histogram.hpp"
#include "stack/stack.hpp"
#include "stack/strike/ladder.hpp"
#include "stack/strike/strike.hpp"

namespace conker {

class StrikeHistory final : public Strike::Observer {
 public:
  /// At most so many rows; when they are full, pairs are merged, and a row covers twice the time.
  static constexpr std::size_t kMaxRows = 3600;

  struct Way {
    std::uint64_t begun = 0, completed = 0;
    std::array<std::uint64_t, kStrikeFailures> failures{};  // by StrikeFailure
  };
  struct First {
    std::uint64_t cycle = 0;
    Duration at{0};  // from the begin
    WayToClose way{};
    StrikeFailure failure{};
    Endpoint ours;
    std::optional<Endpoint> peer;  // who has opened it
  };
  /// Cycles that failed one after the other, in the order in which they ended.
  struct Run {
    std::uint64_t cycles = 0, refused = 0, unanswered = 0;
    Duration at{0};      // the end of the first, from the begin
    Duration lasted{0};  // to the end of the last
  };
  struct Completed {
    std::uint64_t cycle = 0;  // 0: none
    Duration at{0};           // from the begin
  };
  struct Row {
    std::uint64_t begun = 0, completed = 0, failed = 0;
    std::array<std::uint64_t, kStrikePhases> failed_in{};  // by StrikePhase
    // us; of merged rows the higher one
    std::uint32_t connect_p50 = 0, connect_p99 = 0, close_p50 = 0, close_p99 = 0;
    std::uint32_t most_in_flight = 0, most_opening = 0;  // at a time

    /// Takes the row behind this one into it.
    void merge(const Row& next);
  };

  /// Before the strike starts. `ladder`: is told of each cycle, too; null for none.
  StrikeHistory(const Stack& stack, Instant began, Ladder* ladder = nullptr)
      : stack_(stack), began_(began), ladder_(ladder) {}

  void on_begin(WayToClose way, std::uint32_t in_flight, std::uint32_t opening,
                Instant now) override;
  void on_connected(ConnectionId id, Duration took, std::optional<Duration> late,
                    Instant now) override;
  void on_missed(const Pace& pace, Instant now) override;
  void on_end(const Strike::Ended& ended) override;
  /// The newest row that is over at a time from the begin; null when none is.
  const Row* newest_over(Duration elapsed);
  /// Ends the last row.
  void finish(Instant now);

  const std::array<Way, kWaysToClose>& ways() const { return ways_; }
  const std::optional<First>& first_failure() const { return first_; }
  const Run& longest_run() const { return longest_; }
  const Run& last_run() const { return last_; }
  /// Whether the last cycle of all failed.
  bool run_lasts() const { return failing_; }
  const Completed& last_completed() const { return last_completed_; }
  std::uint32_t most_in_flight() const { return most_in_flight_; }
  std::uint32_t most_opening() const { return most_opening_; }
  /// The time that all cycles that are over took together: over the strike's, the mean in flight.
  Duration in_flight() const { return in_flight_; }
  /// Of a rate: from when the rate had a cycle due to established, so that what keeps us from
  /// beginning cycles shows (coordinated omission, as wrk2 and HdrHistogram correct it). A cycle
  /// that was missed counts as the time that it waited until the next was begun, which is the least
  /// that it would have taken.
  const Histogram& connect_from_due() const { return from_due_; }
  /// What a row covers.
  Duration row_width() const { return row_width_; }
  /// Until the last call.
  std::span<const Row> rows() const { return std::span(rows_).first(row_count_); }

 private:
  Row& row_at(Instant now);
  void close_row();
  void merge_rows();
  void failed(const Strike::Ended& ended);

  const Stack& stack_;
  Instant began_;
  Ladder* ladder_;
  std::array<Way, kWaysToClose> ways_{};
  std::optional<First> first_;
  Run longest_, last_;
  Completed last_completed_;
  bool failing_ = false;
  std::uint32_t in_flight_now_ = 0, opening_now_ = 0;
  std::uint32_t most_in_flight_ = 0, most_opening_ = 0;
  Duration in_flight_{0};
  Duration row_width_{1s};
  std::size_t row_count_ = 1;  // the last one is open
  Histogram connect_, close_;  // of the open one
  Histogram from_due_;
  std::array<Row, kMaxRows> rows_{};
};

}  // namespace conker
