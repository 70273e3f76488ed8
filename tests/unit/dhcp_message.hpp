// DHCP messages as tests write and read them, byte for byte, independently of stack/wire.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/unit/dns_message.hpp"

namespace conker::test {

/// An option, whose length field may be wrong.
inline std::string dhcp_option(int kind, const std::string& data, int lie = -1) {
  return std::string(1, static_cast<char>(kind)) +
         static_cast<char>(lie < 0 ? static_cast<int>(data.size()) : lie) + data;
}

/// A server's message.
struct DhcpReply {
  std::uint32_t xid = 0;
  std::uint32_t yours = 0x0a00000a;  // 10.0.0.10
  std::string mac = std::string("\x02\0\0\0\0\2", 6);
  std::string options;  // without the end option
  std::string server_name = repeated(64, '\0'), file = repeated(128, '\0');
  char op = 2, hardware_type = 1, hardware_length = 6;
  std::string magic = "\x63\x82\x53\x63";
  std::string end = "\xff";

  DhcpReply& with(int kind, const std::string& data, int lie = -1) {
    options += dhcp_option(kind, data, lie);
    return *this;
  }
  std::string text() const {
    return std::string{op, hardware_type, hardware_length, 0} + be32(xid) + be32(0) + be32(0) +
           be32(yours) + be32(0) + be32(0) + mac + repeated(10, '\0') + server_name + file + magic +
           options + end;
  }
};

/// A client's message.
struct DhcpHeard {
  int type = 0;
  std::uint32_t xid = 0, ciaddr = 0;
  std::size_t secs = 0;
  bool broadcast = false;
  std::map<int, std::string> options;

  explicit DhcpHeard(const std::string& text) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text.at(i)); };
    const auto word = [&](std::size_t i) {
      return static_cast<std::uint32_t>(at(i) << 24 | at(i + 1) << 16 | at(i + 2) << 8 | at(i + 3));
    };
    EXPECT_GE(text.size(), 300u) << "RFC 1542, 2.1";
    EXPECT_EQ(text.substr(0, 4), std::string("\1\1\6\0", 4));
    EXPECT_EQ(text.substr(28, 6), std::string("\x02\0\0\0\0\2", 6));
    EXPECT_EQ(text.substr(236, 4), "\x63\x82\x53\x63");
    xid = word(4);
    secs = static_cast<std::size_t>(at(8) << 8 | at(9));
    broadcast = (at(10) & 0x80) != 0;
    ciaddr = word(12);
    for (std::size_t i = 240; at(i) != 255; i += 2u + at(i + 1))
      options[at(i)] = text.substr(i + 2, at(i + 1));
    EXPECT_TRUE(options.count(53) == 1 && options.count(61) == 1);
    type = static_cast<std::uint8_t>(options[53][0]);
    EXPECT_EQ(options[61], std::string("\1\x02\0\0\0\0\2", 7))
        << "the same in all messages (RFC 2131, 4.2)";
  }
};

}  // namespace conker::test
