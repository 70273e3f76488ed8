// DNS messages (RFC 1035, 4; RFC 2181). Reading is written for messages from an enemy: RFC 9267
// tells what has gone wrong in others' code.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr Port kDnsPort{53};
inline constexpr std::size_t kDnsHeader = 12;
/// The largest message over UDP without further agreement (RFC 1035, 2.3.4).
inline constexpr std::size_t kDnsUdpMax = 512;

/// A domain name: labels, each behind its length, and the root's empty label at the end (RFC
/// 1035, 3.1). Letters are kept small, so that names are the same when their bytes are (RFC 4343).
/// A label may hold any byte, also NUL: nothing here looks for an end.
class DnsName {
 public:
  static constexpr std::size_t kMaxBytes = 255, kMaxLabel = 63;

  /// "www.example.org", a dot at the end allowed. Nothing when a label has no or more than 63
  /// characters, when the name takes more than 255 bytes, when there is a character other than
  /// letters, digits, - and _, or when the last label is a number: that is an address, and a wrong
  /// one.
  static std::optional<DnsName> parse(std::string_view text);

  /// Without a label it is not even the root.
  bool empty() const { return size_ == 0; }
  std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }
  bool operator==(const DnsName& other) const { return std::ranges::equal(bytes(), other.bytes()); }
  /// Whether it is this zone or lies in it.
  bool lies_in(const DnsName& zone) const;

  /// False, and the name is unspecified, when the label or the name would be too long.
  bool append(std::span<const std::byte> label);
  bool finish();

 private:
  std::array<std::byte, kMaxBytes> bytes_{};
  std::uint8_t size_ = 0;
};

struct DnsHeader {
  enum Code : std::uint8_t { kNoError = 0, kServerFailure = 2, kNoSuchName = 3 };

  std::uint16_t id = 0;
  bool response = false, truncated = false;
  std::uint8_t opcode = 0;
  std::uint8_t code = kNoError;
  std::uint16_t questions = 0, answers = 0, authorities = 0;
};

struct DnsType {
  static constexpr std::uint16_t kA = 1, kCname = 5, kSoa = 6;
  static constexpr std::uint16_t kInternet = 1;  // a class
};

struct DnsQuestion {
  DnsName name;
  std::uint16_t type = 0, klass = 0;
  bool operator==(const DnsQuestion&) const = default;
};

struct DnsRecord {
  DnsName name;
  std::uint16_t type = 0, klass = 0;
  std::uint32_t ttl = 0;  // seconds; 0 for what has its highest bit set (RFC 2181, 8)
  std::span<const std::byte> data;
  std::size_t data_at = 0;  // in the message, for names in the data
};

/// Reads a message from its beginning to its end. Everything answers false when the bytes are not
/// there.
class DnsReader {
 public:
  explicit DnsReader(std::span<const std::byte> message) : message_(message) {}

  bool header(DnsHeader& out);
  bool question(DnsQuestion& out);
  bool record(DnsRecord& out);
  /// A name somewhere in the message; `at` is behind it afterwards. A compression pointer must lead
  /// back to before the labels that it ends: then there are no loops and nothing is read twice (RFC
  /// 9267, 2).
  bool name(std::size_t& at, DnsName& out) const;

 private:
  bool there(std::size_t bytes) const { return message_.size() - at_ >= bytes; }

  std::span<const std::byte> message_;
  std::size_t at_ = 0;
};

/// Writes a query for the addresses of a name, recursion desired, and says how long it is: at most
/// kDnsHeader
/// + 255 + 4 bytes.
std::size_t emit_dns_query(std::uint16_t id, const DnsName& name, std::span<std::byte> out);

}  // namespace conker
