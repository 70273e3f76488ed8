#include "stack/wire/icmp6.hpp"

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kType = 0, kCode = 1, kChecksum = 2, kWord = 4;

}  // namespace

std::optional<Icmp6Message> parse_icmp6(std::span<const std::byte> bytes) {
  if (bytes.size() < kIcmp6Header) return std::nullopt;
  return Icmp6Message{get8(bytes, kType), get8(bytes, kCode), get32(bytes, kWord),
                      bytes.subspan(kIcmp6Header)};
}

bool verify_icmp6_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                           const IpAddress& destination) {
  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolIcmp6,
                    static_cast<std::uint32_t>(bytes.size()));
  sum.add(bytes);
  return sum.finish() == 0;
}

void emit_icmp6(const Icmp6Message& message, const IpAddress& source, const IpAddress& destination,
                std::span<std::byte> out) {
  put8(out, kType, message.type);
  put8(out, kCode, message.code);
  put16(out, kChecksum, 0);
  put32(out, kWord, message.word);
  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolIcmp6,
                    static_cast<std::uint32_t>(kIcmp6Header + message.payload.size()));
  sum.add(out.first(kIcmp6Header));
  sum.add(message.payload);
  put16(out, kChecksum, sum.finish());
}

}  // namespace conker
