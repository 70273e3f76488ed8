#include "stack/verdict/judge.hpp"

#include <optional>

#include "stack/base/prefetch.hpp"

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
    : fixed_(target),
      sink_(sink),
      exchanges_(target, connections, patience),
      conversations_(connections) {}

Judge::Judge(const Visitors& visitors, std::size_t connections, Sink& sink,
             const Patience& patience)
    : fixed_(visitors.ours),
      guests_(&visitors.guests),
      sink_(sink),
      exchanges_(visitors.ours, connections, patience, Opener::kPeer),
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
  // What it is told of has come over one link, so that both ends are in the zone of the known one.
  const std::uint16_t zone = fixed_.address.zone();
  segment.source.address = segment.source.address.with_zone(zone);
  segment.destination.address = segment.destination.address.with_zone(zone);
  const bool in =
      guests_ != nullptr ? segment.destination == fixed_ : segment.source.address == fixed_.address;
  const Endpoint& to = guests_ != nullptr ? segment.source : segment.destination;
  if (!ours) {
    if (in && guests_ != nullptr && parsed == Parsed::kTcp && segment.opens())
      on_opened(segment, now);
    // What the link has verified it may have joined, too.
    if (in) on_received(parsed, segment, trusted, now);
  } else if (parsed == Parsed::kTcp && to == fixed_) {
    on_sent(segment, now);
  }
}

std::size_t Judge::bytes() const {
  std::size_t bytes = sizeof(*this) + exchanges_.bytes() + isns_.bytes() + whole_.capacity() +
                      conversations_.capacity() * sizeof(Conversation);
  for (const Conversation& conversation : conversations_) bytes += conversation.bytes();
  return bytes;
}

/// A connection with another four-tuple begins at this place. Those to come follow in order: of
/// thousands of connections, what is known of one that began so long ago is in no cache.
void Judge::begin(std::uint32_t place) {
  conversations_[place].clear();
  prefetch(conversations_[(place + 1) % conversations_.size()]);
}

void Judge::on_sent(const Segment& segment, Instant now) {
  const Exchanges::Sent sent = exchanges_.on_sent(segment, now);
  if (sent.fresh) begin(*sent.fresh);
  if (sent.broken) tell_of_silence(*sent.broken, segment, now);
  if (const auto place = exchanges_.place(exchanges_.end_of_sent(segment)))
    conversations_[*place].on_received(segment);
}

/// A SYN of a peer, which begins a connection unless it was sent again.
void Judge::on_opened(const Segment& segment, Instant now) {
  if (!guests_->admits(segment.source.address)) return;
  const auto opened = exchanges_.on_opened(segment, now);
  if (!opened) return;
  if (opened->fresh) begin(opened->place);
  add_isn(opened->isn, segment, now);
}

void Judge::on_received(Parsed parsed, const Segment& segment, bool joined, Instant now) {
  const auto place = exchanges_.place(exchanges_.end_of_received(segment));
  if (!place) return;
  ++judged_;
  if (const auto rule = rule_of(parsed)) return tell({*rule, 0, 0}, segment, now);
  if (const auto broken = ip_ids_.add(exchanges_.end_of_received(segment), segment))
    tell_of_host(*broken, segment, now);
  if (segment.padding_leak) tell({Rule::kPaddingLeak, 0, 1}, segment, now);
  const bool of_peer = guests_ != nullptr || segment.source.port == fixed_.port;
  if (of_peer && exchanges_.is_of_last(segment)) {
    const auto broken = conversations_[*place].on_sent(segment, {.in_transit = true}, nullptr);
    const auto excused = [&](Rule rule) {
      return (joined && rule == Rule::kSegmentOverMss) ||
             (rule == Rule::kSynAckOfNoSyn && exchanges_.may_be_of_one_before(segment, now));
    };
    if (broken && !excused(broken->rule)) tell(*broken, segment, now);
  }
  const Exchanges::Judgement judgement = exchanges_.on_received(segment, now);
  if (judgement.broken) tell(*judgement.broken, segment, now);
  if (judgement.isn) add_isn(*judgement.isn, segment, now);
}

void Judge::add_isn(Seq isn, const Segment& segment, Instant now) {
  if (const auto broken = isns_.add(exchanges_.end_of_received(segment), isn))
    tell_of_host(*broken, segment, now);
}

/// What the host's choice of numbers breaks is of the host and not of this connection: told in any
/// case.
void Judge::tell_of_host(const Broken& broken, const Segment& segment, Instant now) {
  const Endpoint& end = exchanges_.end_of_received(segment);
  sink_.on_finding({finding_of(broken, segment, judged_), exchanges_.number(end), now});
}

/// Tells that the target broke a rule by this segment, unless it may follow from what was told.
void Judge::tell(const Broken& broken, const Segment& segment, Instant now) {
  const Endpoint& end = exchanges_.end_of_received(segment);
  if (!exchanges_.tells(end, info_of(broken.rule).severity())) return;
  sink_.on_finding({finding_of(broken, segment, judged_), exchanges_.number(end), now});
}

/// Tells that the target broke a rule by not answering this segment of ours.
void Judge::tell_of_silence(const Broken& broken, const Segment& ours, Instant now) {
  const Endpoint& end = exchanges_.end_of_sent(ours);
  if (!exchanges_.tells(end, info_of(broken.rule).severity())) return;
  Finding finding = finding_of(broken, ours, judged_);
  finding.tuple = ours.of_receiver();
  sink_.on_finding({finding, exchanges_.number(end), now});
}

}  // namespace conker::verdict
