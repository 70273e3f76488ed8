#include "daemon/control/tuple_probe.hpp"

#include <algorithm>

#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"

namespace conker::daemon {

using verdict::Segment;

namespace {

constexpr std::uint8_t kTcp = 6;

/// Writes the header of a packet with TCP, and returns its length.
std::size_t emit_ip(const IpAddress& source, const IpAddress& destination, std::size_t payload,
                    std::span<std::byte> out) {
  if (destination.is_v4()) {
    emit_ipv4({.source = source,
               .destination = destination,
               .protocol = kTcp,
               .options = {},
               .payload = {}},
              payload, out);
    return kIpv4HeaderMin;
  }
  emit_ipv6({.source = source, .destination = destination, .next_header = kTcp, .payload = {}},
            payload, out);
  return kIpv6Header;
}

}  // namespace

void TupleProbe::begin(const LinkHeader& header, Instant now) {
  header_ = header;
  due_ = now + kBefore;
}

Instant TupleProbe::step(Link& link, Instant now) {
  if (questions_.empty() || due_ == kNever) return kNever;
  if (next_ == questions_.size() && (now >= due_ || settled())) return due_ = kNever;
  if (now < due_) return due_;
  for (std::size_t n = 0; n < kAtOnce && next_ != questions_.size(); ++n, ++next_) {
    Question& question = questions_[next_];
    if (!send(link, question, now)) break;
    question.is = Is::kUnanswered;
  }
  link.flush(now);
  due_ = now + (next_ == questions_.size() ? kPatience : kPace);
  return due_;
}

/// Whether no answer is to come that changes anything. A pure ACK may have been on its way, and a
/// RST may follow; but a FIN is always answered.
bool TupleProbe::settled() const {
  return std::ranges::all_of(questions_, [](const Question& question) {
    return question.is == Is::kForgotten ||
           (question.is == Is::kHeld && (question.flags & TcpFlags::kFin) != 0);
  });
}

bool TupleProbe::send(Link& link, const Question& question, Instant now) const {
  std::array<std::byte, kEthernetHeader + kIpv6Header + 60> frame;
  std::ranges::copy(header_, frame.begin());
  const TcpSegment segment{.source = question.ours.port,
                           .destination = target_.port,
                           .sequence = question.seq,
                           .acknowledgment = question.ack,
                           .flags = question.flags,
                           .window = 65535,
                           .timestamps = question.timestamps};
  const auto ip = std::span(frame).subspan(kEthernetHeader);
  Checksum sum;
  std::array<std::byte, 60> tcp;
  const std::size_t length = emit_tcp(segment, tcp, sum);
  finish_tcp_checksum(std::span(tcp).first(length), sum, question.ours.address, target_.address,
                      {});
  const std::size_t header = emit_ip(question.ours.address, target_.address, length, ip);
  std::ranges::copy(std::span(tcp).first(length), ip.subspan(header).begin());
  const std::array<std::span<const std::byte>, 1> parts{
      std::span(frame).first(kEthernetHeader + header + length)};
  return link.send({.parts = parts}, now);
}

/// An ACK that was on its way may come before the answer: a RST has the last word.
void TupleProbe::on_answer(const Segment& segment) {
  const auto asked = std::ranges::find(questions_, segment.destination, &Question::ours);
  if (asked == questions_.end()) return;
  if (asked->is != Is::kUnanswered && asked->is != Is::kHeld) return;
  if (segment.has(Segment::kRst)) {
    asked->is = Is::kForgotten;
  } else if (segment.has(Segment::kAck) && !segment.has(Segment::kSyn)) {
    asked->is = Is::kHeld;
    asked->answered = segment.seq;
  }
}

}  // namespace conker::daemon
