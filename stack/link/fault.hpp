// A decorator of a link that loses, duplicates, reorders, corrupts and delays frames by seed: the
// same seed and frames give the same faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/field.hpp"
#include "stack/link/link.hpp"
#include "stack/link/observer.hpp"

namespace conker {

/// How often each fault happens, in millionths (0 to 1,000,000), to frames in each direction.
struct FaultSettings {
  std::uint32_t loss = 0;
  std::uint32_t duplicate = 0;
  std::uint32_t reorder =
      0;  // the frame leaves after the next one of its direction, or after 10 ms
  std::uint32_t corrupt = 0;  // one bit is flipped, wherever a checksum covers an IP packet
  Duration delay{0};          // every frame, up to 10 s
  std::uint64_t seed = 1;

  bool operator==(const FaultSettings&) const = default;
  bool any() const { return loss || duplicate || reorder || corrupt || delay.count() != 0; }

  static constexpr void visit(auto& self, auto&& field) {
    constexpr Unit kShare = Unit::kMillionths;
    field("loss", self.loss, About{.help = "frames lost", .unit = kShare, .column = "LOSS"});
    field("duplicate", self.duplicate,
          About{.help = "frames sent twice", .unit = kShare, .column = "DUPLICATE"});
    field("reorder", self.reorder,
          About{.help = "frames that leave after the next", .unit = kShare, .column = "REORDER"});
    field("corrupt", self.corrupt,
          About{.help = "frames with a bit flipped", .unit = kShare, .column = "CORRUPT"});
    field("delay_us", self.delay,
          About{.help = "of every frame", .unit = Unit::kMicroseconds, .column = "DELAY"});
    field("seed", self.seed,
          About{.help = "decides which frames", .unit = Unit::kNominal, .column = "SEED"});
  }
};

struct FaultCounters {
  std::uint64_t lost = 0, duplicated = 0, reordered = 0, corrupted = 0, delayed = 0;
  std::uint64_t no_room =
      0;  // frames lost because no slot was free to hold them back, or too long for one

  static constexpr void visit(auto& self, auto&& field) {
    field("lost", self.lost, About{.help = "frames"});
    field("duplicated", self.duplicated, About{.help = "frames"});
    field("reordered", self.reordered, About{.help = "frames"});
    field("corrupted", self.corrupted, About{.help = "frames"});
    field("delayed", self.delayed, About{.help = "frames"});
    field("no_room", self.no_room, About{.help = "frames lost that could not be held back"});
  }
};

/// A link with faults in front of another one, in both directions.
class FaultLink final : public Link {
 public:
  /// Storage for one frame that is held back.
  struct Slot;
  static std::size_t storage_bytes(std::uint32_t slots, std::uint32_t frame_bytes);

  /// `storage` holds frames that wait, aligned to 8 bytes; frame_bytes is the longest frame that
  /// can be held back.
  FaultLink(Link& below, std::span<std::byte> storage, std::uint32_t frame_bytes);

  /// Sets the faults of frames to come; frames that are held back leave at their time.
  void set(const FaultSettings& settings);
  const FaultSettings& settings() const { return settings_; }
  const FaultCounters& counters() const { return counters_; }
  /// The observers of frames with faults. Each observer is shown a frame once for each of its
  /// faults, when the fault is decided; a corrupted frame as it was before. Frames without a fault
  /// are not shown.
  FrameObservers& observers() { return observers_; }

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  void flush(Instant now) override;
  Instant next_deadline() const override;
  /// 0 while there are faults, so that every segment is a frame with a fate of its own.
  std::uint32_t segmentation() const override {
    return settings_.any() ? 0 : below_.segmentation();
  }
  void coalesce(bool wanted) override;

 private:
  using Parts = std::span<const std::span<const std::byte>>;

  /// What is decided for one frame, in this order.
  struct Fate {
    bool lost = false, corrupted = false, duplicated = false, reordered = false;
  };
  /// The state of one direction.
  struct Lane {
    std::uint64_t random = 0;         // state of the generator
    std::uint32_t waiting = kNone;    // the first of the slots in the order of their release
    std::uint32_t last = kNone;       // the last of them, where there is one
    std::uint32_t overtaken = kNone;  // a slot that waits for the next frame
    std::uint32_t given = kNone;      // slots whose frames were handed on and must stay for a while
  };

  Slot& slot(std::uint32_t index) const;
  std::span<std::byte> bytes(std::uint32_t index) const;

  Fate decide(Lane& lane, std::span<const std::byte> front);
  bool happens(Lane& lane, std::uint32_t millionths);
  static std::uint64_t draw(Lane& lane);
  /// Counts the fault, and shows the frame to the observers.
  void report(FrameFate fate, const Lane& lane, Parts frame, ChecksumState checksum, Instant now);

  /// A copy of the frame in a slot of its own; kNone, and reported, when there is no room.
  std::uint32_t hold(const Lane& lane, Parts frame, ChecksumState checksum, Instant now);
  /// A copy with one bit flipped, good until the lane's given frames end; kNone when there is no
  /// room.
  std::uint32_t corrupted_copy(Lane& lane, Parts frame, ChecksumState checksum, Instant now);
  /// Puts a copy into the lane's queue, to leave after the delay, or later if it is to be
  /// overtaken.
  void postpone(Lane& lane, Parts frame, ChecksumState checksum, bool reordered, Instant now);
  void wait(Lane& lane, std::uint32_t index, Instant release);
  /// Schedules the frame that has been overtaken: it leaves at `release`, behind those that leave
  /// then.
  void let_overtaken_go(Lane& lane, Instant release);
  /// Whether the first frame of the queue is due.
  bool due(Lane& lane, Instant now);
  Instant next_release(const Lane& lane) const;
  /// Takes the first frame out of the queue and keeps it as given.
  std::uint32_t give_first(Lane& lane);
  void free_given(Lane& lane);

  std::size_t give_due(std::span<FrameIn> batch, std::size_t count, Instant now);
  void send_due(Instant now);

  Link& below_;
  std::span<std::byte> storage_;
  std::uint32_t frame_bytes_;
  std::uint32_t slots_;
  std::uint32_t fresh_ = 0;  // slots from here on were never used
  std::uint32_t free_ = kNone;
  bool coalescing_ = true;
  bool decided_ = false;  // the link below refused a frame that is to pass: it is sent again
  Instant retry_at_{};    // when what is due may be offered again to a link that was busy
  FaultSettings settings_;
  FaultCounters counters_;
  FrameObservers observers_;
  Lane in_, out_;
};

}  // namespace conker
