#include "daemon/control/payload_check.hpp"

#include <utility>

namespace conker::daemon {
namespace {

using Kind = Payloads::Difference::Kind;

verdict::Rule rule_of(Kind kind) {
  switch (kind) {
    case Kind::kMore:
      return verdict::Rule::kEchoBeyond;
    case Kind::kLess:
      return verdict::Rule::kEchoShort;
    case Kind::kByte:
      break;
  }
  return verdict::Rule::kEchoDiffers;
}

/// How many bytes of the stream are wrong, as far as they have come.
std::uint32_t wrong_bytes(const Payloads::Difference& difference) {
  switch (difference.kind) {
    case Kind::kMore:
      return difference.seen - difference.expected;
    case Kind::kLess:
      return 0;
    case Kind::kByte:
      break;
  }
  return 1;
}

}  // namespace

PayloadCheck::PayloadCheck(Stack& stack, const StrikeRequest& request, OnFound on_found)
    : stack_(stack),
      places_(request.concurrency),
      payloads_(stack, places_, request.expect, static_cast<std::uint32_t>(request.payload.size()),
                *this),
      on_found_(std::move(on_found)) {}

void PayloadCheck::on_difference(const Payloads::Difference& difference) {
  ConnectionInfo about;
  if (!stack_.info(difference.id, about)) return;
  const FourTuple& ours = about.tuple;
  const verdict::Finding finding{
      .rule = rule_of(difference.kind),
      .tuple = {ours.remote, ours.local, ours.remote_port, ours.local_port},
      .seq = about.irs + 1 + difference.offset,
      .length = wrong_bytes(difference),
      .expected = difference.expected,
      .seen = difference.seen,
      .offset = difference.offset};
  on_found_({finding, difference.cycle, stack_.now()});
}

protocol::PayloadsSent PayloadCheck::result() const {
  const Payloads::Counts& counts = payloads_.counts();
  return {counts.sent, counts.received, counts.answered, counts.differing};
}

}  // namespace conker::daemon
