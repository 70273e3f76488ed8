#include "stack/ip6/interface_identifiers.hpp"

#include <array>

namespace conker {
namespace {

constexpr std::uint64_t kStable = 0x7217, kTemporary = 0x8981;

std::uint64_t word_of(const MacAddress& mac) {
  std::uint64_t word = 0;
  for (const std::uint8_t byte : mac.bytes) word = word << 8 | byte;
  return word;
}

/// Per RFC 7217, 5, where the function yields a reserved identifier the counter goes on.
std::uint64_t identifier(std::uint64_t purpose, std::uint64_t prefix, const MacAddress& mac,
                         std::uint64_t time, std::uint32_t conflicts, const SipKey& secret) {
  for (std::uint64_t skipped = 0;; ++skipped) {
    const std::array<std::uint64_t, 6> message{purpose, prefix,    word_of(mac),
                                               time,    conflicts, skipped};
    const std::uint64_t result = siphash24(secret, message);
    if (!is_reserved_identifier(result)) return result;
  }
}

}  // namespace

bool is_reserved_identifier(std::uint64_t identifier) {
  return identifier == 0 || identifier >> 24 == 0x02005efffe ||
         (identifier >= 0xfdffffffffffff80 && identifier <= 0xfdffffffffffffff);
}

std::uint64_t stable_identifier(std::uint64_t prefix, const MacAddress& mac,
                                std::uint32_t conflicts, const SipKey& secret) {
  return identifier(kStable, prefix, mac, 0, conflicts, secret);
}

std::uint64_t temporary_identifier(std::uint64_t prefix, const MacAddress& mac, std::uint64_t time,
                                   std::uint32_t conflicts, const SipKey& secret) {
  return identifier(kTemporary, prefix, mac, time, conflicts, secret);
}

}  // namespace conker
