// What the device does wrong, fault by fault (faults.cpp says what each is).
#include <array>
#include <utility>

#include "stack/strike/strike.hpp"
#include "tests/e2e/peers/device.hpp"

namespace conker::device {
namespace {

using enum FaultKind;
using State = Connection::State;

constexpr std::uint8_t kFin = Flags::kFin, kRst = Flags::kRst, kPsh = Flags::kPsh,
                       kAck = Flags::kAck;
/// Longer than any answer may take.
constexpr Duration kLate = 300ms;
/// Shorter than the strike holds a connection.
constexpr Duration kSoon = 30ms;
/// Longer than anything of the connection can be under way.
constexpr Duration kLongAfter = 400ms;

constexpr std::array<std::uint8_t, 4> kOverlong{8, 10, 0, 0};
constexpr std::array<std::uint8_t, 12> kTimestampOption{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0},
    kSackOption{1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2};

}  // namespace

/// Whether the rule is to be broken now, which happens once in a connection.
bool Device::chosen(Connection& c, FaultKind first, FaultKind last) {
  if (!c.chosen || fault_ < first || fault_ > last) return false;
  c.chosen = false;
  ++broken_;
  return true;
}

// ---- SYN ----

/// All of them are treated so, since one alone proves nothing.
bool Device::wrong_when_reopened(const Incoming& in, Connection& c) {
  if (fault_ < kReopenRefused || fault_ > kReopenKept) return false;
  if (c.reopening != in.seq) ++broken_;
  c.reopening = in.seq;
  c.closed_at = now_;  // TIME-WAIT begins anew
  if (fault_ == kReopenRefused) refuse(in);
  if (fault_ == kReopenKept) acknowledge(c);
  return true;
}

bool Device::wrong_answer_to_syn(const Incoming& in, Connection& c) {
  constexpr std::uint32_t kSlots = 64;
  if (fault_ == kHalfOpenKept && half_open_ > kSlots) {
    ++broken_;
    return c.deaf = true;
  }
  // The next SYN with data is meant where the chosen one has none.
  if (fault_ == kSynDataAckBeyond && std::exchange(c.chosen, false)) ++owed_;
  if (in.data > 0 && wrong_answer_to_syn_data(in, c)) return true;
  if (!chosen(c, kSynUnanswered, kDataBeforeWindow)) return false;
  Outgoing answer = syn_ack(c);
  Outgoing reset{.flags = kRst | kAck, .seq = Seq(0), .ack = c.rcv_nxt, .window = 0};
  switch (fault_) {
    case kSynUnanswered:
      return true;
    case kSynAckLate:
      defer(c, kLate, answer, true);
      return true;
    case kSilentToSyn:
      c.deaf = true;
      return true;
    case kResetToSyn:
      send(c, reset);
      close(c);
      return true;
    case kResetOfSyn:
      reset.ack += 4;
      send(c, reset);
      return true;
    case kAckToSyn:
      acknowledge(c);
      return true;
    case kSynAckTwice:
      send(c, answer);
      return false;
    case kSynAckOtherIsn:
      send(c, answer);
      answer.seq += 0x10000;
      send(c, answer);
      return true;
    case kSynAckAcknowledged:
      defer(c, kLongAfter, answer);
      return false;
    case kDataBeforeWindow: {
      send(c, answer);
      Outgoing data = at_next(c, kAck | kPsh);
      c.snd_nxt += data.data = 4;
      send(c, data);
      return true;
    }
    default:
      return wrong_first_syn_ack(c);
  }
}

/// Where one alone proves nothing, all are treated so.
bool Device::wrong_answer_to_syn_data(const Incoming& in, Connection& c) {
  if (owed_ != 0) {
    --owed_;
    ++broken_;
    Outgoing answer = syn_ack(c);
    answer.ack = in.end() + 1;
    send(c, answer);
    return true;
  }
  if (fault_ != kSynDataRefused && fault_ != kSynDataUnanswered) return false;
  ++broken_;
  if (fault_ == kSynDataUnanswered) return c.deaf = true;
  refuse(in);
  close(c);
  return true;
}

/// The SYN-ACK itself is wrong; the one that answers the next SYN will be right.
bool Device::wrong_first_syn_ack(Connection& c) {
  Outgoing answer = syn_ack(c);
  switch (fault_) {
    case kOtherPort: {
      const auto other = static_cast<std::uint16_t>(port_ + 1);
      self_.write({c.mac, c.remote, c.port, other}, answer, *out_);
      return true;
    }
    case kSynAckWrongAck:
      answer.ack += 1;
      break;
    case kSynAckBadChecksum:
      answer.damage = Damage::kTcpChecksum;
      break;
    case kSynAckBadIpChecksum:
      answer.damage = Damage::kIpChecksum;
      break;
    case kSynAckBadLength:
      answer.damage = Damage::kIpLength;
      break;
    case kSynAckBadOptions:
      answer.options = kOverlong;
      break;
    case kDataInSyn:
      c.snd_nxt += answer.data = 4;
      break;
    default:
      return false;
  }
  send(c, answer);
  return true;
}

// ---- FIN ----

bool Device::wrong_answer_to_fin(Connection& c) {
  if (!chosen(c, kFinLostOnce, kSaysMoreAfterReset)) return false;
  Outgoing reset = at_next(c, kRst);
  switch (fault_) {
    case kFinLostOnce:
      return true;
    case kSilentToFin:
      c.deaf = true;
      return true;
    case kResetToFin:
      reset.flags |= kAck;
      reset.ack += 1;
      send(c, reset);
      close(c);
      return true;
    case kResetOutsideWindow:
      reset.seq += 1u << 30;
      send(c, reset);
      return false;
    case kOldData:
    case kWindowShrinks:
    case kDataBeyondWindow:
    case kSegmentOverMss:
      return wrong_text(c);
    case kAckOfUnsent: {
      Outgoing ack = at_next(c, kAck);
      ack.ack += 1001;
      send(c, ack);
      return false;
    }
    default:
      return wrong_fin(c);
  }
}

/// Data, and windows.
bool Device::wrong_text(Connection& c) {
  Outgoing text = at_next(c, kAck | kPsh);
  switch (fault_) {
    case kOldData:
      text.seq = c.isn - 1000;
      text.data = 10;
      send(c, text);
      return false;
    case kWindowShrinks:
      text.flags = kAck;
      text.window = 1000;
      send(c, text);
      return false;
    case kDataBeyondWindow:
      text.data = 1460;
      for (; text.seq <= c.edge + 1; text.seq += text.data) send(c, text);
      c.snd_nxt = text.seq;
      return true;
    default:  // kSegmentOverMss
      text.data = c.mss + 1u;
      c.snd_nxt += text.data;
      send(c, text);
      return true;
  }
}

bool Device::wrong_echo(Connection& c, std::span<const std::byte> text) {
  if (!chosen(c, kEchoFlips, kEchoDrops)) return false;
  std::vector<std::byte> wrong(text.begin(), text.end());
  Outgoing answer = at_next(c, kAck);
  switch (fault_) {
    case kEchoResent:
      answer.data = static_cast<std::uint32_t>(text.size());
      answer.text = text;
      send(c, answer);
      [[fallthrough]];
    case kEchoFlips:
      wrong[wrong.size() / 2] ^= std::byte{1};
      break;
    case kEchoRepeats:
      wrong.push_back(wrong.back());
      break;
    default:  // kEchoDrops
      wrong.pop_back();
      break;
  }
  answer.data = static_cast<std::uint32_t>(wrong.size());
  answer.text = wrong;
  c.snd_nxt += answer.data;
  send(c, answer);
  return true;
}

/// The FIN itself is wrong, or what follows it.
bool Device::wrong_fin(Connection& c) {
  c.rcv_nxt += 1;
  c.state = State::kLastAck;
  const Outgoing fin = at_next(c, kFin | kAck);
  c.snd_nxt += 1;
  Outgoing wrong = fin;
  if (fault_ == kFinAckLate) {
    defer(c, kLate, fin, true);
    return true;
  }
  const bool right_first = fault_ == kFinMoved || fault_ == kFinTwice ||
                           fault_ == kSaysMoreAfterReset || fault_ == kFinAcknowledged;
  if (right_first) send(c, fin);
  switch (fault_) {
    case kFinMoved:
      wrong.seq += 1;
      break;
    case kAckGoesBack:
      wrong.flags = kAck;
      send(c, wrong);
      wrong.flags = fin.flags;
      wrong.ack = fin.ack - 1;
      break;
    case kAckMissing:
      wrong.flags = kFin;
      break;
    case kFinAtSyn:
      wrong.seq = c.isn;
      break;
    case kFinAcknowledged:
      defer(c, kLongAfter, fin);
      return true;
    case kFinBadChecksum:
      wrong.damage = Damage::kTcpChecksum;
      break;
    case kPaddingLeak:
      wrong.damage = Damage::kPadding;
      break;
    case kTimestamps:
      wrong.options = kTimestampOption;
      break;
    case kSack:
      wrong.options = kSackOption;
      break;
    case kSaysMoreAfterReset:
      send(c, at_next(c, kRst));
      close(c);
      defer(c, kLongAfter, fin);
      return true;
    default:  // kFinTwice
      break;
  }
  send(c, wrong);
  return true;
}

// ---- Provocations ----

bool Device::wrong_when_provoked(const Incoming& in, Connection& c, FaultKind first,
                                 FaultKind last) {
  const bool never_answers = fault_ == kSynUnchallenged || fault_ == kResetUnchallenged;
  if (never_answers && fault_ >= first && fault_ <= last) {
    ++broken_;
    return true;
  }
  if (fault_ == kSynAborts && fault_ >= first && fault_ <= last) {
    ++broken_;
    send(c, at_next(c, kRst | kAck));
    Connections::forget(c);
    return true;
  }
  if (!chosen(c, first, last)) return false;
  Outgoing reset{.flags = kRst, .seq = in.ack, .ack = Seq(), .window = 0};
  switch (fault_) {
    case kSynResets:
      reset = {.flags = kRst | kAck, .seq = Seq(0), .ack = in.end(), .window = 0};
      send(c, reset);
      break;
    case kSynRestarts:
      c.irs = in.seq;
      c.rcv_nxt = in.end();
      c.isn = c.snd_nxt + 0x10000;
      c.snd_nxt = c.isn + 1;
      c.state = State::kSynReceived;
      send(c, syn_ack(c));
      return true;
    case kUnsentAckResets:
      send(c, reset);
      break;
    case kUnsentAckTaken:
      c.snd_nxt = in.ack;
      acknowledge(c);
      return true;
    default:  // kResetOutsideObeyed, kResetInsideObeyed
      break;
  }
  Connections::forget(c);
  return true;
}

/// Text or a FIN beyond a gap, or what comes again.
bool Device::wrong_when_early(const Incoming& in, Connection& c) {
  const bool early = in.has(kFin) && in.seq > c.rcv_nxt;
  if (early && chosen(c, kFinEarlyTaken, kFinEarlyDeaf)) {
    if (fault_ == kFinEarlyDeaf) {
      c.deaf = true;
      return true;
    }
    c.rcv_nxt = in.seq + in.data;
    on_fin(c);
    return true;
  }
  if (c.state == State::kLastAck && in.has(kFin) && chosen(c, kFinEarlyTwice, kFinEarlyTwice)) {
    send(c, at_next(c, kFin | kAck));
    return true;
  }
  return false;
}

/// A probe whether the peer is still there, soon after.
void Device::wrong_when_opened(Connection& c) {
  if (!chosen(c, kKeepaliveEarly, kKeepaliveEarly)) return;
  Outgoing probe = at_next(c, kAck);
  probe.seq = probe.seq - 1;
  defer(c, kSoon, probe);
}

bool Device::wrong_acknowledgment(Connection& c) {
  if (fault_ != kStretchAcks) return false;
  if (++c.unacknowledged % 4 == 0) return false;
  ++broken_;
  return true;
}

// ---- Timeouts ----

/// The FIN has left.
void Device::wrong_timeout(Connection& c, const Outgoing& fin) {
  if (!chosen(c, kRtoConstant, kSegmentsAtTimeout)) return;
  if (fault_ == kRtoConstant) {
    c.repeats = true;
    return defer(c, kTimeout, fin);
  }
  Outgoing text = at_next(c, kAck);
  text.seq = fin.seq - static_cast<std::uint32_t>(StrikeRequest::kSegments);
  text.data = c.mss;
  defer(c, kTimeout, text);
  text.seq += text.data;
  defer(c, kTimeout, text);
}

/// Data although the application has closed, in each connection, since one proves nothing.
bool Device::wrong_when_closed(const Incoming& in, Connection& c) {
  if (fault_ != kDataAfterCloseTaken) return false;
  ++broken_;
  c.rcv_nxt += in.data;
  acknowledge(c);
  return true;
}

bool Device::wrong_after_both_fins(Connection& c) {
  if (fault_ != kTimeWaitForgotten) return false;
  ++broken_;
  close(c);
  Connections::forget(c);
  return true;
}

// ---- RST ----

void Device::wrong_answer_to_reset(Connection& c) {
  if (chosen(c, kHeldAfterReset, kHeldAfterReset)) defer(c, kLongAfter, at_next(c, kAck));
}

}  // namespace conker::device
