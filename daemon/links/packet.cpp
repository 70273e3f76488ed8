#include "daemon/links/packet.hpp"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/links/interface.hpp"
#include "daemon/links/packet_filter.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker::daemon {
namespace {

// A room that is no multiple of a page keeps the headers of a batch out of each other's cache
// lines.
constexpr std::size_t kInRoom = (kMaxFrame + 63) / 64 * 64 + 64;
constexpr int kSocketBuffer = 8 << 20;
constexpr Duration kRetry = 1ms;

void raise_buffer(int fd, int forced, int plain) {
  const int size = kSocketBuffer;
  if (::setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) == 0) return;
  ::setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
}

/// The kernel's report on a frame: whether it is whole, its VLAN, and the state of its checksum.
struct Verdict {
  bool usable = true;
  bool other_vlan = false;
  ChecksumState checksum = ChecksumState::kUnknown;
};

Verdict verdict_of(msghdr& message) {
  Verdict verdict;
  if ((message.msg_flags & MSG_TRUNC) != 0) verdict.usable = false;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(c), sizeof aux);
    // The kernel has removed the tag from the frame, which now looks like an untagged one; it is
    // one only where the tag carried a priority and no VLAN (IEEE 802.1Q, 6.9.1).
    verdict.other_vlan =
        (aux.tp_status & TP_STATUS_VLAN_VALID) != 0 && (aux.tp_vlan_tci & kVlanMask) != 0;
    if ((aux.tp_status & TP_STATUS_CSUMNOTREADY) != 0) {
      verdict.checksum = ChecksumState::kPartial;
    } else if ((aux.tp_status & TP_STATUS_CSUM_VALID) != 0) {
      verdict.checksum = ChecksumState::kVouched;
    }
  }
  return verdict;
}

}  // namespace

PacketDevice::PacketDevice(const config::Link& link, const config::Packet& packet)
    : HostDevice("packet", link, packet.device.text),
      link_(link),
      in_buffers_(kBatch * kInRoom),
      out_room_((kEthernetHeader + link.mtu + 63u) / 64u * 64u),
      out_buffers_(std::make_unique<std::byte[]>(kBatch * out_room_)) {
  prepare_batches();
  attach();
}

void PacketDevice::attach() {
  // Protocol 0: no frame is received before the filter is set and bind() names the interface.
  descriptor_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor_) {
    fail_link(name_, "cannot open a packet socket", errno,
              errno == EPERM || errno == EAFNOSUPPORT
                  ? "run with CAP_NET_RAW; its unit needs packet.conf of the examples"
                  : "");
  }
  const int fd = descriptor_.get();
  check_interface();

  std::vector<sock_filter> program = make_packet_filter(link_);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    fail_link(name_, "cannot attach the packet filter", errno, "");
  }
  const int on = 1;
  if (::setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) != 0) {
    fail_link(name_, "cannot ask for checksum states", errno, "");
  }
  if (::setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0) {
    fail_link(name_, "cannot leave out the host's own frames", errno,
              "this takes Linux 4.20 or later");
  }
  raise_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  raise_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);

  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(ETH_P_ALL);
  at.sll_ifindex = interface_index_;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    fail_link(name_, "cannot bind to " + device_, errno,
              errno == ENETDOWN ? "bring it up: ip link set " + device_ + " up" : "");
  }
  // This is for groups of IPv6, too. A switch that snoops learns of them by the stack's own reports
  // (RFC 3810).
  packet_mreq membership{};
  membership.mr_ifindex = interface_index_;
  membership.mr_type = PACKET_MR_PROMISC;
  if (::setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) {
    fail_link(name_, "cannot make " + device_ + " hand over frames for a second MAC", errno, "");
  }
  set_fd(fd);
}

void PacketDevice::detach() {
  counters_.out_down += out_queued_ - out_sent_;
  out_sent_ = out_queued_ = 0;
  blocked_ = false;
  retry_at_ = kNever;
  descriptor_.reset();
  set_fd(-1);
}

// A name may change; the index is the interface's for as long as it stays in this network
// namespace.
std::string PacketDevice::find() const {
  std::array<char, IFNAMSIZ> name{};
  return ::if_indextoname(static_cast<unsigned>(interface_index_), name.data()) == nullptr
             ? ""
             : name.data();
}

void PacketDevice::check_interface() {
  const Interface interface(device_);
  interface_index_ = interface.index();
  if (interface_index_ == 0)
    fail_link(name_, "no interface " + device_, errno, "ip link lists those there are");
  if (const std::string why = interface.misfit(link_); !why.empty())
    throw std::runtime_error("link " + name_ + ": " + why);
}

void PacketDevice::prepare_batches() {
  for (std::size_t i = 0; i < kBatch; ++i) {
    in_parts_[i] = {in_buffers_.bytes().data() + i * kInRoom, kInRoom};
    in_messages_[i].msg_hdr.msg_iov = &in_parts_[i];
    in_messages_[i].msg_hdr.msg_iovlen = 1;
    in_messages_[i].msg_hdr.msg_control = in_control_[i].data();
    out_messages_[i].msg_hdr.msg_iov = out_parts_[i].data();
  }
}

std::size_t PacketDevice::receive(std::span<FrameIn> batch, Instant now) {
  look_if_due(now);
  if (!descriptor_) return 0;
  const std::size_t most = std::min(batch.size(), kBatch);
  for (std::size_t i = 0; i < most; ++i) in_messages_[i].msg_hdr.msg_controllen = kControlRoom;
  // An error (the interface went down) is reported once, and frames are received again when the
  // interface is up.
  const int got = ::recvmmsg(descriptor_.get(), in_messages_.data(), static_cast<unsigned>(most),
                             MSG_DONTWAIT, nullptr);
  std::size_t count = 0;
  for (int i = 0; i < got; ++i) {
    mmsghdr& message = in_messages_[static_cast<std::size_t>(i)];
    const Verdict verdict = verdict_of(message.msg_hdr);
    if (!verdict.usable) {
      ++counters_.in_unusable;
      continue;
    }
    if (verdict.other_vlan) {
      ++counters_.in_other_vlan;
      continue;
    }
    ++counters_.frames_in;
    counters_.bytes_in += message.msg_len;
    batch[count++] =
        FrameIn{{static_cast<const std::byte*>(message.msg_hdr.msg_iov->iov_base), message.msg_len},
                verdict.checksum};
  }
  return count;
}

bool PacketDevice::send(const FrameOut& frame, Instant now) {
  // Without a carrier the kernel takes frames and throws them away.
  if (state() != LinkState::kUp) {
    ++counters_.out_down;
    return true;
  }
  if (out_sent_ > 0 || out_queued_ == kBatch) flush(now);
  if (out_queued_ == kBatch || blocked_ || retry_at_ != kNever) {
    ++counters_.busy;
    return false;
  }
  const std::size_t size = frame.size();
  if (size > out_room_) {
    ++counters_.out_dropped;
    return true;
  }
  auto& parts = out_parts_[out_queued_];
  std::byte* own = out_buffers_.get() + out_queued_ * out_room_;
  const auto head = frame.parts[0];
  std::memcpy(own, head.data(), head.size());
  parts[0] = {own, head.size()};
  std::size_t count = 1;
  for (const auto part : frame.parts.subspan(1)) {
    if (frame.parts.size() > kMaxParts) {
      std::memcpy(own + parts[0].iov_len, part.data(), part.size());
      parts[0].iov_len += part.size();
    } else {
      // sendmmsg() only reads, whatever its type says.
      parts[count++] = {const_cast<std::byte*>(part.data()), part.size()};
    }
  }
  out_messages_[out_queued_].msg_hdr.msg_iovlen = count;
  ++out_queued_;
  counters_.bytes_out += size;
  return true;
}

void PacketDevice::flush(Instant now) {
  if (retry_at_ != kNever && now < retry_at_) return;
  blocked_ = false;
  retry_at_ = kNever;
  while (out_sent_ < out_queued_) {
    const int put = ::sendmmsg(descriptor_.get(), &out_messages_[out_sent_],
                               static_cast<unsigned>(out_queued_ - out_sent_), MSG_DONTWAIT);
    if (put > 0) {
      counters_.frames_out += static_cast<std::uint64_t>(put);
      out_sent_ += static_cast<std::size_t>(put);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      blocked_ = true;
    } else if (errno == ENOBUFS) {
      retry_at_ = now + kRetry;
    } else {
      // The interface is down or gone, or does not take this one frame.
      ++(errno == ENETDOWN || errno == ENXIO || errno == ENODEV ? counters_.out_down
                                                                : counters_.out_dropped);
      ++out_sent_;
      continue;
    }
    stop_borrowing();
    return;
  }
  out_sent_ = out_queued_ = 0;
}

/// Copies unsent frames into their rooms, since the stack's buffers that they refer to are valid
/// until flush() only.
void PacketDevice::stop_borrowing() {
  for (std::size_t i = out_sent_; i < out_queued_; ++i) {
    auto& parts = out_parts_[i];
    auto* own = static_cast<std::byte*>(parts[0].iov_base);
    std::size_t& count = out_messages_[i].msg_hdr.msg_iovlen;
    for (std::size_t p = 1; p < count; ++p) {
      std::memcpy(own + parts[0].iov_len, parts[p].iov_base, parts[p].iov_len);
      parts[0].iov_len += parts[p].iov_len;
    }
    count = 1;
  }
}

}  // namespace conker::daemon
