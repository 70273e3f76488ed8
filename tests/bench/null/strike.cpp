// A strike without a stack.
#include <chrono>
#include <cstdio>

#include "tests/bench/null/arp.hpp"
#include "tests/bench/null/commands.hpp"
#include "tests/bench/null/segments.hpp"
#include "tests/bench/null/tap.hpp"
#include "tests/bench/null/usage.hpp"

namespace conker::null {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFramesPerLook = 64;  // between two looks at the clock
/// Time without a segment after which a SYN must be lost; the kernel retransmits its own segments
/// much earlier.
constexpr std::chrono::seconds kLost{1};
constexpr std::uint16_t kFirstPort = 1024;
/// The initial sequence number: a port is reused only after all others, when the kernel has
/// forgotten it, so any number will do.
constexpr std::uint32_t kFirstSequence = 1;

TcpSegment like(std::uint8_t flags) {
  TcpSegment segment;
  segment.flags = flags;
  segment.window = 65535;
  if (flags == TcpFlags::kSyn) segment.mss = 1460;
  return segment;
}

class Striker {
 public:
  explicit Striker(const StrikeOptions& options)
      : options_(options),
        tap_(options.device, options.offload),
        syn_(options.mac, tap_.host_mac(), like(TcpFlags::kSyn)),
        ack_(options.mac, tap_.host_mac(), like(TcpFlags::kAck)),
        fin_(options.mac, tap_.host_mac(), like(TcpFlags::kAck | TcpFlags::kFin)) {}

  void run() {
    greet(tap_, stop_, options_.mac, options_.from, options_.to);
    const Usage before = Usage::now();
    const auto start = Clock::now();
    run_until(start + std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(options_.seconds)));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const Usage used = Usage::now() - before;
    const std::uint64_t completed = completed_;
    opening_ = false;
    finish();
    std::printf(
        "{\"completed\": %llu, \"failed\": %llu, \"seconds\": %.3f, \"cycles_per_second\": %.0f, "
        "\"user_seconds\": %.2f, \"system_seconds\": %.2f}\n",
        static_cast<unsigned long long>(completed), static_cast<unsigned long long>(failed_),
        seconds, static_cast<double>(completed) / seconds, used.user_s, used.system_s);
  }

 private:
  void run_until(Clock::time_point end) {
    open_more();
    auto last_heard = Clock::now();
    for (auto now = last_heard; now < end && !stop_.stopped(); now = Clock::now()) {
      if (drain()) {
        last_heard = now;
        continue;
      }
      if (now - last_heard >= kLost) {
        failed_ += in_flight_;
        in_flight_ = 0;
        last_heard = now;
        open_more();
      }
      tap_.wait(stop_, std::chrono::milliseconds(10));
    }
  }

  /// Completes the cycles in flight, so that the peer keeps no connection.
  void finish() {
    const auto give_up = Clock::now() + kLost;
    while (in_flight_ > 0 && Clock::now() < give_up) {
      if (!drain()) tap_.wait(stop_, std::chrono::milliseconds(10));
    }
    failed_ += in_flight_;
  }

  /// Processes waiting frames, up to kFramesPerLook; false when there was none.
  bool drain() {
    for (int i = 0; i < kFramesPerLook; ++i) {
      const std::size_t length = tap_.read(in_);
      if (length == 0) return i != 0;
      if (const auto heard = hear(in_.frame().first(length))) {
        answer(*heard);
        open_more();
      } else if (answer_arp(in_, length, options_.from, options_.mac)) {
        tap_.write(in_, kArpFrame);
      }
    }
    return true;
  }

  void answer(const Heard& heard) {
    if (heard.has(TcpFlags::kSyn | TcpFlags::kAck)) {
      say(fin_, heard.ends, heard.ack, heard.seq + 1);
    } else if (heard.has(TcpFlags::kFin)) {
      say(ack_, heard.ends, heard.ack, heard.seq + 1);
      end(completed_);
    } else if (heard.has(TcpFlags::kRst | TcpFlags::kAck)) {
      end(failed_);  // the SYN was refused
    }
  }

  void say(const Template& what, const Ends& ends, std::uint32_t seq, std::uint32_t ack) {
    tap_.write(out_, what.write(out_.frame(), ends, seq, ack));
  }

  /// Ends a cycle. A FIN that the kernel retransmits ends its cycle twice, which only a stack would
  /// notice.
  void end(std::uint64_t& as) {
    if (in_flight_ == 0) return;
    --in_flight_;
    ++as;
  }

  void open_more() {
    while (opening_ && in_flight_ < options_.flight) {
      say(syn_, {options_.from[source_], options_.to, port_, options_.to_port}, kFirstSequence, 0);
      ++in_flight_;
      if (++source_ < options_.from.size()) continue;
      source_ = 0;
      port_ = port_ == 65535 ? kFirstPort : static_cast<std::uint16_t>(port_ + 1);
    }
  }

  const StrikeOptions& options_;
  peer::StopSignal stop_;
  Tap tap_;
  FrameBuffer in_, out_;
  Template syn_, ack_, fin_;
  std::uint64_t completed_ = 0, failed_ = 0;
  std::uint64_t in_flight_ = 0;
  std::size_t source_ = 0;
  std::uint16_t port_ = kFirstPort;
  bool opening_ = true;
};

}  // namespace

void strike(const StrikeOptions& options) {
  Striker(options).run();
}

}  // namespace conker::null
