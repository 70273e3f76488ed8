// A bulk sender without a stack.
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "tests/bench/null/arp.hpp"
#include "tests/bench/null/bulk.hpp"
#include "tests/bench/null/commands.hpp"
#include "tests/bench/null/segments.hpp"

namespace conker::null {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kFirstNumber = 1;  // of the first byte; the SYN has the one before
constexpr std::chrono::milliseconds kSilence{200};
constexpr std::size_t kMostPayload = 65535 - 40;
constexpr int kRepeated = 3;  // duplicate ACKs

TcpSegment like(std::uint8_t flags, const Tap& tap) {
  TcpSegment segment;
  segment.flags = flags;
  segment.window = 65535;
  if ((flags & TcpFlags::kSyn) != 0) {
    segment.mss = mss_of(tap);
    segment.window_scale = 0;  // so that the peer may scale its own
  }
  return segment;
}

/// Writes the part of the stream that begins at byte `at`: consecutive 64-bit numbers.
void write_stream(std::span<std::byte> out, std::uint64_t at) {
  std::uint64_t word = at / 8;
  if (const std::size_t skip = at % 8; skip != 0) {
    const std::size_t n = std::min(out.size(), 8 - skip);
    std::memcpy(out.data(), reinterpret_cast<const std::byte*>(&word) + skip, n);
    out = out.subspan(n);
    ++word;
  }
  const std::size_t words = out.size() / 8;
  std::byte* to = out.data();
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t value = word + i;
    std::memcpy(to + i * 8, &value, 8);
  }
  word += words;
  std::memcpy(to + words * 8, &word, out.size() % 8);
}

class Sender {
 public:
  explicit Sender(const BulkOptions& options)
      : options_(options),
        tap_(options.device, options.offload),
        syn_ack_(options.mac, tap_.host_mac(), like(TcpFlags::kSyn | TcpFlags::kAck, tap_)),
        data_(options.mac, tap_.host_mac(), like(TcpFlags::kAck, tap_)),
        reset_(options.mac, tap_.host_mac(), like(TcpFlags::kAck | TcpFlags::kRst, tap_)),
        course_(options.seconds) {}

  void run() {
    announce(options_);
    auto looked = Clock::now();
    while (!course_.over(live_) && !stop_.stopped()) {
      const bool heard = hear_all();
      const bool said = say_some();
      if (!heard && !said) tap_.wait(stop_, std::chrono::milliseconds(10));
      if (const auto now = Clock::now(); now - looked >= kSilence) {
        looked = now;
        go_back_where_silent();
      }
    }
    for (const Connection& one : by_port_) {
      if (one.open) say(reset_, one, number(one.sent));
    }
    course_.print();
  }

 private:
  struct Connection {
    Ends ends;
    bool open = false, queued = false;
    std::uint8_t scale = 0;
    std::uint16_t mss = 0;
    int repeated = 0;                          // duplicate ACKs
    std::uint32_t expected = 0;                // RCV.NXT
    std::uint64_t window = 0;                  // bytes behind `acknowledged`
    std::uint64_t acknowledged = 0, sent = 0;  // bytes of the stream
    std::uint64_t furthest = 0;                // `sent`, before it went back
    std::uint64_t acknowledged_then = 0;       // at the last check for a stall
  };

  /// The sequence number of byte `at`: the stream is longer than 2^32 bytes.
  static std::uint32_t number(std::uint64_t at) {
    return kFirstNumber + static_cast<std::uint32_t>(at);
  }

  bool hear_all() {
    int frames = 0;
    for (; frames < kFramesPerTurn; ++frames) {
      const std::size_t length = tap_.read(in_);
      if (length == 0) break;
      if (const auto heard = hear(in_.frame().first(length))) {
        if (heard->ends.local_port == options_.port)
          arrived(by_port_[heard->ends.remote_port], *heard);
      } else if (answer_arp(in_, length, std::span(&options_.address, 1), options_.mac)) {
        tap_.write(in_, kArpFrame);
      }
    }
    return frames != 0;
  }

  void arrived(Connection& one, const Heard& heard) {
    if (heard.has(TcpFlags::kSyn)) {
      begin(one, heard);
    } else if (!one.open) {
      return;
    } else if (heard.has(TcpFlags::kRst)) {
      end(one);
    } else if (heard.has(TcpFlags::kFin)) {
      say(reset_, one, number(one.sent));
      end(one);
    } else {
      acknowledged(one, heard);
    }
  }

  void begin(Connection& one, const Heard& heard) {
    if (!one.open && live_ == kMostConnections) return;
    const auto syn = parse_tcp(heard.tcp);
    if (!syn) return;
    if (!one.open) ++live_;
    course_.connected();
    one = {};
    one.ends = heard.ends;
    one.open = true;
    one.scale = std::min(syn->window_scale.value_or(0), TcpSegment::kMaxWindowScale);
    one.mss = std::min(syn->mss.value_or(kIpv4MinimumMtu - 40), mss_of(tap_));
    one.expected = heard.seq + 1;
    say(syn_ack_, one, kFirstNumber - 1);
  }

  void end(Connection& one) {
    one.open = false;
    --live_;
  }

  void acknowledged(Connection& one, const Heard& heard) {
    const std::uint32_t more = heard.ack - number(one.acknowledged);
    const std::uint64_t window = std::uint64_t{heard.window} << one.scale;
    if (more > one.furthest - one.acknowledged) return;  // old, or of data never sent
    if (more != 0 || window != one.window || one.acknowledged == one.sent) {
      one.acknowledged += more;
      one.sent = std::max(one.sent, one.acknowledged);
      course_.bytes(more);
      one.repeated = 0;
    } else if (++one.repeated == kRepeated) {
      send(one, one.acknowledged, one.mss);
    }
    one.window = window;
    queue(one);
  }

  /// Bytes that may be sent now: whole segments only, so that a window that opens in small steps
  /// does not cause small segments.
  std::size_t room(const Connection& one) const {
    const std::uint64_t end = one.acknowledged + one.window;
    if (end <= one.sent) return 0;
    const std::size_t most = options_.offload ? kMostPayload : one.mss;
    return std::min<std::uint64_t>(end - one.sent, most) / one.mss * one.mss;
  }

  void queue(Connection& one) {
    if (one.queued || room(one) == 0) return;
    one.queued = true;
    queue_.push_back(&one);
  }

  /// Sends one frame on each connection in turn, up to kFramesPerTurn; false when no window has
  /// room.
  bool say_some() {
    int frames = 0;
    for (; frames < kFramesPerTurn && !queue_.empty(); ++frames) {
      Connection& one = *queue_.front();
      queue_.pop_front();
      one.queued = false;
      if (!one.open) continue;
      const std::size_t n = room(one);
      if (n == 0) continue;
      send(one, one.sent, n);
      one.sent += n;
      one.furthest = std::max(one.furthest, one.sent);
      queue(one);
    }
    return frames != 0;
  }

  void send(const Connection& one, std::uint64_t at, std::size_t n) {
    const std::span<std::byte> frame = out_.frame();
    write_stream(frame.subspan(data_.header_size(), n), at);
    std::size_t length;
    if (options_.offload) {
      OffloadHeader header;
      header.flags = OffloadHeader::kNeedsChecksum;
      header.checksum_start = kEthernetHeader + kIpv4HeaderMin;
      header.checksum_offset = 16;
      header.header_size = static_cast<std::uint16_t>(data_.header_size());
      if (n > one.mss) {
        header.segmentation = OffloadHeader::kTcp4;
        header.segment_size = one.mss;
      }
      out_.set_offload(header);
      length = data_.write(frame, one.ends, number(at), one.expected, n, Template::Sum::kPartial);
    } else {
      length = data_.write(frame, one.ends, number(at), one.expected, n);
    }
    tap_.write(out_, length);
    course_.frame();
  }

  void go_back_where_silent() {
    if (live_ == 0) return;
    for (Connection& one : by_port_) {
      if (!one.open) continue;
      if (one.sent != one.acknowledged && one.acknowledged == one.acknowledged_then) {
        one.sent = one.acknowledged;
        queue(one);
      }
      one.acknowledged_then = one.acknowledged;
    }
  }

  void say(const Template& what, const Connection& to, std::uint32_t seq) {
    out_.set_offload({});
    tap_.write(out_, what.write(out_.frame(), to.ends, seq, to.expected));
  }

  const BulkOptions& options_;
  peer::StopSignal stop_;
  Tap tap_;
  FrameBuffer in_, out_;
  Template syn_ack_, data_, reset_;
  Course course_;
  std::vector<Connection> by_port_ = std::vector<Connection>(65536);  // the kernel's
  std::deque<Connection*> queue_;                                     // with room in their windows
  std::size_t live_ = 0;
};

}  // namespace

void send(const BulkOptions& options) {
  Sender(options).run();
}

}  // namespace conker::null
