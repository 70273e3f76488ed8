#include "tests/sim/forged.hpp"

#include <algorithm>

namespace conker::sim {
namespace {

using test::kAck, test::kFin, test::kPsh, test::kRst, test::kSyn;

constexpr std::uint32_t kFar = 1u << 24;  // more than any window or flight of a siege

std::uint32_t far_away(Dice& dice) {
  return kFar + dice.below(1u << 28);
}

std::uint32_t in_window(const Mark& mark, Dice& dice) {
  return mark.rcv_nxt + (dice.one_in(2) ? 0 : dice.below(std::max(mark.rcv_wnd, 1u)));
}

std::uint32_t bad_ack(const Mark& mark, Dice& dice) {
  return dice.one_in(2) ? mark.snd_nxt + far_away(dice) : mark.snd_una - 4 * kFar - far_away(dice);
}

std::string some_options(Dice& dice) {
  static constexpr std::array<std::string_view, 8> kAll{
      std::string_view("\x01\x01\x01\x01", 4),
      std::string_view("\x00\xff\xff\xff", 4),
      std::string_view("\x05\x02\x01\x01", 4),
      std::string_view("\xfd\x04\x12\x34", 4),
      std::string_view("\x08\x04\x00\x00", 4),
      std::string_view("\xfe\x28\x00\x00", 4),  // longer than the options
      std::string_view("\x22\x00\x01\x01", 4),  // of no length
      std::string_view("\x02\x04\x00\x01", 4)};
  return std::string(kAll[dice.below(kAll.size())]);
}

// Adds options and data that must not matter.
void decorate(const Mark& mark, Dice& dice, test::WireSegment& s) {
  s.window = dice.of<std::uint16_t>({0, 1, 1000, 65535, 65535});
  for (const std::uint8_t flag : {kPsh, test::kUrg, test::kEce, test::kCwr}) {
    if (dice.one_in(6)) s.flags |= flag;
  }
  if ((s.flags & test::kUrg) != 0) s.options.urgent = static_cast<std::uint16_t>(dice());
  if (dice.one_in(6)) s.options.ecn = static_cast<std::uint8_t>(dice.below(4));
  if (dice.one_in(6)) s.mss = dice.of<std::uint16_t>({0, 1, 48, 1460, 65535});
  if (dice.one_in(6)) s.options.window_scale = static_cast<std::uint8_t>(dice.below(256));
  if (dice.one_in(6)) s.options.sack_permitted = true;
  if (dice.one_in(8)) s.options.user_timeout = static_cast<std::uint16_t>(dice());
  if (dice.one_in(4)) {  // SACK blocks of data never sent; duplicate (RFC 2883); in wrong order
    const std::uint32_t left = mark.snd_una + (dice.one_in(2) ? dice.below(3000) : far_away(dice));
    s.options.sack.emplace_back(left, left + dice.below(3000));
    if (dice.one_in(2)) s.options.sack.emplace_back(left - 10, left + 5000);
  }
  if (dice.one_in(8)) s.options.raw = some_options(dice);
}

std::uint32_t ahead(const Mark& mark, Dice& dice) {
  return mark.peer_timestamp + 1 + dice.below(1u << 30);
}

void any_timestamps(const Mark& mark, Dice& dice, test::WireSegment& s) {
  const std::uint32_t value = dice.of({ahead(mark, dice), ahead(mark, dice), mark.peer_timestamp,
                                       mark.peer_timestamp - 1 - dice.below(1u << 30)});
  const bool has = mark.timestamps ? !dice.one_in(5) : dice.one_in(5);
  if (has) s.options.timestamps = {value, static_cast<std::uint32_t>(dice())};
}

// With a plausible ACK, a timestamp ahead could be the genuine peer's.
void old_timestamps(const Mark& mark, Dice& dice, test::WireSegment& s) {
  if (!mark.timestamps || mark.peer_timestamp == 0 || dice.one_in(2)) return;
  s.options.timestamps = {mark.peer_timestamp - 1 - dice.below(1u << 30), 0};
}

// Beyond all that the genuine peer has sent, so that RCV.NXT is lower when the segment arrives.
bool reset_in_window(const Mark& mark, Dice& dice, std::uint32_t& seq) {
  if (!mark.peer_end) return false;
  const std::uint32_t room = mark.rcv_nxt + mark.rcv_wnd - mark.peer_end->value();
  if (mark.rcv_wnd < 8 || room < 8 || room > mark.rcv_wnd) return false;
  seq = mark.peer_end->value() + 2 + dice.below(room - 2);
  return true;
}

std::string bytes(Dice& dice, std::uint32_t n) {
  return std::string(n, static_cast<char>('a' + dice.below(26)));
}

bool forge_about(Shape shape, const Mark& mark, Dice& dice, test::WireSegment& s) {
  const bool half_open = mark.record == Mark::Record::kHalfOpen;
  const bool syn_sent = mark.record == Mark::Record::kConnection && mark.state == State::kSynSent;
  s.seq = in_window(mark, dice);
  switch (shape) {
    case Shape::kNoFlags:
      s.flags = 0;
      s.ack = dice.one_in(2) ? mark.snd_nxt : 0;  // a field without meaning
      if (dice.one_in(2)) s.data = bytes(dice, 1 + dice.below(500));
      break;
    case Shape::kAckOfTheUnsent:
      s.flags = kAck;
      s.ack = mark.snd_nxt + far_away(dice);
      break;
    case Shape::kAckOfLongAgo:
      s.flags = kAck;
      s.ack = mark.snd_una - 4 * kFar - far_away(dice);
      break;
    case Shape::kSyn:
      // In SYN-SENT the SYN would be a simultaneous open; in SYN-RECEIVED the connection returns to
      // LISTEN (RFC 9293, 3.10.7.4, fourth).
      if (syn_sent) return false;
      s.flags = kSyn;
      if (half_open) s.seq = mark.rcv_nxt - 2 - far_away(dice);
      // Each has a new number, by which a half-open record in the record's place is recognized.
      if (mark.record == Mark::Record::kTimeWait) s.seq = mark.rcv_nxt + dice.below(kFar);
      break;
    case Shape::kSynAck:
      s.flags = kSyn | kAck;
      s.ack = bad_ack(mark, dice);
      break;
    case Shape::kRstInWindow:
      if (syn_sent || !reset_in_window(mark, dice, s.seq)) return false;
      s.flags = static_cast<std::uint8_t>(kRst | (dice.one_in(2) ? kAck : 0));
      s.ack = mark.snd_nxt;
      break;
    case Shape::kRstOutside:
      s.flags = kRst;
      s.seq = mark.rcv_nxt + (dice.one_in(2) ? far_away(dice) : 0u - 1 - dice.below(100'000));
      break;
    case Shape::kFinWithoutAck:
      s.flags = dice.one_in(2) ? kFin : kFin | kAck;
      s.ack = s.flags == kFin ? mark.snd_nxt : bad_ack(mark, dice);
      break;
    case Shape::kDataWithBadAck: {
      // Begins before RCV.NXT and reaches into the window, or begins at RCV.NXT.
      const std::uint32_t before = dice.one_in(2) ? dice.below(200) : 0;
      s.flags = dice.one_in(4) ? kPsh : kAck | kPsh;
      s.seq = mark.rcv_nxt - before;
      s.ack = s.flags == kPsh ? mark.snd_nxt : bad_ack(mark, dice);
      s.data = bytes(dice, before + 1 + dice.below(500));
      break;
    }
    case Shape::kKeepalive:
      if (syn_sent || half_open) return false;
      s.flags = kAck;
      s.seq = mark.rcv_nxt - 1;
      s.ack = mark.snd_nxt;
      if (dice.one_in(2)) s.data = bytes(dice, 1);
      old_timestamps(mark, dice, s);
      return true;
    case Shape::kOldData: {
      if (syn_sent || half_open) return false;
      const std::uint32_t length = 1 + dice.below(500);
      s.flags = kAck;
      s.seq = mark.rcv_nxt - length - 1 - dice.below(1000);
      s.ack = mark.snd_nxt;
      s.data = bytes(dice, length);
      if (dice.one_in(4)) s.flags |= kFin;
      old_timestamps(mark, dice, s);
      return true;
    }
    case Shape::kBeyondWindow:
      if (syn_sent || half_open) return false;
      s.flags = static_cast<std::uint8_t>(kAck | (dice.one_in(4) ? kFin : 0));
      s.seq = mark.rcv_nxt + far_away(dice);
      s.ack = mark.snd_nxt;
      if (dice.one_in(2)) s.data = bytes(dice, 1 + dice.below(500));
      break;
  }
  any_timestamps(mark, dice, s);
  return true;
}

}  // namespace

const char* to_string(Shape shape) {
  switch (shape) {
    case Shape::kNoFlags:
      return "no flags";
    case Shape::kAckOfTheUnsent:
      return "an ACK of what was never sent";
    case Shape::kAckOfLongAgo:
      return "an ACK of long ago";
    case Shape::kSyn:
      return "a SYN";
    case Shape::kSynAck:
      return "a SYN-ACK";
    case Shape::kRstInWindow:
      return "a RST in the window";
    case Shape::kRstOutside:
      return "a RST outside of the window";
    case Shape::kFinWithoutAck:
      return "a FIN without an ACK that can be";
    case Shape::kDataWithBadAck:
      return "data without an ACK that can be";
    case Shape::kKeepalive:
      return "a keepalive";
    case Shape::kOldData:
      return "data of long ago";
    case Shape::kBeyondWindow:
      return "a segment beyond the window";
  }
  return "?";
}

bool forge(Shape shape, const Mark& mark, bool numbers, Dice& dice, test::WireSegment& out) {
  out = {};
  out.source = mark.tuple.remote;
  out.destination = mark.tuple.local;
  out.source_port = mark.tuple.remote_port.value;
  out.destination_port = mark.tuple.local_port.value;
  if (!forge_about(shape, mark, dice, out)) return false;
  decorate(mark, dice, out);
  if (!numbers) {
    out.seq = mark.rcv_nxt + 4 * kFar + dice.below(1u << 31);
    out.ack = static_cast<std::uint32_t>(dice());
    const bool syn_sent = mark.record == Mark::Record::kConnection && mark.state == State::kSynSent;
    // Where any sequence number is acceptable, the ACK must not be.
    if (syn_sent) out.ack = mark.snd_nxt + far_away(dice);
  }
  return true;
}

}  // namespace conker::sim
