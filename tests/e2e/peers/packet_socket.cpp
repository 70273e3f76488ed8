#include "tests/e2e/peers/packet_socket.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace conker::device {
namespace {

constexpr int kReceiveBuffer = 32 << 20;  // bytes

template <typename Value>
void set(int fd, int level, int option, const Value& value, const char* what) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) peer::fail(what);
}

}  // namespace

PacketSocket::PacketSocket(const std::string& interface)
    : fd_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  if (!fd_) peer::fail("packet socket");
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) throw std::runtime_error("no interface " + interface);
  set(fd_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "ignore outgoing frames");
  set(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer, "set the receive buffer");
  set(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, kReceiveBuffer, "set the send buffer");
  // The address is not the kernel's: without this a network card would filter its frames.
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = static_cast<int>(index);
  promiscuous.mr_type = PACKET_MR_PROMISC;
  set(fd_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous, "promiscuous mode");
  sockaddr_ll local{};
  local.sll_family = AF_PACKET;
  local.sll_protocol = htons(ETH_P_ALL);
  local.sll_ifindex = static_cast<int>(index);
  if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0)
    peer::fail("bind to " + interface);
  for (std::size_t i = 0; i < kBatch; ++i) {
    in_->pieces[i] = {in_->bytes[i].data(), in_->bytes[i].size()};
    in_->messages[i] = {};
    in_->messages[i].msg_hdr.msg_iov = &in_->pieces[i];
    in_->messages[i].msg_hdr.msg_iovlen = 1;
  }
}

std::span<const std::span<const std::byte>> PacketSocket::receive() {
  const int got = ::recvmmsg(fd_.get(), in_->messages.data(), kBatch, 0, nullptr);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN) peer::fail("receive");
    return {};
  }
  const auto count = static_cast<std::size_t>(got);
  for (std::size_t i = 0; i < count; ++i)
    in_->frames[i] = std::span(in_->bytes[i]).first(in_->messages[i].msg_len);
  return std::span(in_->frames).first(count);
}

void PacketSocket::send(Outbox& out) {
  std::array<iovec, Outbox::kFrames> pieces;
  std::array<mmsghdr, Outbox::kFrames> messages{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    pieces[i] = {const_cast<std::byte*>(out[i].data()), out[i].size()};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t sent = 0; sent < out.size();) {
    const int n =
        ::sendmmsg(fd_.get(), messages.data() + sent, static_cast<unsigned>(out.size() - sent), 0);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EMSGSIZE || errno == ENOBUFS || errno == EAGAIN || errno == ENETDOWN) {
      ++sent;
    } else if (errno != EINTR) {
      peer::fail("send");
    }
  }
  out.clear();
}

void PacketSocket::wait(const peer::StopSignal& stop, Duration timeout) const {
  pollfd one{fd_.get(), POLLIN, 0};
  const auto us = std::max<std::int64_t>(timeout.count(), 0);
  const timespec most{us / 1'000'000, us % 1'000'000 * 1000};
  if (::ppoll(&one, 1, &most, &stop.mask_while_waiting()) < 0 && errno != EINTR) peer::fail("poll");
}

}  // namespace conker::device
