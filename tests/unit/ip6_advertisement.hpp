// Options of router advertisements as tests write them, byte for byte, independently of stack/wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/wire/ndp.hpp"
#include "tests/support/frames.hpp"
#include "tests/unit/dns_message.hpp"

namespace conker::test {

inline std::string address_bytes(const char* text) {
  const IpAddress address = IpAddress::parse(text)->without_zone();
  std::string bytes;
  for (const std::uint32_t word : address.words()) bytes += be32(word);
  return bytes;
}

/// A router advertisement with its options.
struct Advertised {
  RouterAdvertisement message;
  std::string options;

  explicit Advertised(std::uint16_t lifetime = 1800, int preference = 0) {
    message.lifetime = lifetime;
    message.preference = static_cast<std::int8_t>(preference);
  }
  /// Prefix information (RFC 4861, 4.6.2): flags 0x80 for on-link, 0x40 for autonomous.
  Advertised& prefix(const char* prefix, int length, std::uint32_t valid, std::uint32_t preferred,
                     int flags = 0xc0) {
    options += std::string("\3\4") + static_cast<char>(length) + static_cast<char>(flags) +
               be32(valid) + be32(preferred) + be32(0) + address_bytes(prefix);
    return *this;
  }
  /// Route information (RFC 4191, 2.3).
  Advertised& route(const char* prefix, int length, std::uint32_t lifetime, int preference = 0) {
    options += std::string("\x18\3") + static_cast<char>(length) +
               static_cast<char>((preference & 3) << 3) + be32(lifetime) + address_bytes(prefix);
    return *this;
  }
  /// Servers of names (RFC 8106, 5.1).
  Advertised& servers(std::uint32_t lifetime, const std::vector<const char*>& addresses) {
    options += std::string("\x19") + static_cast<char>(1 + 2 * addresses.size()) + be16(0) +
               be32(lifetime);
    for (const char* address : addresses) options += address_bytes(address);
    return *this;
  }
  /// The message, valid as long as this object.
  const RouterAdvertisement& parsed() {
    bytes_ = bytes_of(options);
    const auto all = NdpOptions::parse(bytes_);
    EXPECT_TRUE(all);
    if (all) message.options = *all;
    return message;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace conker::test
