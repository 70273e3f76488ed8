#include "stack/wire/icmp4.hpp"

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kType = 0, kCode = 1, kChecksum = 2, kUpper = 4, kLower = 6;

}  // namespace

std::optional<Icmp4Message> parse_icmp4(std::span<const std::byte> bytes) {
  if (bytes.size() < kIcmp4Header) return std::nullopt;
  return Icmp4Message{get8(bytes, kType), get8(bytes, kCode), get16(bytes, kUpper),
                      get16(bytes, kLower), bytes.subspan(kIcmp4Header)};
}

bool verify_icmp4_checksum(std::span<const std::byte> bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.finish() == 0;
}

void emit_icmp4(const Icmp4Message& message, std::span<std::byte> out) {
  put8(out, kType, message.type);
  put8(out, kCode, message.code);
  put16(out, kChecksum, 0);
  put16(out, kUpper, message.upper);
  put16(out, kLower, message.lower);
  Checksum sum;
  sum.add(out.first(kIcmp4Header));
  sum.add(message.payload);
  put16(out, kChecksum, sum.finish());
}

}  // namespace conker
