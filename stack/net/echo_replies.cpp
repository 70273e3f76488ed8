#include "stack/net/echo_replies.hpp"

namespace conker {

void EchoReplies::add(const PacketIn& packet, std::uint16_t identifier, std::uint16_t sequence,
                      std::span<const std::byte> payload, Instant now) {
  counters_.add(Count::icmp_echo_replies_in);
  if (waiting_ == most()) {
    counters_.add(Count::drop_echo_reply_queue);
    if (most() == 0) return;
    first_ = (first_ + 1) % most();
    --waiting_;
  }
  EchoReply& reply = replies_[(first_ + waiting_++) % most()];
  reply = EchoReply{
      packet.source, identifier, sequence, packet.ttl, static_cast<std::uint16_t>(payload.size()),
      now,           {}};
  std::ranges::copy(payload.first(std::min(payload.size(), reply.head.size())), reply.head.begin());
}

bool EchoReplies::next(EchoReply& reply) {
  if (waiting_ == 0) return false;
  reply = replies_[first_];
  first_ = (first_ + 1) % most();
  --waiting_;
  return true;
}

}  // namespace conker
