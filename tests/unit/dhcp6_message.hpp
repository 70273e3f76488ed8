// DHCPv6 messages as tests write and read them, byte for byte, independently of stack/wire.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>

#include "tests/unit/dns_message.hpp"

namespace conker::test {

/// An option, whose length field may be wrong.
inline std::string dhcp6_option(std::size_t code, const std::string& data, int lie = -1) {
  return be16(code) + be16(lie < 0 ? data.size() : static_cast<std::size_t>(lie)) + data;
}
/// 2001:db8::`last`.
inline std::string dhcp6_host(std::size_t last) {
  return be32(0x20010db8) + be32(0) + be32(0) + be32(last);
}
/// An address option (5) within an association.
inline std::string dhcp6_address(std::size_t last, std::size_t preferred, std::size_t valid,
                                 const std::string& options = {}) {
  return dhcp6_option(5, dhcp6_host(last) + be32(preferred) + be32(valid) + options);
}
inline std::string dhcp6_status(std::size_t code) {
  return dhcp6_option(13, be16(code) + "said so");
}
/// An association (3) with the times T1 and T2.
inline std::string dhcp6_association(std::size_t renew, std::size_t rebind,
                                     const std::string& options, std::size_t id = 1) {
  return dhcp6_option(3, be32(id) + be32(renew) + be32(rebind) + options);
}
/// The client's identifier: a DUID-LL of 02:00:00:00:00:02.
inline std::string dhcp6_client(char last = 2) {
  return dhcp6_option(1, be16(3) + be16(1) + std::string("\2\0\0\0\0", 5) + last);
}
inline std::string dhcp6_server(const std::string& name = "duid of one") {
  return dhcp6_option(2, name);
}
inline std::string dhcp6_message(int type, std::uint32_t transaction, const std::string& options) {
  return be32(static_cast<std::size_t>(type) << 24 | transaction) + options;
}

/// A client's message, whose options are checked for their form.
struct Dhcp6Heard {
  int type = 0;
  std::uint32_t transaction = 0;
  std::map<std::size_t, std::string> options;

  explicit Dhcp6Heard(const std::string& text) {
    if (text.size() < 4) return;
    type = static_cast<std::uint8_t>(text[0]);
    transaction = word(text, 0) & 0xffffff;
    for (std::size_t at = 4; at < text.size();) {
      const std::size_t code = word(text, at) >> 16, length = word(text, at) & 0xffff;
      EXPECT_LE(at + 4 + length, text.size());
      EXPECT_EQ(options.count(code), 0u) << "option " << code << " twice";
      options[code] = text.substr(at + 4, length);
      at += 4 + length;
    }
    EXPECT_EQ(options[1], dhcp6_client().substr(4)) << "in every message (RFC 8415, 18.2)";
    EXPECT_EQ(options[8].size(), 2u) << "elapsed time, in every message";
  }
  /// The elapsed time in hundredths of a second.
  std::size_t elapsed() const { return word(options.at(8) + std::string(2, '\0'), 0) >> 16; }
  /// The number behind ::, of the address in the association; 0 where there is none.
  std::size_t address() const {
    const auto found = options.find(3);
    if (found == options.end() || found->second.size() < 12 + 4 + 24) return 0;
    return word(found->second, 12 + 4 + 12);
  }

  static std::uint32_t word(const std::string& text, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i)
      value = value << 8 | static_cast<std::uint8_t>(text.at(i));
    return value;
  }
};

}  // namespace conker::test
