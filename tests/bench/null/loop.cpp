// The smallest loop that can strike: what a strike costs without any checks.
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "tests/bench/null/arp.hpp"
#include "tests/bench/null/commands.hpp"
#include "tests/bench/null/segments.hpp"
#include "tests/bench/null/tap.hpp"
#include "tests/bench/null/usage.hpp"

namespace conker::null {
namespace {

using Clock = std::chrono::steady_clock;

// Offsets in a frame.
constexpr std::size_t kIpSum = 24, kSource = 26, kDestination = 30, kPorts = 34, kSequence = 38,
                      kAcknowledgment = 42, kFlags = 47, kTcpSum = 50;

volatile std::sig_atomic_t over = 0;

void on_alarm(int) {
  over = 1;
}

void ring_after(double seconds) {
  struct sigaction action {};
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, nullptr);
  const auto all =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::duration<double>(seconds));
  itimerval timer{};
  timer.it_value = {static_cast<time_t>(all.count() / 1'000'000),
                    static_cast<suseconds_t>(all.count() % 1'000'000)};
  if (::setitimer(ITIMER_REAL, &timer, nullptr) != 0) peer::fail("setitimer");
}

// Words stay in network order, in which sums are as right as in the machine's own order (RFC 1071,
// 2 (B)).
template <typename T>
T load(const std::byte* frame, std::size_t at) {
  T word;
  std::memcpy(&word, frame + at, sizeof word);
  return word;
}
template <typename T>
void store(std::byte* frame, std::size_t at, T word) {
  std::memcpy(frame + at, &word, sizeof word);
}

std::uint32_t swapped(std::uint32_t word) {
  return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
}
std::uint32_t one_more(std::uint32_t network_order) {
  return swapped(swapped(network_order) + 1);
}

/// Updates a checksum after `added` was written over zeros (RFC 1624).
std::uint16_t updated(std::uint16_t checksum, std::uint64_t added) {
  std::uint64_t sum = static_cast<std::uint16_t>(~checksum) + added;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// A frame whose source, ports and sequence numbers are still zero.
class Fixed {
 public:
  Fixed(const StrikeOptions& options, const Tap& tap, std::uint8_t flags) {
    TcpSegment segment;
    segment.flags = flags;
    segment.window = 65535;
    if (flags == TcpFlags::kSyn) segment.mss = 1460;
    size_ =
        Template(options.mac, tap.host_mac(), segment).write(bytes_, {0, options.to, 0, 0}, 0, 0);
    ip_sum_ = load<std::uint16_t>(bytes_.data(), kIpSum);
    tcp_sum_ = load<std::uint16_t>(bytes_.data(), kTcpSum);
  }

  void send(int fd, std::uint32_t source, std::uint32_t ports, std::uint32_t seq,
            std::uint32_t ack) {
    std::byte* const frame = bytes_.data();
    store(frame, kSource, source);
    store(frame, kPorts, ports);
    store(frame, kSequence, seq);
    store(frame, kAcknowledgment, ack);
    store(frame, kIpSum, updated(ip_sum_, source));
    store(frame, kTcpSum, updated(tcp_sum_, std::uint64_t{source} + ports + seq + ack));
    if (::write(fd, frame, size_) < 0 && errno != EAGAIN) peer::fail("write to the TAP device");
  }

 private:
  std::array<std::byte, 128> bytes_{};
  std::size_t size_ = 0;
  std::uint16_t ip_sum_ = 0, tcp_sum_ = 0;
};

}  // namespace

void loop(const StrikeOptions& options) {
  const peer::StopSignal stop;
  const Tap tap(options.device, false);
  Fixed syn(options, tap, TcpFlags::kSyn), fin(options, tap, TcpFlags::kAck | TcpFlags::kFin),
      ack(options, tap, TcpFlags::kAck);
  const int fd = tap.fd();
  FrameBuffer room;
  std::byte* const frame = room.frame().data();
  std::uint32_t port = 1024;
  std::size_t from = 0;
  std::uint64_t completed = 0;
  const auto open = [&] {
    syn.send(fd, swapped(options.from[from]), swapped(port << 16 | options.to_port), swapped(1), 0);
    if (++from < options.from.size()) return;
    from = 0;
    port = port == 65535 ? 1024 : port + 1;
  };

  greet(tap, stop, options.mac, options.from, options.to);
  const Usage before = Usage::now();
  const auto start = Clock::now();
  ring_after(options.seconds);
  for (unsigned i = 0; i < options.flight; ++i) open();
  while (over == 0 && !stop.stopped()) {
    const ssize_t length = ::read(fd, frame, FrameBuffer::kLongest);
    if (length < 0) {
      tap.wait(stop, std::chrono::milliseconds(10));
      continue;
    }
    const auto flags = static_cast<std::uint8_t>(frame[kFlags]);
    const auto size = static_cast<std::size_t>(length);
    if (size < kTcpSum) {  // too short for TCP: the kernel's ARP request
      if (answer_arp(room, size, options.from, options.mac)) tap.write(room, kArpFrame);
    } else if (flags == (TcpFlags::kSyn | TcpFlags::kAck) ||
               flags == (TcpFlags::kFin | TcpFlags::kAck)) {
      const bool opened = flags != (TcpFlags::kFin | TcpFlags::kAck);
      (opened ? fin : ack)
          .send(fd, load<std::uint32_t>(frame, kDestination),
                std::rotl(load<std::uint32_t>(frame, kPorts), 16),
                load<std::uint32_t>(frame, kAcknowledgment),
                one_more(load<std::uint32_t>(frame, kSequence)));
      if (opened) continue;
      ++completed;
      open();
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const Usage used = Usage::now() - before;
  std::printf(
      "{\"completed\": %llu, \"failed\": 0, \"seconds\": %.3f, \"cycles_per_second\": %.0f, "
      "\"user_seconds\": %.2f, \"system_seconds\": %.2f}\n",
      static_cast<unsigned long long>(completed), seconds, static_cast<double>(completed) / seconds,
      used.user_s, used.system_s);
}

}  // namespace conker::null
