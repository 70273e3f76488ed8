#include "tests/sim/hostile.hpp"

#include <algorithm>

#include "tests/sim/frames.hpp"
#include "tests/sim/stations.hpp"
#include "tests/sim/visits.hpp"

namespace conker::sim {
namespace {

using test::kAck, test::kFin, test::kPsh, test::kRst, test::kSyn;

constexpr Duration kDelay = 200us;  // delay of its frames, hence the pace of an ACK loop
constexpr Duration kEvery = 5ms;    // between the frames of a stream
constexpr std::uint32_t kHoleCount = 80;
constexpr std::uint16_t kSmallWindow = 1000;
constexpr std::uint8_t kShift = 7;

bool has(const test::WireSegment& s, std::uint8_t flags) {
  return (s.flags & flags) == flags;
}

}  // namespace

void Hostile::begin(const Op& op) {
  const std::uint32_t host = op.a[0] % context_.config.hosts, trick = op.a[1] % kTricks;
  const std::uint32_t count = std::clamp(op.a[2], 1u, 100u);
  if (trick == kMeets) return;  // until the host opens
  if (trick == kFlood || trick == kFragments) {
    streams_.push_back({host, trick, count, context_.now});
    return;
  }
  for (std::uint32_t i = 0; i < count; ++i) open(host, trick);
}

void Hostile::stop() {
  stopped_ = true;
  streams_.clear();
  talks_.clear();
}

Instant Hostile::next() const {
  Instant next = kNever;
  for (const Stream& stream : streams_) next = std::min(next, stream.next);
  return next;
}

void Hostile::step() {
  for (Stream& stream : streams_) {
    for (; stream.next <= context_.now && stream.left > 0; stream.next += kEvery, --stream.left) {
      if (stream.trick == kFlood) {
        open(stream.host, kFlood);
      } else {
        const auto frame =
            fragment_frame(stream.host, kFirstHostile, static_cast<std::uint16_t>(dice_()), 1400);
        context_.wire.inject_burst(stream.host, frame, context_.now + kDelay);
      }
    }
  }
  std::erase_if(streams_, [](const Stream& stream) { return stream.left == 0; });
}

// ---- Sending ----

test::WireSegment Hostile::segment(const Talk& talk, std::uint8_t flags) const {
  test::WireSegment s;
  s.source = address_of_station(talk.station);
  s.destination = address_of_host(talk.host);
  s.source_port = talk.port;
  s.destination_port = talk.remote_port;
  s.seq = talk.snd_nxt;
  if ((flags & kAck) != 0) s.ack = talk.rcv_nxt;
  s.flags = flags;
  s.window = 65535;
  if (talk.timestamp != 0) {
    const auto now = static_cast<std::uint32_t>(context_.now.time_since_epoch().count() / 1000);
    s.options.timestamps = {talk.iss + now, talk.timestamp};
  }
  return s;
}

void Hostile::send(Talk& talk, const test::WireSegment& s) {
  if (talk.left == 0) return;
  --talk.left;
  ++context_.figures.hostile;
  context_.wire.inject_burst(talk.host,
                             test::encode(s, mac_of_station(talk.station), mac_of_host(talk.host)),
                             context_.now + kDelay);
}

void Hostile::acknowledge(Talk& talk, std::uint16_t window) {
  test::WireSegment s = segment(talk, kAck);
  s.window = window;
  send(talk, s);
}

// Sends a byte of an ordinary stream, so that its place can be checked.
void Hostile::ask(Talk& talk) {
  test::WireSegment s = segment(talk, kAck | kPsh);
  s.data = std::string(1, static_cast<char>(byte_of_stream(talk.iss, talk.snd_nxt - talk.iss - 1)));
  if (talk.trick == kNoReader || talk.trick == kSillyWindow) s.window = 1;
  ++talk.snd_nxt;
  send(talk, s);
}

void Hostile::say_fin(Talk& talk) {
  if (!talk.said_fin) {
    const auto key = Context::stream_key(talk.iss, talk.port, talk.remote_port);
    context_.streams[key] = {.sent = talk.snd_nxt - talk.iss - 1, .ended = true};
    ++talk.snd_nxt;
  }
  talk.said_fin = true;
  test::WireSegment s = segment(talk, kAck | kFin);
  --s.seq;
  send(talk, s);
}

void Hostile::open(std::uint32_t host, std::uint32_t trick) {
  if (talks_.size() >= kMost) return;
  Talk talk{.host = host,
            .trick = trick,
            .station = static_cast<std::uint8_t>(kFirstHostile + dice_.below(kHostiles)),
            .port = next_port_++,
            .remote_port = trick == kIdle || trick == kHoles ? Visits::kPort : Visits::kPagePort,
            .iss = static_cast<std::uint32_t>(dice_()),
            .snd_nxt = 0};
  talk.snd_nxt = talk.iss;
  test::WireSegment s = segment(talk, kSyn);
  s.mss = static_cast<std::uint16_t>(trick == kTinyMss ? 1 : 1460);
  s.options.sack_permitted = true;
  if (trick != kTinyMss && dice_.one_in(2)) s.options.timestamps = {talk.iss, 0};
  if (trick == kNoReader || trick == kSillyWindow) s.window = 1;
  ++talk.snd_nxt;
  talks_.push_back(talk);
  send(talks_.back(), s);
}

// ---- Receiving ----

Hostile::Talk* Hostile::find(std::uint32_t host, const test::WireSegment& heard) {
  const auto at = std::ranges::find_if(talks_, [&](const Talk& t) {
    return t.host == host && t.port == heard.destination_port &&
           t.remote_port == heard.source_port && address_of_station(t.station) == heard.destination;
  });
  return at == talks_.end() ? nullptr : &*at;
}

void Hostile::hear(std::uint32_t host, std::span<const std::byte> frame) {
  const auto heard = test::decode(frame);
  if (!heard || host >= context_.config.hosts || has(*heard, kRst)) return;
  Talk* talk = find(host, *heard);
  if (talk == nullptr && !stopped_ && has(*heard, kSyn) && !has(*heard, kAck) &&
      heard->destination_port == kMeetingPort && talks_.size() < kMost) {
    talks_.push_back({.host = host,
                      .trick = kMeets,
                      .station = static_cast<std::uint8_t>(heard->destination.v4_bits() & 0xff),
                      .port = kMeetingPort,
                      .remote_port = heard->source_port,
                      .iss = static_cast<std::uint32_t>(dice_()),
                      .snd_nxt = 0});
    return on_syn(talks_.back(), *heard);
  }
  if (talk == nullptr) return reset(host, *heard);
  if (talk->timestamp != 0 && heard->options.timestamps)
    talk->timestamp = heard->options.timestamps->first;
  if (has(*heard, kSyn | kAck)) return on_syn_ack(*talk, *heard);
  if (has(*heard, kAck)) on_segment(*talk, *heard);
}

void Hostile::reset(std::uint32_t host, const test::WireSegment& heard) {
  test::WireSegment s;
  s.source = heard.destination;
  s.destination = heard.source;
  s.source_port = heard.destination_port;
  s.destination_port = heard.source_port;
  s.flags = kRst;
  s.seq = heard.ack;
  if (!has(heard, kAck)) {
    s.flags = kRst | kAck;
    s.ack = heard.seq + static_cast<std::uint32_t>(heard.data.size()) + (has(heard, kSyn) ? 1 : 0);
  }
  const auto station = static_cast<std::uint8_t>(heard.destination.v4_bits() & 0xff);
  context_.wire.inject_burst(host, test::encode(s, mac_of_station(station), mac_of_host(host)),
                             context_.now + kDelay);
}

// Simultaneous open: sends a SYN, and a SYN-ACK with a window that is not scaled (RFC 7323, 2.2).
void Hostile::on_syn(Talk& talk, const test::WireSegment& heard) {
  talk.snd_nxt = talk.iss;
  talk.rcv_nxt = heard.seq + 1;
  for (const std::uint8_t flags : {kSyn, static_cast<std::uint8_t>(kSyn | kAck)}) {
    test::WireSegment s = segment(talk, flags);
    s.window = kSmallWindow;
    s.mss = 1460;
    s.options.sack_permitted = true;
    if (heard.options.window_scale) s.options.window_scale = kShift;
    send(talk, s);
  }
  ++talk.snd_nxt;
}

void Hostile::on_syn_ack(Talk& talk, const test::WireSegment& heard) {
  talk.rcv_nxt = heard.seq + 1;
  if (talk.trick == kMeets) return;
  const bool first = !talk.connected;
  if (first && heard.options.timestamps) talk.timestamp = heard.options.timestamps->first;
  test::WireSegment s = segment(talk, kAck);
  switch (talk.trick) {
    case kFlood:
      return;
    case kQuarrelsEarly:
      s.seq -= 1'000'000;
      return send(talk, s);
    case kSynAgain:
      s = segment(talk, kSyn);
      s.seq = talk.iss;
      s.mss = 1460;
      if (s.options.timestamps) s.options.timestamps->second = 0;
      return send(talk, s);
    default:
      break;
  }
  talk.connected = true;
  acknowledge(talk, talk.trick == kNoReader || talk.trick == kSillyWindow ? 1 : 65535);
  if (!first) return;
  if (talk.trick == kHoles) {
    for (std::uint32_t i = 0; i < kHoleCount; ++i) {
      test::WireSegment hole = segment(talk, kAck);
      hole.seq += 1 + 2 * i;
      hole.data =
          std::string(1, static_cast<char>(byte_of_stream(talk.iss, hole.seq - talk.iss - 1)));
      send(talk, hole);
    }
  } else if (talk.trick == kQuarrels) {
    s.seq -= 1;
    send(talk, s);
  } else if (talk.trick != kIdle) {
    ask(talk);
  }
}

void Hostile::on_segment(Talk& talk, const test::WireSegment& heard) {
  const auto end = heard.seq + static_cast<std::uint32_t>(heard.data.size());
  const bool next = heard.seq == talk.rcv_nxt;
  const bool brings_data = next && (!heard.data.empty() || has(heard, kFin));
  if (next) talk.rcv_nxt = end + (has(heard, kFin) ? 1 : 0);
  if (next && has(heard, kFin)) talk.heard_fin = true;
  react(talk, heard, brings_data);
}

void Hostile::react(Talk& talk, const test::WireSegment& heard, bool brings_data) {
  const bool repeats = !heard.data.empty() || has(heard, kFin);  // wants an ACK, new or not
  test::WireSegment s = segment(talk, kAck);
  switch (talk.trick) {
    case kQuarrels:
      s.seq -= 1 + dice_.below(2);
      return send(talk, s);
    case kQuarrelsEarly:
      s.seq -= 1'000'000;
      return send(talk, s);
    case kFinAgain:
      if (talk.heard_fin) return say_fin(talk);
      break;
    case kNoReader:
      if (repeats) acknowledge(talk, 0);
      return;
    case kSillyWindow:
      if (repeats) acknowledge(talk, 1);
      return;
    case kOptimist:
      s.ack += 1 + dice_.below(20'000);
      if (brings_data) send(talk, s);
      return;
    case kSackNonsense: {
      const std::uint32_t at = talk.rcv_nxt + dice_.below(30'000);
      s.options.sack = {{at, at + dice_.below(3000)}, {at + 100, at - 100}, {at - 1'000'000, at}};
      if (s.options.timestamps) s.options.sack.pop_back();
      if (repeats) send(talk, s);
      return;
    }
    case kMeets:
      if (talk.heard_fin && !talk.said_fin) return say_fin(talk);
      if (repeats) acknowledge(talk, kSmallWindow >> kShift);
      return;
    default:
      break;
  }
  if (repeats) acknowledge(talk, 65535);
}

}  // namespace conker::sim
