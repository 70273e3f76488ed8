#include "stack/verdict/judge.hpp"

#include <optional>

namespace conker::verdict {
namespace {

std::optional<Rule> rule_of(Parsed parsed) {
  switch (parsed) {
    case Parsed::kBadLength:
      return Rule::kBadLength;
    case Parsed::kBadIpChecksum:
      return Rule::kBadIpChecksum;
    case Parsed::kBadTcpChecksum:
      return Rule::kBadTcpChecksum;
    case Parsed::kBadOptions:
      return Rule::kBadOptions;
    default:
      return std::nullopt;
  }
}

}  // namespace

Judge::Judge(const Endpoint& target, std::size_t connections, Sink& sink, const Patience& patience)
    : target_(target),
      sink_(sink),
      exchanges_(target, connections, patience),
      conversations_(connections) {}

std::span<const std::byte> Judge::whole(const ObservedFrame& frame) {
  if (frame.parts.size() == 1) return frame.parts[0];
  whole_.clear();
  for (const auto part : frame.parts) whole_.insert(whole_.end(), part.begin(), part.end());
  return whole_;
}

void Judge::on_frame(const ObservedFrame& frame, Instant now) {
  const bool ours = frame.direction == Direction::kOut;
  const bool trusted = ours || frame.checksum != ChecksumState::kUnknown;
  Segment segment;
  const Parsed parsed =
      parse(whole(frame), segment, trusted ? TcpChecksum::kTrust : TcpChecksum::kVerify);
  if (parsed == Parsed::kOther) return;
  if (!ours) {
    // What the link has verified it may have joined, too.
    if (segment.source.address == target_.address) on_received(parsed, segment, trusted, now);
  } else if (parsed == Parsed::kTcp && segment.destination == target_) {
    on_sent(segment, now);
  }
}

void Judge::on_sent(const Segment& segment, Instant now) {
  const Exchanges::Sent sent = exchanges_.on_sent(segment, now);
  if (sent.fresh) conversations_[*sent.fresh].clear();
  if (sent.broken) tell_of_silence(*sent.broken, segment, now);
  if (const auto place = exchanges_.place(segment.source))
    conversations_[*place].on_received(segment);
}

void Judge::on_received(Parsed parsed, const Segment& segment, bool joined, Instant now) {
  const Endpoint& ours = segment.destination;
  const auto place = exchanges_.place(ours);
  if (!place) return;
  ++judged_;
  if (const auto rule = rule_of(parsed)) return tell({*rule, 0, 0}, segment, now);
  if (segment.padding_leak) tell({Rule::kPaddingLeak, 0, 1}, segment, now);
  if (segment.source.port == target_.port && exchanges_.is_of_last(segment)) {
    const auto broken = conversations_[*place].on_sent(segment, {.in_transit = true}, nullptr);
    if (broken && !(joined && broken->rule == Rule::kSegmentOverMss)) tell(*broken, segment, now);
  }
  const Exchanges::Judgement judgement = exchanges_.on_received(segment, now);
  if (judgement.broken) tell(*judgement.broken, segment, now);
  if (!judgement.isn) return;
  // Of the host and not of this connection: told in any case.
  if (const auto broken = isns_.add(ours, *judgement.isn))
    sink_.on_finding({finding_of(*broken, segment, judged_), exchanges_.number(ours), now});
}

/// Tells that the target broke a rule by this segment, unless it may follow from what was told.
void Judge::tell(const Broken& broken, const Segment& segment, Instant now) {
  const Endpoint& ours = segment.destination;
  if (!exchanges_.tells(ours, info_of(broken.rule).severity())) return;
  sink_.on_finding({finding_of(broken, segment, judged_), exchanges_.number(ours), now});
}

/// Tells that the target broke a rule by not answering this segment of ours.
void Judge::tell_of_silence(const Broken& broken, const Segment& ours, Instant now) {
  if (!exchanges_.tells(ours.source, info_of(broken.rule).severity())) return;
  Finding finding = finding_of(broken, ours, judged_);
  finding.tuple = ours.of_receiver();
  sink_.on_finding({finding, exchanges_.number(ours.source), now});
}

}  // namespace conker::verdict
