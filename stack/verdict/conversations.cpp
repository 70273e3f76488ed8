#include "stack/verdict/conversations.hpp"

namespace conker::verdict {

std::optional<Finding> Conversations::on_sent(const Segment& segment, const Excuses& excuses) {
  ++segments_;
  if (segment.has(Segment::kRst)) return std::nullopt;
  const auto broken = sides_[segment.of_sender()].on_sent(segment, excuses, contents_);
  if (!broken) return std::nullopt;
  return finding_of(*broken, segment, segments_);
}

void Conversations::on_received(const Segment& segment) {
  ++segments_;
  sides_[segment.of_receiver()].on_received(segment);
}

const Conversation& Conversations::side(const FourTuple& tuple) const {
  static const Conversation kUnknown;
  const auto found = sides_.find(tuple);
  return found == sides_.end() ? kUnknown : found->second;
}

void Conversations::forget(const IpAddress& host) {
  std::erase_if(sides_, [&](const auto& entry) { return entry.first.local == host; });
}

// Multiplications that do not wait for each other: this is done for every segment.
std::size_t Conversations::Hash::operator()(const FourTuple& tuple) const {
  const auto local = tuple.local.halves(), remote = tuple.remote.halves();
  const std::uint64_t ports = std::uint64_t{tuple.local_port.value} << 16 | tuple.remote_port.value;
  const std::uint64_t mixed = ports * 0x9e3779b97f4a7c15 ^ (local[0] ^ 1) * 0xbf58476d1ce4e5b9 ^
                              (local[1] ^ 2) * 0x94d049bb133111eb ^
                              (remote[0] ^ 3) * 0xd6e8feb86659fd93 ^
                              (remote[1] ^ 4) * 0xff51afd7ed558ccd;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

}  // namespace conker::verdict
