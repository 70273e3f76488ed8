// DNS messages as tests write them, byte for byte, independently of stack/wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conker::test {

inline std::string be16(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
inline std::string be32(std::size_t value) {
  return be16(value >> 16) + be16(value & 0xffff);
}
/// The character n times. (GCC 12 sees overflows where a string of n characters is joined to
/// another.)
inline std::string repeated(std::size_t n, char c) {
  std::string text;
  while (text.size() < n) text.push_back(c);
  return text;
}
/// Encodes "www.example.org" as labels.
inline std::string dns_name(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    bytes += static_cast<char>(dot);
    bytes += text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return bytes + '\0';
}
/// A compression pointer.
inline std::string dns_pointer(std::size_t to) {
  return be16(0xc000 | to);
}

struct DnsMessage {
  std::uint16_t id = 0x1234;
  std::uint16_t flags = 0x8180;  // a response, recursion desired and available
  std::string name = "www.example.org";
  std::string body;  // the records
  int questions = 1, answers = 0, authorities = 0;
  int type = 1;

  DnsMessage& record(const std::string& owner, int record_type, std::size_t ttl,
                     const std::string& data, int lie = -1) {
    body += owner + be16(static_cast<std::size_t>(record_type)) + be16(1) + be32(ttl) +
            be16(lie < 0 ? data.size() : static_cast<std::size_t>(lie)) + data;
    return *this;
  }
  /// Adds an A record; the name of the question is at offset 12.
  DnsMessage& a(const std::string& owner, std::uint32_t address, std::size_t ttl = 300) {
    ++answers;
    return record(owner, 1, ttl, be32(address));
  }
  DnsMessage& cname(const std::string& owner, const std::string& target, std::size_t ttl = 300) {
    ++answers;
    return record(owner, 5, ttl, target);
  }
  DnsMessage& soa(const std::string& zone, std::size_t ttl, std::size_t minimum) {
    ++authorities;
    return record(dns_name(zone), 6, ttl,
                  dns_name("ns." + zone) + dns_name("root." + zone) + be32(1) + be32(2) + be32(3) +
                      be32(4) + be32(minimum));
  }
  std::string text() const {
    return be16(id) + be16(flags) + be16(static_cast<std::size_t>(questions)) +
           be16(static_cast<std::size_t>(answers)) + be16(static_cast<std::size_t>(authorities)) +
           be16(0) + dns_name(name) + be16(static_cast<std::size_t>(type)) + be16(1) + body;
  }
};

}  // namespace conker::test
