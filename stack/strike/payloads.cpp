#include "stack/strike/payloads.hpp"

#include <algorithm>
#include <array>

#include "stack/strike/random.hpp"

namespace conker {
namespace {

/// A cycle's payload begins at one of so many places of the table.
constexpr std::uint32_t kBegins = 1u << 16;
constexpr std::uint32_t kStride = 40'503;  // odd: neighbours begin far apart, and all differ
using Table = std::array<std::byte, kBegins + Payloads::kMaxBytes>;

/// Bytes without an order.
struct Pattern {
  Pattern() {
    std::uint64_t random = 1;
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_below(random, 256));
  }
  Table bytes;
};

}  // namespace

std::span<const std::byte> Payloads::payload_of(std::uint64_t cycle, std::uint32_t bytes) {
  static const Pattern kPattern;
  const auto begin = static_cast<std::uint32_t>(cycle * kStride % kBegins);
  return std::span(kPattern.bytes).subspan(begin, bytes);
}

/// The place of a cycle, empty when it is seen for the first time.
Payloads::Place& Payloads::place(std::uint32_t slot, std::uint64_t cycle) {
  Place& place = places_[slot];
  if (place.cycle != cycle) {
    place = Place();
    place.cycle = cycle;
  }
  return place;
}

void Payloads::say(std::uint32_t slot, ConnectionId id, std::uint64_t cycle) {
  Place& p = place(slot, cycle);
  p.said = true;
  send(p, id);
}

bool Payloads::hear(std::uint32_t slot, ConnectionId id, std::uint64_t cycle, bool peer_closed) {
  Place& p = place(slot, cycle);
  if (p.said) send(p, id);
  read(p, id);
  if (!p.answered && p.said && answered(p, id, peer_closed)) {
    p.answered = true;
    ++counts_.answered;
  }
  return p.answered;
}

/// Sends as much of the rest as there is room for; a Writable event follows where it is not all.
void Payloads::send(Place& place, ConnectionId id) {
  if (place.sent == bytes_) return;
  const auto taken = stack_.send(id, payload_of(place.cycle, bytes_).subspan(place.sent));
  if (!taken) return;
  place.sent += *taken;
  counts_.sent += *taken;
}

/// Reads what has arrived, where it lies.
void Payloads::read(Place& place, ConnectionId id) {
  std::array<std::span<const std::byte>, 16> pieces;
  for (auto count = stack_.peek(id, pieces); count && *count != 0;
       count = stack_.peek(id, pieces)) {
    std::uint32_t read = 0;
    for (const auto piece : std::span(pieces).first(*count)) {
      if (expect_ == Expect::kEcho) compare(place, id, piece);
      place.received += static_cast<std::uint32_t>(piece.size());
      read += static_cast<std::uint32_t>(piece.size());
    }
    counts_.received += read;
    if (stack_.consume(id, read) != Error::kOk) return;
  }
}

/// Compares a piece that comes behind what was received before.
void Payloads::compare(Place& place, ConnectionId id, std::span<const std::byte> piece) {
  if (place.differs) return;
  const std::uint32_t left = place.sent - std::min(place.sent, place.received);
  const auto size = static_cast<std::uint32_t>(piece.size());
  const auto expected =
      payload_of(place.cycle, bytes_).subspan(place.sent - left, std::min(left, size));
  const auto [wanted, seen] = std::ranges::mismatch(expected, piece.first(expected.size()));
  if (wanted != expected.end()) {
    const auto offset = place.received + static_cast<std::uint32_t>(wanted - expected.begin());
    tell(place, {Difference::Kind::kByte, id, place.cycle, offset,
                 std::to_integer<std::uint32_t>(*wanted), std::to_integer<std::uint32_t>(*seen)});
  } else if (size > left) {
    tell(place,
         {Difference::Kind::kMore, id, place.cycle, place.sent, place.sent, place.received + size});
  }
}

bool Payloads::answered(Place& place, ConnectionId id, bool peer_closed) {
  if (expect_ == Expect::kEcho) {
    if (place.received >= bytes_) return true;
    if (peer_closed && !place.differs) {
      tell(place,
           {Difference::Kind::kLess, id, place.cycle, place.received, bytes_, place.received});
    }
    return peer_closed;
  }
  ConnectionInfo info;
  const bool taken = place.sent == bytes_ && stack_.info(id, info) && info.send_queue == 0;
  return taken && (peer_closed || expect_ != Expect::kClose);
}

void Payloads::tell(Place& place, const Difference& difference) {
  place.differs = true;
  ++counts_.differing;
  sink_.on_difference(difference);
}

}  // namespace conker
