#include "stack/strike/syn_data.hpp"

#include <algorithm>

#include "stack/base/checksum.hpp"
#include "stack/strike/tcp_head.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

void SynData::open(const FourTuple& tuple, Seq iss, std::span<const std::byte> data) {
  carriers_[tuple.local_port.value % kMost] = {tuple.without_zones(), iss, data};
}

FrameOut SynData::edit(const FrameOut& frame) {
  const auto segment = find_tcp_head(frame);
  Carrier* const carrier = segment ? find(segment->tuple) : nullptr;
  if (carrier == nullptr || segment->has(TcpFlags::kRst)) return frame;
  if (!segment->has(TcpFlags::kSyn) || segment->sequence != carrier->iss) {
    carrier->data = {};
    return frame;
  }
  const std::span<const std::byte> head = frame.parts[0];
  if (frame.parts.size() != 1 || head.size() > head_.size() || head.size() != segment->end)
    return frame;
  std::ranges::copy(head, head_.begin());
  const auto size = static_cast<std::uint16_t>(carrier->data.size());
  lengthen_packet(head_, size);
  const std::size_t checksum = segment->tcp + TcpHead::kChecksum;
  Checksum sum;
  sum.add16(static_cast<std::uint16_t>(~get16(head, checksum)));
  sum.add16(size);  // of the pseudo-header
  sum.add(carrier->data);
  put16(head_, checksum, sum.finish());
  parts_ = {std::span(head_).first(head.size()), carrier->data};
  return {.parts = parts_, .segment = frame.segment};
}

FrameIn SynData::edit_received(const FrameIn& frame) {
  const auto segment = find_tcp_head(frame.bytes);
  if (!segment || !segment->has(TcpFlags::kAck)) return frame;
  const FourTuple& from = segment->tuple;
  const Carrier* const carrier = find({from.remote, from.local, from.remote_port, from.local_port});
  if (carrier == nullptr) return frame;
  const Seq of_syn = carrier->iss + 1;
  const Seq of_all = of_syn + static_cast<std::uint32_t>(carrier->data.size());
  const Seq ack = segment->acknowledgment;
  if (ack <= of_syn || ack > of_all || frame.bytes.size() > head_.size()) return frame;
  const auto answer = std::span(answers_[next_++ % kBatch]).first(frame.bytes.size());
  std::ranges::copy(frame.bytes, answer.begin());
  const std::size_t field = segment->tcp + TcpHead::kAcknowledgment;
  const std::size_t checksum = segment->tcp + TcpHead::kChecksum;
  const std::uint16_t sum = get16(answer, checksum);
  replace16(answer, field, static_cast<std::uint16_t>(of_syn.value() >> 16), checksum);
  replace16(answer, field + 2, static_cast<std::uint16_t>(of_syn.value() & 0xffff), checksum);
  // Of a sum of the pseudo-header alone the number is no part.
  if (frame.checksum == ChecksumState::kPartial) put16(answer, checksum, sum);
  return {answer, frame.checksum};
}

}  // namespace conker
