#include "tests/e2e/peers/device.hpp"

#include <algorithm>
#include <string_view>

namespace conker::device {
namespace {

using State = Connection::State;

constexpr std::uint16_t kWindow = 65535, kMss = 1460;
constexpr std::size_t kMostDeferred = 1 << 14;
constexpr std::uint8_t kFin = Flags::kFin, kSyn = Flags::kSyn, kRst = Flags::kRst,
                       kAck = Flags::kAck;

}  // namespace

Device::Device(const Options& options)
    : self_(options.self),
      port_(options.port),
      fault_(options.fault == nullptr ? FaultKind::kNone : options.fault->kind),
      every_(options.every),
      most_(options.most),
      echo_(options.echo ||
            (options.fault != nullptr &&
             (std::string_view(options.fault->expect) == "echo" ||
              fault_ == FaultKind::kWindowIgnored || fault_ == FaultKind::kWindowStuck))),
      takes_syn_data_(options.takes_syn_data),
      closes_(options.closes || fault_ == FaultKind::kDataAfterCloseTaken ||
              fault_ == FaultKind::kTimeWaitForgotten),
      random_(options.seed),
      queue_(kMostDeferred) {}

void Device::on_frame(std::span<const std::byte> frame, Instant now, Outbox& out) {
  now_ = now;
  out_ = &out;
  if (const auto segment = self_.read(frame)) {
    on_segment(*segment);
  } else {
    self_.answer(frame, out);
  }
}

// ---- Segments that arrive (RFC 9293, 3.10.7) ----

void Device::on_segment(const Incoming& in) {
  if (in.port != port_) return refuse(in);
  Connection* c = table_.find(in.source, in.source_port, now_);
  if (c != nullptr && (c->deaf || c->waiting) && c->state != State::kClosed) {
    if (in.has(kRst)) close(*c);
    return;
  }
  if (in.has(kSyn) && !in.has(kAck) && !in.has(kRst)) return on_syn(in, c);
  if (c == nullptr) return refuse(in);
  if (in.has(kRst)) return on_reset(in, *c);
  if (c->state != State::kClosed) return on_text(in, *c);
  // The final ACK, again perhaps, wants no answer; a FIN that comes again wants its ACK.
  if (in.data > 0) return refuse(in);
  if (in.has(kFin)) acknowledge(*c);
}

void Device::refuse(const Incoming& in) {
  if (in.has(kRst)) return;
  Outgoing reset;
  reset.window = 0;
  if (in.has(kAck)) {
    reset.flags = kRst;
    reset.seq = in.ack;
  } else {
    reset.flags = kRst | kAck;
    reset.ack = in.end();
  }
  self_.write({in.from, in.source, in.source_port, in.port}, reset, *out_);
}

void Device::on_syn(const Incoming& in, Connection* c) {
  const bool again = c != nullptr && c->irs == in.seq;
  if (again && (c->state == State::kSynReceived || c->state == State::kClosed)) {
    if (c->state == State::kClosed) ++open_, ++half_open_;
    c->state = State::kSynReceived;
    return send(*c, syn_ack(*c));
  }
  if (c != nullptr && c->state != State::kClosed) {
    if (!again && wrong_when_provoked(in, *c, FaultKind::kSynResets, FaultKind::kSynUnchallenged))
      return;
    return acknowledge(*c);  // RFC 5961, 4
  }
  if (c != nullptr && wrong_when_reopened(in, *c)) return;
  if (most_ != 0 && open_ >= most_) return refuse(in);
  c = table_.make(in.source, in.source_port);
  if (c == nullptr) return;
  ++open_;
  ++half_open_;
  const bool chosen = ++connections_ % every_ == 0;
  c->mac = in.from;
  c->mss = in.mss;
  c->irs = in.seq;
  c->rcv_nxt = takes_syn_data_ ? in.end() : in.seq + 1;
  c->isn = choose_isn(chosen);
  c->snd_nxt = c->isn + 1;
  c->state = State::kSynReceived;
  c->chosen = chosen;
  if (!wrong_answer_to_syn(in, *c)) send(*c, syn_ack(*c));
}

void Device::on_reset(const Incoming& in, Connection& c) {
  if (c.state == State::kClosed) return;
  const bool acceptable =
      c.state == State::kSynReceived ? in_range(in.seq, c.rcv_nxt, kWindow) : in.seq == c.rcv_nxt;
  if (acceptable) {
    close(c);
    wrong_answer_to_reset(c);
  } else if (in_range(in.seq, c.rcv_nxt, kWindow)) {
    if (wrong_when_provoked(in, c, FaultKind::kResetInsideObeyed, FaultKind::kResetUnchallenged))
      return;
    acknowledge(c);  // RFC 5961, 3
  } else {
    wrong_when_provoked(in, c, FaultKind::kResetOutsideObeyed, FaultKind::kResetOutsideObeyed);
  }
}

/// Segments without SYN and RST of a connection that has not ended.
void Device::on_text(const Incoming& in, Connection& c) {
  if (in.seq == c.rcv_nxt) return take(in, c);
  if (in.seq > c.irs && in.seq < c.rcv_nxt && in.end() > c.rcv_nxt) {
    Incoming rest = in;
    rest.seq = c.rcv_nxt;
    // The wrong one counts the text again that it has.
    if (!chosen(c, FaultKind::kOverlapTwice, FaultKind::kOverlapTwice))
      rest.data -= static_cast<std::uint32_t>(c.rcv_nxt - in.seq);
    return take(rest, c);
  }
  on_text_out_of_order(in, c);
}

void Device::on_text_out_of_order(const Incoming& in, Connection& c) {
  // Our own FIN may not have arrived.
  if (c.state == State::kLastAck && in.has(kFin) && in.data == 0) {
    Outgoing fin = at_next(c, kFin | kAck);
    fin.seq = c.snd_nxt - 1;
    return send(c, fin);
  }
  if (wrong_when_early(in, c)) return;
  const bool early = in.length() > 0 && in_range(in.seq, c.rcv_nxt, kWindow);
  if (early && fault_ == FaultKind::kAboveSequenceDropped) {
    ++broken_;
  } else if (early) {
    c.held = in.seq;
    c.held_end = in.seq + in.data;
    c.held_fin = in.has(kFin);
  }
  acknowledge(c);
}

/// A segment at RCV.NXT.
void Device::take(const Incoming& in, Connection& c) {
  if (!in.has(kAck)) return;
  if (in.ack > c.snd_nxt || in.ack <= c.isn) {
    if (c.state == State::kSynReceived) return refuse(in);
    if (wrong_when_provoked(in, c, FaultKind::kUnsentAckResets, FaultKind::kUnsentAckTaken)) return;
    return acknowledge(c);
  }
  leave_half_open(c);
  const bool opens = c.state == State::kSynReceived;
  if (opens) {
    c.state = State::kEstablished;
    wrong_when_opened(c);
  }
  c.edge = in.ack + in.window;
  if (c.state == State::kFinWait) return take_in_fin_wait(in, c);
  if (c.state == State::kLastAck) {
    if (in.ack == c.snd_nxt) close(c);
    return;
  }
  c.rcv_nxt += in.data;
  bool fin = in.has(kFin);
  if (c.held != Seq() && c.held <= c.rcv_nxt) {
    c.rcv_nxt = max(c.rcv_nxt, c.held_end);
    fin = fin || c.held_fin;
    c.held = Seq();
  }
  if (in.data > 0 && echo_) {
    echo(c, in.text.last(in.data));
    if (!fin) return;
  }
  if (fin) return on_fin(c);
  if (!c.unsent.empty() && send_unsent(c)) return;
  if (in.data > 0 && !wrong_acknowledgment(c)) acknowledge(c);
  if (opens && closes_) {
    send_fin(c);
    c.state = State::kFinWait;
  }
}

/// The application has closed: nobody reads what comes (RFC 9293, 3.6.1).
void Device::take_in_fin_wait(const Incoming& in, Connection& c) {
  if (in.data > 0) {
    if (wrong_when_closed(in, c)) return;
    refuse(in);
    close(c);
    return Connections::forget(c);
  }
  if (!in.has(kFin)) return;
  c.rcv_nxt += 1;
  acknowledge(c);
  if (wrong_after_both_fins(c)) return;
  // Without an ACK of our FIN, both have closed at once.
  if (in.ack == c.snd_nxt) return close(c);
  c.state = State::kLastAck;
}

void Device::on_fin(Connection& c) {
  if (wrong_answer_to_fin(c)) return;
  c.rcv_nxt += 1;
  if (!c.unsent.empty()) {
    c.closing = true;
    if (!send_unsent(c)) acknowledge(c);
    return;
  }
  send_fin(c);
}

void Device::send_fin(Connection& c) {
  c.state = State::kLastAck;
  const Outgoing fin = at_next(c, kFin | kAck);
  c.snd_nxt += 1;
  send(c, fin);
  wrong_timeout(c, fin);
}

/// Sends back what has come, with its ACK.
void Device::echo(Connection& c, std::span<const std::byte> text) {
  if (wrong_echo(c, text)) return;
  c.unsent.insert(c.unsent.end(), text.begin(), text.end());
  if (!send_unsent(c)) acknowledge(c);
}

/// Sends what the window takes, in one segment; false where it takes nothing. The FIN follows where
/// the peer has closed before.
bool Device::send_unsent(Connection& c) {
  const std::int32_t window = c.edge - c.snd_nxt;
  if (window <= 0 || c.stuck) return false;
  Outgoing answer = at_next(c, kAck);
  answer.data = std::min(static_cast<std::uint32_t>(c.unsent.size()), std::uint32_t{kMss});
  if (const auto room = static_cast<std::uint32_t>(window); answer.data > room) {
    if (!chosen(c, FaultKind::kWindowIgnored, FaultKind::kWindowIgnored)) answer.data = room;
    c.stuck = chosen(c, FaultKind::kWindowStuck, FaultKind::kWindowStuck);
  }
  answer.text = std::span(c.unsent).first(answer.data);
  c.snd_nxt += answer.data;
  send(c, answer);
  c.unsent.erase(c.unsent.begin(), c.unsent.begin() + answer.data);
  if (c.unsent.empty() && c.closing) send_fin(c);
  return true;
}

void Device::close(Connection& c) {
  if (open_ != 0) --open_;
  leave_half_open(c);
  c.state = State::kClosed;
  c.closed_at = now_;
  c.waiting = c.deaf = false;
}

// ---- Segments that leave ----

Seq Device::choose_isn(bool chosen) {
  constexpr std::uint32_t kConstant = 0x11223344, kStep = 64000;
  // SplitMix64.
  std::uint64_t x = random_ += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  Seq isn(static_cast<std::uint32_t>(x >> 32));
  if (fault_ == FaultKind::kIsnRepeated && chosen) isn = last_isn_;
  if (fault_ == FaultKind::kIsnConstant && chosen) isn = Seq(kConstant);
  if (fault_ == FaultKind::kIsnPredictable) isn = last_isn_ + kStep;
  const bool wrong =
      fault_ == FaultKind::kIsnPredictable ||
      (chosen && (fault_ == FaultKind::kIsnRepeated || fault_ == FaultKind::kIsnConstant));
  if (wrong) ++broken_;
  return last_isn_ = isn;
}

Outgoing Device::syn_ack(const Connection& c) const {
  return {.flags = kSyn | kAck, .seq = c.isn, .ack = c.rcv_nxt, .window = kWindow, .mss = kMss};
}

Outgoing Device::at_next(const Connection& c, std::uint8_t flags) {
  return {.flags = flags, .seq = c.snd_nxt, .ack = c.rcv_nxt, .window = kWindow};
}

void Device::send(const Connection& c, Outgoing segment) {
  if (fault_ == FaultKind::kIpIdPredictable) {
    segment.ip_id = ++last_ip_id_;
    ++broken_;
  }
  self_.write({c.mac, c.remote, c.port, port_}, segment, *out_);
}

// ---- Segments that leave later ----

void Device::defer(Connection& c, Duration delay, const Outgoing& segment, bool answer) {
  if (deferred_ == queue_.size()) return;
  queue_[(first_ + deferred_++) % queue_.size()] = {now_ + delay, c.remote, c.port,
                                                    c.isn,        answer,   segment};
  c.waiting = answer;
}

void Device::on_time(Instant now, Outbox& out) {
  now_ = now;
  out_ = &out;
  while (deferred_ != 0 && queue_[first_].at <= now && !out.full()) {
    const Deferred due = queue_[first_];
    first_ = (first_ + 1) % queue_.size();
    --deferred_;
    Connection* c = table_.find(due.remote, due.port, now);
    if (c == nullptr || c->isn != due.isn || (due.answer && !c->waiting)) continue;
    c->waiting = false;
    send(*c, due.segment);
    if (c->repeats && c->state == State::kLastAck) defer(*c, kTimeout, due.segment);
  }
}

}  // namespace conker::device
