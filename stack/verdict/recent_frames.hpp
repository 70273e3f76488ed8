// The frames that a link has carried lately, kept whole in a ring of bounded size, so that those
// that led to a finding can be looked up when it is made.
//
// Memory: `bytes`, and 24 more for each frame of 64 bytes that these have room for. All of it is
// allocated at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/link/observer.hpp"
#include "stack/verdict/segment.hpp"

namespace conker::verdict {

/// The endpoint that opens connections, ours or a peer's, and the address of the other. The other's
/// port does not count: an answer from a wrong one belongs to the connection too. Addresses are as
/// on the wire: without a zone.
struct Exchange {
  Endpoint opener;
  IpAddress other;
  bool operator==(const Exchange&) const = default;
};

class RecentFrames {
 public:
  /// Counts the frames, from 0 at the first.
  using Number = std::uint64_t;

  struct Frame {
    Instant at;
    Direction direction;
    bool written;
    std::span<const std::byte> bytes;  // valid until the next add()
  };

  explicit RecentFrames(std::size_t bytes, Opener opener = Opener::kWe);

  /// Adds a frame and gives up the oldest ones where there is no room. A frame longer than the ring
  /// is cut.
  void add(const ObservedFrame& frame, Instant now);

  /// The frames that are kept are those from first() to before end().
  Number first() const { return first_; }
  Number end() const { return end_; }
  Frame at(Number number) const;
  /// A mark of the owner's: the frame is in its file.
  void mark_written(Number number) { entry(number).written = true; }

  /// Which exchange a frame belongs to, as far as its headers reach; nothing for one that is not
  /// TCP.
  std::optional<Exchange> exchange_of(Number number) const;

  /// The latest connection of an exchange.
  struct Connection {
    Exchange exchange;
    Number begin = 0;
  };
  /// Finds where each connection begins: the opener's first SYN with the sequence number of the
  /// last one; the oldest frame where the SYN is not kept; end() where no frame is.
  void find_begins(std::span<Connection> connections) const;

 private:
  struct Entry {
    std::uint64_t position;  // in all bytes since the begin; modulo the ring's size its place
    Instant at;
    std::uint32_t length;
    Direction direction;
    bool written;
  };
  static constexpr std::size_t kTypical = 64;  // bytes of a segment without data

  Entry& entry(Number number) { return entries_[number % entries_.size()]; }
  const Entry& entry(Number number) const { return entries_[number % entries_.size()]; }

  std::optional<Exchange> exchange_in(const Segment& segment, Direction direction) const;

  Opener opener_;
  std::vector<std::byte> bytes_;
  std::vector<Entry> entries_;
  std::uint64_t position_ = 0;  // behind the newest frame
  Number first_ = 0, end_ = 0;
};

}  // namespace conker::verdict
