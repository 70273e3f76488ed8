#include "stack/verdict/ip_ids.hpp"

#include <utility>

namespace conker::verdict {

std::optional<Broken> IpIds::add(const Endpoint& ours, const Segment& segment) {
  // 0 is what hosts give to packets that are never cut (RFC 6864, 4.1).
  if (told_ || segment.ip_id == 0) return std::nullopt;
  const bool another = std::exchange(last_end_, ours) != ours;
  const bool same_host =
      std::exchange(last_host_, segment.source.address) == segment.source.address;
  const auto step = static_cast<std::uint16_t>(segment.ip_id - std::exchange(last_, segment.ip_id));
  if (!another || !same_host) return std::nullopt;
  if (step != 0 && step <= kStep) ++steps_;
  if (++compared_ < kWindow) return std::nullopt;
  compared_ = 0;
  const std::uint32_t steps = std::exchange(steps_, 0);
  if (steps < kTold) return std::nullopt;
  told_ = true;
  return Broken{Rule::kIpIdPredictable, 0, steps};
}

}  // namespace conker::verdict
