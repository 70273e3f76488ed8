#include "daemon/links/tap.hpp"

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

#include "daemon/links/host_side.hpp"
#include "daemon/links/interface.hpp"

namespace conker::daemon {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kLine = 64;  // of the CPU cache
constexpr std::size_t kMostParts = 64;
constexpr unsigned kJoined = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
/// The offload header before every frame: virtio_net_hdr (virtio 1.2, 5.1.6) in the byte order of
/// the machine. Linux's own <linux/virtio_net.h> is not for C++.
struct OffloadHeader {
  static constexpr std::uint8_t kNeedsChecksum = 1, kChecksumValid = 2;  // flags
  static constexpr std::uint8_t kTcpV4 = 1, kTcpV6 = 4;                  // gso_type

  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t hdr_len = 0;
  std::uint16_t gso_size = 0;
  std::uint16_t csum_start = 0;
  std::uint16_t csum_offset = 0;
};
static_assert(sizeof(OffloadHeader) == 10);

bool is_ipv6(std::span<const std::byte> headers) {
  constexpr std::size_t kTypeAt = 12;  // sent frames have no VLAN tag
  return headers[kTypeAt] == std::byte{kEtherTypeIpv6 >> 8} &&
         headers[kTypeAt + 1] == std::byte{kEtherTypeIpv6 & 0xff};
}

/// The offload header of a frame: whether the kernel completes the checksum, and where it cuts.
OffloadHeader header_for(const FrameOut& frame) {
  // Sent IP headers have no options, and no extension headers before TCP.
  constexpr std::uint16_t kBehindIpv4 = kEthernetHeader + 20, kBehindIpv6 = kEthernetHeader + 40,
                          kChecksumAt = 16;
  OffloadHeader header{};
  if (frame.segment == 0) return header;
  const bool ipv6 = is_ipv6(frame.parts[0]);
  const std::size_t headers = frame.parts[0].size();
  header.flags = OffloadHeader::kNeedsChecksum;
  header.csum_start = ipv6 ? kBehindIpv6 : kBehindIpv4;
  header.csum_offset = kChecksumAt;
  if (frame.size() - headers <= frame.segment) return header;
  header.gso_type = ipv6 ? OffloadHeader::kTcpV6 : OffloadHeader::kTcpV4;
  header.hdr_len = static_cast<std::uint16_t>(headers);
  header.gso_size = frame.segment;
  return header;
}

ChecksumState checksum_of(const OffloadHeader& header) {
  if ((header.flags & OffloadHeader::kNeedsChecksum) != 0) return ChecksumState::kPartial;
  return (header.flags & OffloadHeader::kChecksumValid) != 0 ? ChecksumState::kVouched
                                                             : ChecksumState::kUnknown;
}

}  // namespace

TapDevice::TapDevice(const config::Link& link, const config::Tap& tap)
    : HostDevice("tap", link, tap.device.text),
      wants_offload_(tap.offload),
      host_address_(tap.host_address),
      in_(std::make_unique<std::byte[]>(kInBytes)) {
  attach();
}

void TapDevice::attach() {
  descriptor_.reset(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor_) {
    fail_link(name_, "cannot open /dev/net/tun", errno,
              errno == ENOENT ? "load the driver with: modprobe tun"
                              : "the daemon's user needs access to it");
  }
  offload_ = wants_offload_;
  coalescing_ = false;
  int error = set_interface_of_queues(offload_ ? IFF_VNET_HDR : 0);
  if (error == EINVAL && offload_ && set_interface_of_queues(0) == 0) {
    spdlog::warn("link {}: {} knows no offload: TCP data passes segment by segment", name_,
                 device_);
    offload_ = false;
    error = 0;
  }
  if (error == 0) {
    // A persistent device has kept the header size of its previous user.
    int header = sizeof(OffloadHeader);
    if (offload_) ::ioctl(descriptor_.get(), TUNSETVNETHDRSZ, &header);
    ::ioctl(descriptor_.get(), TUNSETOFFLOAD, 0);
    coalesce(coalesce_);
    // One byte more, to detect longer frames.
    longest_ = (offload_ ? sizeof(OffloadHeader) + kMaxFrame : kLongestHeader + mtu_) + 1;
    if (host_address_.any()) set_up_host_side(name_, device_, mtu_, host_address_);
    return set_fd(descriptor_.get());
  }
  const std::string what = "cannot attach to the TAP device " + device_;
  switch (error) {
    case EPERM:
      fail_link(name_, what, EPERM,
                "run with CAP_NET_ADMIN, or make it for the daemon's user: ip tuntap add dev " +
                    device_ + " mode tap user USER");
    case EBUSY:
      fail_link(name_, what, EBUSY, "another program has it; stop that or choose another device");
    case EINVAL:
      fail_link(name_, what, EINVAL,
                "an interface of that name exists and is no TAP device; choose another name");
    default:
      fail_link(name_, what, error, "");
  }
}

int TapDevice::set_interface_of_queues(short flags) {
  const int error = set_interface(flags);
  return error == EINVAL ? set_interface(static_cast<short>(flags | IFF_MULTI_QUEUE)) : error;
}

void TapDevice::detach() {
  descriptor_.reset();
  set_fd(-1);
}

// The device's name and network namespace may have changed; it stays attached as long as the driver
// knows it.
std::string TapDevice::find() const {
  ifreq request{};
  if (::ioctl(descriptor_.get(), TUNGETIFF, &request) != 0) return {};
  return std::string(request.ifr_name, ::strnlen(request.ifr_name, IFNAMSIZ));
}

/// Returns 0 or errno.
int TapDevice::set_interface(short flags) {
  ifreq request = request_for(device_);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | flags);
  return ::ioctl(descriptor_.get(), TUNSETIFF, &request) == 0 ? 0 : errno;
}

void TapDevice::coalesce(bool wanted) {
  coalesce_ = wanted;
  wanted = wanted && offload_;
  if (wanted == coalescing_ || !descriptor_) return;
  coalescing_ = wanted;
  if (::ioctl(descriptor_.get(), TUNSETOFFLOAD, wanted ? kJoined : 0u) == 0) return;
  spdlog::warn("link {}: {} cannot be told how to hand over TCP data ({})", name_, device_,
               std::generic_category().message(errno));
}

std::size_t TapDevice::receive(std::span<FrameIn> batch, Instant now) {
  look_if_due(now);
  std::size_t count = 0;
  const std::size_t most = std::min(batch.size(), kBatch);
  // One behind the other: small frames share the nearest cache, a few large ones do not fill it.
  for (std::size_t at = 0; count < most && kInBytes - at >= longest_ && descriptor_;) {
    std::byte* buffer = in_.get() + at;
    const ssize_t got = ::read(descriptor_.get(), buffer, longest_);
    if (got < 0) {
      if (errno == EINTR) continue;
      // EIO: the device is down; no frame comes until it is up again.
      if (errno != EAGAIN && errno != EIO) lose(now);
      break;
    }
    auto size = static_cast<std::size_t>(got);
    OffloadHeader header{};
    const std::size_t in_front = offload_ ? sizeof header : 0;
    if (size >= longest_ || size < in_front) {
      ++counters_.in_unusable;
      continue;
    }
    std::memcpy(&header, buffer, in_front);
    at += (size + kLine - 1) / kLine * kLine;
    size -= in_front;
    ++counters_.frames_in;
    counters_.bytes_in += size;
    batch[count++] = FrameIn{{buffer + in_front, size}, checksum_of(header)};
  }
  return count;
}

bool TapDevice::send(const FrameOut& frame, Instant now) {
  if (!descriptor_) {
    ++counters_.out_down;
    return true;
  }
  if (frame.parts.size() >= kMostParts) {
    ++counters_.out_dropped;
    return true;
  }
  std::array<iovec, kMostParts> parts;
  int count = 0;
  OffloadHeader header;
  if (offload_) {
    header = header_for(frame);
    parts[0] = {&header, sizeof header};
    ++count;
  }
  for (const auto part : frame.parts) {
    // writev() only reads, whatever its type says.
    parts[static_cast<std::size_t>(count++)] = {const_cast<std::byte*>(part.data()), part.size()};
  }
  ssize_t put;
  do {
    put = ::writev(descriptor_.get(), parts.data(), count);
  } while (put < 0 && errno == EINTR);
  if (put >= 0) {
    ++counters_.frames_out;
    counters_.bytes_out += static_cast<std::uint64_t>(put) - (offload_ ? sizeof header : 0);
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
      lose(now);
      return true;
    default:
      ++counters_.out_dropped;
      return true;
  }
}

}  // namespace conker::daemon
