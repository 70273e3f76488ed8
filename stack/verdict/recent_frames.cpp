#include "stack/verdict/recent_frames.hpp"

#include <algorithm>
#include <optional>

#include "stack/verdict/segment.hpp"

namespace conker::verdict {

RecentFrames::RecentFrames(std::size_t bytes, Opener opener)
    : opener_(opener), bytes_(bytes), entries_(bytes / kTypical) {}

/// Of a malformed segment the endpoints may be all that could be parsed.
std::optional<Exchange> RecentFrames::exchange_in(const Segment& segment,
                                                  Direction direction) const {
  const bool to_opener = (direction == Direction::kIn) == (opener_ == Opener::kWe);
  const Endpoint& opener = to_opener ? segment.destination : segment.source;
  const Endpoint& other = to_opener ? segment.source : segment.destination;
  if (opener.port == Port{}) return std::nullopt;
  return Exchange{opener, other.address};
}

void RecentFrames::add(const ObservedFrame& frame, Instant now) {
  std::size_t length = 0;
  for (const auto part : frame.parts) length += part.size();
  length = std::min(length, bytes_.size());
  // No frame wraps: one that would begins at the front.
  const std::size_t place = position_ % bytes_.size();
  if (place + length > bytes_.size()) position_ += bytes_.size() - place;
  const std::uint64_t position = position_;
  position_ += length;
  while (first_ != end_ &&
         (end_ - first_ == entries_.size() || entry(first_).position + bytes_.size() < position_))
    ++first_;
  std::size_t left = length;
  auto out = bytes_.begin() + static_cast<std::ptrdiff_t>(position % bytes_.size());
  for (const auto part : frame.parts) {
    const auto here = part.first(std::min(part.size(), left));
    out = std::ranges::copy(here, out).out;
    left -= here.size();
  }
  entry(end_) = {position, now, static_cast<std::uint32_t>(length), frame.direction, false};
  ++end_;
}

RecentFrames::Frame RecentFrames::at(Number number) const {
  const Entry& e = entry(number);
  return {e.at, e.direction, e.written,
          std::span(bytes_).subspan(e.position % bytes_.size(), e.length)};
}

std::optional<Exchange> RecentFrames::exchange_of(Number number) const {
  const Frame frame = at(number);
  Segment segment;
  (void)parse(frame.bytes, segment, TcpChecksum::kTrust);
  return exchange_in(segment, frame.direction);
}

void RecentFrames::find_begins(std::span<Connection> connections) const {
  for (Connection& connection : connections) connection.begin = end_;
  std::vector<std::optional<Seq>> iss(connections.size());
  const Direction opening = opener_ == Opener::kWe ? Direction::kOut : Direction::kIn;
  for (Number number = first_; number != end_; ++number) {
    const Frame frame = at(number);
    Segment segment;
    const Parsed parsed = parse(frame.bytes, segment, TcpChecksum::kTrust);
    const auto exchange = exchange_in(segment, frame.direction);
    const auto found = std::ranges::find(connections, exchange, &Connection::exchange);
    if (found == connections.end()) continue;
    auto& known = iss[static_cast<std::size_t>(found - connections.begin())];
    const bool opens = parsed == Parsed::kTcp && frame.direction == opening && segment.opens();
    if (found->begin == end_ || (opens && segment.seq != known)) found->begin = number;
    if (opens) known = segment.seq;
  }
}

}  // namespace conker::verdict
