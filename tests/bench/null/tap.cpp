#include "tests/bench/null/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace conker::null {

void FrameBuffer::set_offload(const OffloadHeader& header) {
  std::memcpy(room_.get() + kHeaderAt, &header, sizeof header);
}

Tap::Tap(const std::string& device, bool offload)
    : fd_(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)),
      begin_(offload ? FrameBuffer::kHeaderAt : FrameBuffer::kFrameAt) {
  if (!fd_) peer::fail("/dev/net/tun");
  // Attaching to a name that does not exist would create a device without addresses, and wait for
  // frames in vain.
  if (device.size() >= IFNAMSIZ || if_nametoindex(device.c_str()) == 0) {
    throw std::runtime_error("no device " + device + "; make it with: ip tuntap add dev " + device +
                             " mode tap");
  }
  ifreq request{};
  std::ranges::copy(device, request.ifr_name);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0));
  if (::ioctl(fd_.get(), TUNSETIFF, &request) != 0) peer::fail("attach to " + device);
  if (::ioctl(fd_.get(), TUNSETOFFLOAD, offload ? TUN_F_CSUM | TUN_F_TSO4 : 0) != 0) {
    peer::fail("set the offloads of " + device);
  }
  if (::ioctl(fd_.get(), SIOCGIFHWADDR, &request) != 0) peer::fail("link address of " + device);
  std::memcpy(host_mac_.bytes.data(), request.ifr_hwaddr.sa_data, host_mac_.bytes.size());
  const peer::Fd any_socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any_socket || ::ioctl(any_socket.get(), SIOCGIFMTU, &request) != 0)
    peer::fail("MTU of " + device);
  mtu_ = static_cast<std::uint16_t>(request.ifr_mtu);
}

std::size_t Tap::read(FrameBuffer& into) const {
  const std::size_t room = FrameBuffer::kFrameAt + FrameBuffer::kLongest - begin_;
  const ssize_t got = ::read(fd_.get(), into.room_.get() + begin_, room);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) peer::fail("read from the TAP device");
    return 0;
  }
  return static_cast<std::size_t>(got) - (FrameBuffer::kFrameAt - begin_);
}

void Tap::write(const FrameBuffer& from, std::size_t length) const {
  const std::size_t all = FrameBuffer::kFrameAt - begin_ + length;
  if (::write(fd_.get(), from.room_.get() + begin_, all) < 0 && errno != EAGAIN &&
      errno != ENOBUFS) {
    peer::fail("write to the TAP device");
  }
}

void Tap::wait(const peer::StopSignal& stop, std::chrono::milliseconds timeout) const {
  pollfd one{fd_.get(), POLLIN, 0};
  const timespec most{timeout.count() / 1000, timeout.count() % 1000 * 1'000'000};
  if (::ppoll(&one, 1, &most, &stop.mask_while_waiting()) < 0 && errno != EINTR) peer::fail("poll");
}

}  // namespace conker::null
