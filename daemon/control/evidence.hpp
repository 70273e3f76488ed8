// The evidence of a strike's findings: a pcapng file with the frames that led to each, and those
// that followed. These are the last kBefore frames of the link, the connections that they belong
// to from their SYNs on, as far as they are still known, and the next kAfter frames of the
// connection that the finding is about. The frame that breaks a rule has a comment, which names it.
//
// No frame is written twice, and those of one connection are in order of time. The frames of
// different findings need not be: what led to a later one may have begun before.
//
// Bounded: kRingBytes and half as much again of memory, kMaxBytes of file, kEach findings of a
// rule.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control/capture_file.hpp"
#include "protocol/judgement.hpp"
#include "stack/link/pcapng.hpp"
#include "stack/verdict/judge.hpp"
#include "stack/verdict/recent_frames.hpp"

namespace conker::daemon {

/// Must observe the link before the judge does: a finding is about the newest frame.
class Evidence final : public FrameObserver {
 public:
  static constexpr std::size_t kRingBytes = std::size_t{8} << 20;
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 20;
  static constexpr unsigned kEach = 4;        // findings of a rule, and as many inconclusive ones
  static constexpr std::size_t kBefore = 20;  // frames of the link before a finding
  static constexpr unsigned kAfter = 10;      // frames of its connection after it
  static constexpr Duration kAfterTime = 300ms;  // for which those are waited

  /// `epoch_us`: microseconds since 1970 at Instant 0.
  Evidence(Descriptor file, std::int64_t epoch_us, std::uint64_t max_bytes = kMaxBytes,
           verdict::Opener opener = verdict::Opener::kWe);

  /// Empties the file and writes what the frames belong to: the parameters of the strike, the name
  /// of the link and the description of its device. False when the file does not take it: error().
  bool begin(std::string_view parameters, std::string_view link, std::string_view device,
             Instant now);
  void on_frame(const ObservedFrame& frame, Instant now) override;
  /// The newest frame of its connection breaks a rule. `because`: why that may be our own side's
  /// doing; null if not.
  void on_finding(const verdict::Judge::Found& found, const char* because);
  /// Called now and then: what is complete gets into the file.
  void tick();
  void end(Instant now);

  protocol::Strike::Evidence result() const;
  const std::string& error() const { return error_; }

 private:
  using Number = verdict::RecentFrames::Number;
  using Connection = verdict::RecentFrames::Connection;
  /// A connection whose next frames are written too.
  struct Followed {
    verdict::Exchange exchange;
    unsigned left;
    Instant until;
    // Of a finding whose own frame was in the file already: for the next frame.
    std::vector<std::string> comments;
  };
  /// What is in the file.
  struct Written {
    std::uint64_t findings = 0, frames = 0, bytes = 0;
  };

  void settle();
  Number newest_of(const verdict::Exchange& exchange) const;
  void write_finding(Number newest);
  std::vector<Connection> connections_since(Number context,
                                            const verdict::Exchange& exchange) const;
  void write_before(Number newest, Number context, std::span<const Connection> connections);
  void follow(Number newest);
  void write(Number number, std::span<const std::string> comments = {});
  void flush();
  void fail(const std::string& error);
  std::int64_t epoch(Instant at) const { return epoch_us_ + at.time_since_epoch().count(); }

  CaptureFile file_;
  Pcapng pcapng_{file_};
  std::int64_t epoch_us_;
  std::uint64_t max_bytes_;
  Instant began_{};
  verdict::Opener opener_;
  verdict::RecentFrames frames_;
  std::array<std::array<unsigned, 2>, verdict::kRules> counts_{};  // conclusive, inconclusive
  // Of the newest frame, until all that it breaks has been told.
  std::vector<std::string> comments_;
  std::optional<verdict::Exchange> exchange_;
  std::vector<Followed> followed_;
  Written written_, flushed_;
  std::string error_;
};

}  // namespace conker::daemon
