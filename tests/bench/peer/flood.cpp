#include "tests/bench/peer/flood.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/bench/peer/socket.hpp"

namespace conker::peer {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20, kTcp = 20, kFrame = kEthernet + kIp + kTcp;
constexpr std::size_t kBatch = 64;

using Frame = std::array<std::uint8_t, kFrame>;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint32_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::uint32_t>(z >> 32);
  }

 private:
  std::uint64_t state_;
};

void put16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}

/// The internet checksum of an even number of bytes, on top of `sum`.
std::uint16_t checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i]) << 8 | bytes[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint8_t flags_of(const std::string& kind) {
  static const std::map<std::string, std::uint8_t> kKinds{
      {"syn", 0x02}, {"fin", 0x01}, {"rst", 0x04}, {"xmas", 0x29}};
  const auto found = kKinds.find(kind);
  if (found == kKinds.end()) throw std::invalid_argument(kind + ": not a kind of flood");
  return found->second;
}

/// Writes one segment of the flood.
void fill(Frame& frame, const FloodOptions& options, std::uint8_t flags, Random& random) {
  std::uint32_t source = ntohl(options.tuple.sin_addr.s_addr);
  std::uint32_t source_port = ntohs(options.tuple.sin_port);
  std::uint32_t target_port = ntohs(options.target.sin_port);
  const std::uint32_t dice = random();
  if (dice % 16 != 0) {
    source_port = 1024 + random() % 64512;
    if (dice / 16 % 4 != 0) source = (source & 0xffffff00) | (16 + random() % 224);
    if (dice / 64 % 2 != 0) target_port = 1 + random() % 65535;
  }

  std::uint8_t* const ip = frame.data() + kEthernet;
  std::uint8_t* const tcp = ip + kIp;
  std::memset(ip, 0, kIp + kTcp);
  put16(ip, 0x4500);
  put16(ip + 2, kIp + kTcp);
  put16(ip + 4, random());
  put16(ip + 8, 64 << 8 | IPPROTO_TCP);
  put32(ip + 12, source);
  put32(ip + 16, ntohl(options.target.sin_addr.s_addr));
  put16(ip + 10, checksum(std::span(ip, kIp)));

  put16(tcp, source_port);
  put16(tcp + 2, target_port);
  put32(tcp + 4, random());
  put32(tcp + 8, 0);
  put16(tcp + 12, (kTcp / 4) << 12 | flags);
  put16(tcp + 14, random());
  if ((flags & 0x20) != 0) put16(tcp + 18, random());
  const std::uint16_t addresses = static_cast<std::uint16_t>(~checksum(std::span(ip + 12, 8)));
  put16(tcp + 16, checksum(std::span(tcp, kTcp), std::uint32_t{addresses} + IPPROTO_TCP + kTcp));
}

Fd open_device(const FloodOptions& options) {
  Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!fd) fail("packet socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(options.device.c_str()));
  if (address.sll_ifindex == 0) fail(options.device);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("bind " + options.device);
  }
  return fd;
}

/// Sends all messages; waits while the device's queue is full.
void send_all(int fd, std::span<mmsghdr> messages) {
  while (!messages.empty()) {
    const int sent = ::sendmmsg(fd, messages.data(), static_cast<unsigned>(messages.size()), 0);
    if (sent < 0 && errno != ENOBUFS && errno != EINTR && errno != EAGAIN) fail("sendmmsg");
    if (sent <= 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    messages = messages.subspan(static_cast<std::size_t>(sent));
  }
}

}  // namespace

std::array<std::uint8_t, 6> mac(const std::string& text) {
  std::array<unsigned, 6> parts{};
  char end = 0;
  if (std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%c", &parts[0], &parts[1], &parts[2],
                  &parts[3], &parts[4], &parts[5], &end) != 6) {
    throw std::invalid_argument(text + ": not a link address");
  }
  std::array<std::uint8_t, 6> bytes{};
  std::ranges::transform(parts, bytes.begin(),
                         [](unsigned part) { return static_cast<std::uint8_t>(part); });
  return bytes;
}

void flood(const FloodOptions& options) {
  using Clock = std::chrono::steady_clock;
  const std::uint8_t flags = flags_of(options.kind);
  const Fd fd = open_device(options);
  Random random(options.seed);

  std::vector<Frame> frames(kBatch);
  std::vector<iovec> pieces(kBatch);
  std::vector<mmsghdr> messages(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) {
    std::ranges::copy(options.to_mac, frames[i].begin());
    std::ranges::copy(std::array<std::uint8_t, 6>{0x02, 0, 0, 0, 0, 0x66}, frames[i].begin() + 6);
    put16(frames[i].data() + 12, ETH_P_IP);
    pieces[i] = {frames[i].data(), kFrame};
    messages[i] = {};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const auto begin = Clock::now();
  for (std::uint64_t sent = 0; sent < options.count;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kBatch, options.count - sent));
    for (std::size_t i = 0; i < n; ++i) fill(frames[i], options, flags, random);
    send_all(fd.get(), std::span(messages).first(n));
    sent += n;
    std::this_thread::sleep_until(begin +
                                  std::chrono::nanoseconds(sent * 1'000'000'000 / options.rate));
  }
  std::printf("{\"sent\": %llu}\n", static_cast<unsigned long long>(options.count));
}

}  // namespace conker::peer
