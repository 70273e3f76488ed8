// The identifications of a host's IPv4 packets: whether one counter numbers all of them. Who can
// have the host answer then learns how much it sends to others, and may find open ports of third
// hosts by it ("idle scan"; RFC 6274, 3.5).
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/verdict/rules.hpp"
#include "stack/verdict/segment.hpp"

namespace conker::verdict {

class IpIds {
 public:
  /// A segment that has come; `ours`: the end by which its connection is told apart. The rule that
  /// is broken is told once.
  std::optional<Broken> add(const Endpoint& ours, const Segment& segment);

 private:
  // A host may count in each connection (RFC 6864, 4): only packets of two connections in a row are
  // compared. Of identifications chosen at random one in 4,096 is so little beyond the last one.
  static constexpr std::uint32_t kWindow = 256, kTold = 192, kStep = 16;

  Endpoint last_end_;
  IpAddress last_host_;
  std::uint16_t last_ = 0;
  std::uint32_t compared_ = 0, steps_ = 0;
  bool told_ = false;
};

}  // namespace conker::verdict
