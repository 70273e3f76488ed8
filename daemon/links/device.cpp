#include "daemon/links/device.hpp"

#include "daemon/links/packet.hpp"
#include "daemon/links/tap.hpp"
#include "daemon/links/unix_stream.hpp"

namespace conker::daemon {

const char* to_string(LinkState state) {
  switch (state) {
    case LinkState::kUp:
      return "up";
    case LinkState::kDown:
      return "down";
    case LinkState::kNoCarrier:
      return "no carrier";
    case LinkState::kGone:
      return "gone";
  }
  return "unknown";
}

std::unique_ptr<Device> open_device(const config::Link& link) {
  if (const auto* tap = std::get_if<config::Tap>(&link.kind))
    return std::make_unique<TapDevice>(link, *tap);
  if (const auto* packet = std::get_if<config::Packet>(&link.kind)) {
    return std::make_unique<PacketDevice>(link, *packet);
  }
  return std::make_unique<UnixStreamDevice>(link, std::get<config::Unix>(link.kind));
}

std::uint32_t longest_frame(const config::Link& link) {
  const auto* tap = std::get_if<config::Tap>(&link.kind);
  return tap != nullptr && !tap->offload ? kLongestHeader + link.mtu : kMaxFrame;
}

}  // namespace conker::daemon
