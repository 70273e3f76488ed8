// A bulk receiver without a stack.
#include <array>
#include <cstring>
#include <vector>

#include "tests/bench/null/arp.hpp"
#include "tests/bench/null/bulk.hpp"
#include "tests/bench/null/commands.hpp"
#include "tests/bench/null/segments.hpp"

namespace conker::null {
namespace {

constexpr std::uint32_t kOurNumber = 1;   // initial sequence number; only a FIN follows
constexpr std::uint8_t kWindowScale = 6;  // a window of 2 MiB
constexpr std::uint16_t kWindow = 32768;

TcpSegment like(std::uint8_t flags, const Tap& tap) {
  TcpSegment segment;
  segment.flags = flags;
  segment.window = kWindow;
  if ((flags & TcpFlags::kSyn) != 0) {
    segment.mss = mss_of(tap);
    segment.window_scale = kWindowScale;
  }
  return segment;
}

class Receiver {
 public:
  explicit Receiver(const BulkOptions& options)
      : options_(options),
        tap_(options.device, options.offload),
        syn_ack_(options.mac, tap_.host_mac(), like(TcpFlags::kSyn | TcpFlags::kAck, tap_)),
        ack_(options.mac, tap_.host_mac(), like(TcpFlags::kAck, tap_)),
        fin_(options.mac, tap_.host_mac(), like(TcpFlags::kAck | TcpFlags::kFin, tap_)),
        reset_(options.mac, tap_.host_mac(), like(TcpFlags::kAck | TcpFlags::kRst, tap_)),
        large_(2u * mss_of(tap_)),
        course_(options.seconds) {}

  void run() {
    announce(options_);
    while (!course_.over(live_) && !stop_.stopped()) {
      if (!turn()) tap_.wait(stop_, std::chrono::milliseconds(10));
    }
    for (Connection& one : by_port_) {
      if (one.open) say(reset_, one, kOurNumber + 1);
    }
    course_.print();
  }

 private:
  struct Connection {
    Ends ends;
    std::uint32_t expected = 0;  // RCV.NXT
    bool open = false;
    std::uint8_t unacknowledged = 0;  // segments not acknowledged
  };

  /// Processes waiting frames, up to kFramesPerTurn; false when there was none.
  bool turn() {
    int frames = 0;
    for (; frames < kFramesPerTurn; ++frames) {
      const std::size_t length = tap_.read(in_);
      if (length == 0) break;
      course_.frame();
      if (const auto heard = hear(in_.frame().first(length))) {
        if (heard->ends.local_port == options_.port)
          arrived(by_port_[heard->ends.remote_port], *heard);
      } else if (answer_arp(in_, length, std::span(&options_.address, 1), options_.mac)) {
        tap_.write(in_, kArpFrame);
      }
    }
    for (Connection* one : waiting_) {
      if (one->unacknowledged != 0) acknowledge(*one);
    }
    waiting_.clear();
    return frames != 0;
  }

  void arrived(Connection& one, const Heard& heard) {
    if (heard.has(TcpFlags::kSyn)) {
      begin(one, heard);
    } else if (!one.open) {
      return;
    } else if (heard.has(TcpFlags::kRst)) {
      end(one);
    } else if (heard.seq != one.expected) {
      acknowledge(one);
    } else {
      take(one, heard);
    }
  }

  void begin(Connection& one, const Heard& heard) {
    if (!one.open && live_ == kMostConnections) return;
    if (!one.open) ++live_;
    course_.connected();
    one = {heard.ends, heard.seq + 1, true, 0};
    say(syn_ack_, one, kOurNumber);
  }

  void take(Connection& one, const Heard& heard) {
    if (const std::size_t n = heard.payload.size(); n != 0) {
      std::memcpy(taken_.data(), heard.payload.data(), n);
      course_.bytes(n);
      one.expected += static_cast<std::uint32_t>(n);
      if (one.unacknowledged++ == 0) waiting_.push_back(&one);
      if (one.unacknowledged == 2 || n >= large_) acknowledge(one);
    }
    if (heard.has(TcpFlags::kFin)) {
      ++one.expected;
      say(fin_, one, kOurNumber + 1);
      end(one);
    }
  }

  void end(Connection& one) {
    one.open = false;
    one.unacknowledged = 0;
    --live_;
  }

  void acknowledge(Connection& one) {
    one.unacknowledged = 0;
    say(ack_, one, kOurNumber + 1);
  }

  void say(const Template& what, const Connection& to, std::uint32_t seq) {
    tap_.write(out_, what.write(out_.frame(), to.ends, seq, to.expected));
  }

  const BulkOptions& options_;
  peer::StopSignal stop_;
  Tap tap_;
  FrameBuffer in_, out_;
  Template syn_ack_, ack_, fin_, reset_;
  std::size_t large_;
  Course course_;
  std::vector<Connection> by_port_ = std::vector<Connection>(65536);  // by kernel's port
  std::vector<Connection*> waiting_;                                  // an ACK is due
  std::size_t live_ = 0;
  std::array<std::byte, FrameBuffer::kLongest> taken_;
};

}  // namespace

void receive(const BulkOptions& options) {
  Receiver(options).run();
}

}  // namespace conker::null
