#include "stack/strike/probes.hpp"

#include <array>

#include "stack/net/packet.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

/// Whether the peer has shown to be in ESTABLISHED: in SYN-RECEIVED, where it stays while its
/// accept queue is full, other answers are right (RFC 9293, 3.10.7.4; RFC 4987, 3.6).
bool peer_established(const ConnectionInfo& c) {
  return c.snd_una != c.iss + 1 || c.rcv_nxt != c.irs + 1;
}

constexpr std::uint32_t kMostWindow = 65536;  // RFC 9293, 3.1, before scaling
/// Before the left edge. Linux takes a RST one before RCV.NXT for that of a peer of its own kind.
constexpr std::uint32_t kBefore = 2;

}  // namespace

bool Probes::provoke(Behaviour::What what, ConnectionId id, std::span<const std::byte> payload) {
  using What = Behaviour::What;
  ConnectionInfo c;
  if (!stack_.info(id, c)) return true;
  if (what == What::kCarry) {
    carry(c, payload);
    return true;
  }
  if (what >= What::kNarrow && what <= What::kWiden) return tell_windows(what, c);
  if (what == What::kMute) {
    if (edits_ != nullptr) edits_->acks.begin(c.tuple);
    return true;
  }
  if (c.state != State::kEstablished || c.snd_una != c.snd_nxt) return true;
  if (what == What::kForsake) {
    forsake(c);
    return true;
  }
  const auto size = static_cast<std::uint32_t>(payload.size());
  const bool pieces =
      what == What::kFinEarly || what == What::kFinRest || what == What::kFinOverlap;
  if (pieces ? size > c.mss || c.snd_wnd <= size : c.snd_wnd < 2 || !peer_established(c))
    return true;
  const Seq middle = c.snd_nxt + c.snd_wnd / 2;
  const std::uint32_t half = size - size / 2;
  switch (what) {
    case What::kResetOutside:
      return send(c, {.sequence = c.snd_nxt - kBefore, .flags = TcpFlags::kRst}) &&
             send(c,
                  {.sequence = c.snd_nxt + (kMostWindow << c.snd_wscale), .flags = TcpFlags::kRst});
    case What::kResetInside:
      return send(c, {.sequence = middle, .flags = TcpFlags::kRst});
    case What::kSynInside:
      return send(c, {.sequence = middle, .flags = TcpFlags::kSyn, .mss = c.mss});
    case What::kAckBeyond:
      return send(
          c,
          {.sequence = c.snd_nxt, .acknowledgment = c.rcv_nxt + kBeyond, .flags = TcpFlags::kAck});
    case What::kProbe:
      return send(
          c, {.sequence = c.snd_nxt - 1, .acknowledgment = c.rcv_nxt, .flags = TcpFlags::kAck});
    case What::kFinEarly:
      return send(c,
                  {.sequence = c.snd_nxt + half,
                   .acknowledgment = c.rcv_nxt,
                   .flags = TcpFlags::kFin | TcpFlags::kAck},
                  payload.subspan(half));
    default:  // kFinRest, kFinOverlap
      return send(c,
                  {.sequence = c.snd_nxt,
                   .acknowledgment = c.rcv_nxt,
                   .flags = TcpFlags::kAck | TcpFlags::kPsh},
                  payload.first(half));
  }
}

/// Ends the connection before the last ACK of its handshake leaves. Where that has happened, since
/// events had to wait for the next turn, the peer has a connection, which is reset.
void Probes::forsake(const ConnectionInfo& about) {
  if (stack_.tcp_->calls().forsake(about.id) != Error::kOk) {
    (void)stack_.abort(about.id);
    return;
  }
  if (unfinished_.counts().left == 0) stack_.tcp_->silences().add(unfinished_);
  unfinished_.add(about.tuple, about.iss, about.irs, stack_.now());
}

/// Every second SYN carries the payload: what becomes of the others tells what the data is to blame
/// for.
void Probes::carry(const ConnectionInfo& about, std::span<const std::byte> payload) {
  carried_ = !carried_;
  if (carried_ && edits_ != nullptr) edits_->syns.open(about.tuple, about.iss, payload);
}

/// The last ones are told at once, by a window update (RFC 9293, 3.8.6.2.2).
bool Probes::tell_windows(Behaviour::What what, const ConnectionInfo& about) {
  if (edits_ == nullptr) return true;
  switch (what) {
    case Behaviour::What::kNarrow:
      edits_->windows.open(about.tuple);
      return true;
    case Behaviour::What::kWiden:
      edits_->windows.release(about.tuple);
      return send(
          about,
          {.sequence = about.snd_nxt, .acknowledgment = about.rcv_nxt, .flags = TcpFlags::kAck});
    default:  // kSmall, kShut
      edits_->windows.established(about.tuple, about.rcv_wscale, what == Behaviour::What::kShut);
      return true;
  }
}

Probes::~Probes() {
  if (unfinished_.counts().left != 0) stack_.tcp_->silences().remove(unfinished_);
}

/// False where the link cannot take it now.
bool Probes::send(const ConnectionInfo& about, TcpSegment segment,
                  std::span<const std::byte> text) {
  segment.source = about.tuple.local_port;
  segment.destination = about.tuple.remote_port;
  if (segment.has(TcpFlags::kAck)) {
    segment.window = static_cast<std::uint16_t>(about.rcv_wnd >> about.rcv_wscale);
    if (about.timestamps) segment.timestamps = about.next_timestamps;
  } else if (segment.has(TcpFlags::kSyn) && about.timestamps) {
    // Without them it would be refused before its SYN bit is looked at (RFC 7323, 3.2).
    segment.timestamps = {.value = about.next_timestamps.value, .echo = 0};
  }
  PacketOut packet;
  packet.source = about.tuple.local;
  packet.destination = about.tuple.remote;
  packet.protocol = kProtocolTcp;
  packet.payload = text;
  Checksum sum;
  const auto space = std::span(packet.headers).subspan(PacketOut::kHeadroom);
  packet.transport_length = static_cast<std::uint8_t>(emit_tcp(segment, space, sum));
  const std::array data{text};
  finish_tcp_checksum(packet.transport(), sum, packet.source, packet.destination, data);
  const Sent sent = stack_.network_.send(packet);
  if (sent == Sent::kSent) {
    stack_.counters_.add(Count::segments_out);
    if (segment.has(TcpFlags::kRst)) stack_.counters_.add(Count::resets_out);
  }
  return sent != Sent::kBusy;
}

}  // namespace conker
