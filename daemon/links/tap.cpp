#include "daemon/links/tap.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace conker::daemon {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kVlanTag = 4;
constexpr int kTransmitQueue =
    10000;  // frames the kernel keeps for us; its default of 1000 overflows in one turn

ifreq request_for(const std::string& device) {
  ifreq request{};
  std::memcpy(request.ifr_name, device.data(), std::min<std::size_t>(device.size(), IFNAMSIZ - 1));
  return request;
}

sockaddr to_sockaddr(std::uint32_t v4_bits) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(v4_bits);
  sockaddr any{};
  std::memcpy(&any, &in, sizeof any);
  return any;
}

}  // namespace

TapDevice::TapDevice(const config::Link& link, const config::Tap& tap)
    : name_(link.name),
      device_(tap.device),
      // One byte more than the longest frame shows the frames that are longer; whole cache lines in odd
      // number keep the headers of a batch out of each other's way.
      frame_room_(((kEthernetHeader + kVlanTag + link.mtu + 1u + 63u) / 64u | 1u) * 64u),
      buffers_(std::make_unique<std::byte[]>(kBatch * frame_room_)) {
  attach();
  if (tap.host_address) set_up_host_side(*tap.host_address, link.mtu);
  set_fd(descriptor_.get());
}

void TapDevice::attach() {
  descriptor_.reset(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor_) {
    fail_link(
        name_, "cannot open /dev/net/tun", errno,
        errno == ENOENT ? "load the driver with: modprobe tun" : "the daemon's user needs access to it");
  }
  ifreq request = request_for(device_);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (::ioctl(descriptor_.get(), TUNSETIFF, &request) == 0) return;
  const std::string what = "cannot attach to the TAP device " + device_;
  switch (errno) {
    case EPERM:
      fail_link(name_, what, EPERM,
                "run with CAP_NET_ADMIN, or make it for the daemon's user: ip tuntap add dev " + device_ +
                    " mode tap user USER");
    case EBUSY:
      fail_link(name_, what, EBUSY, "another program has it; stop that or choose another device");
    case EINVAL:
      fail_link(name_, what, EINVAL,
                "an interface of that name exists and is no TAP device; choose another name");
    default:
      fail_link(name_, what, errno, "");
  }
}

void TapDevice::set_up_host_side(const Prefix& address, std::uint16_t mtu) {
  const Descriptor any_socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any_socket) fail_link(name_, "cannot open a socket to configure " + device_, errno, "");
  const auto call = [&](unsigned long number, ifreq request, const char* what) {
    if (::ioctl(any_socket.get(), number, &request) == 0) return request;
    fail_link(name_, std::string("cannot set the ") + what + " of " + device_, errno,
              errno == EPERM
                  ? "run with CAP_NET_ADMIN, or leave host_address out and configure the device yourself"
                  : "");
  };
  ifreq request = request_for(device_);
  request.ifr_mtu = mtu;
  call(SIOCSIFMTU, request, "MTU");
  request.ifr_qlen = kTransmitQueue;
  call(SIOCSIFTXQLEN, request, "transmit queue");
  request.ifr_addr = to_sockaddr(address.address.v4_bits());
  call(SIOCSIFADDR, request, "address");
  request.ifr_netmask = to_sockaddr(address.v4_mask());
  call(SIOCSIFNETMASK, request, "netmask");
  request = call(SIOCGIFFLAGS, request, "state");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  call(SIOCSIFFLAGS, request, "state");
}

std::size_t TapDevice::receive(std::span<FrameIn> batch, Instant) {
  std::size_t count = 0;
  const std::size_t most = std::min(batch.size(), kBatch);
  while (count < most && descriptor_) {
    std::byte* buffer = buffers_.get() + count * frame_room_;
    const ssize_t got = ::read(descriptor_.get(), buffer, frame_room_);
    if (got < 0) {
      if (errno == EINTR) continue;
      // EIO: the device is down; there is nothing to read until it is up again.
      if (errno != EAGAIN && errno != EIO) give_up(errno);
      break;
    }
    const auto size = static_cast<std::size_t>(got);
    if (size >= frame_room_) {
      ++counters_.in_unusable;
      continue;
    }
    ++counters_.frames_in;
    counters_.bytes_in += size;
    batch[count++] = FrameIn{{buffer, size}, ChecksumState::kUnknown};
  }
  return count;
}

bool TapDevice::send(const FrameOut& frame, Instant) {
  std::array<iovec, FrameOut::kMaxParts> parts;
  for (std::size_t i = 0; i < frame.count; ++i) {
    // writev() only reads, whatever its type says.
    parts[i] = {const_cast<std::byte*>(frame.parts[i].data()), frame.parts[i].size()};
  }
  if (!descriptor_) {
    ++counters_.out_down;
    return true;
  }
  ssize_t put;
  do {
    put = ::writev(descriptor_.get(), parts.data(), frame.count);
  } while (put < 0 && errno == EINTR);
  if (put >= 0) {
    ++counters_.frames_out;
    counters_.bytes_out += static_cast<std::uint64_t>(put);
    return true;
  }
  switch (errno) {
    case EAGAIN:
      ++counters_.busy;
      return false;
    case EIO:
      ++counters_.out_down;
      return true;
    case EBADFD:
      ++counters_.out_down;
      give_up(errno);
      return true;
    default:
      ++counters_.out_dropped;
      return true;
  }
}

void TapDevice::give_up(int error) {
  spdlog::error("link {}: TAP device {} is gone ({}); restart the daemon to have it again", name_, device_,
                std::generic_category().message(error));
  descriptor_.reset();
  set_fd(-1);
}

}  // namespace conker::daemon
