// DNS messages (RFC 1035, 4; RFC 2181). The parser takes messages to be hostile: RFC 9267 lists the
// faults of other parsers.
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
/// The largest message over UDP without EDNS (RFC 1035, 2.3.4), in bytes.
inline constexpr std::size_t kDnsUdpMax = 512;

/// A domain name: labels, each behind its length, and the root's empty label at the end (RFC 1035,
/// 3.1). Letters are kept in lower case, so that names are equal when their bytes are (RFC 4343). A
/// label may hold any byte, also NUL: the length alone ends it.
class DnsName {
 public:
  static constexpr std::size_t kMaxBytes = 255, kMaxLabel = 63;

  /// Parses "www.example.org", with or without a dot at the end. Nothing when a label has no or
  /// more than 63 characters, when the name takes more than 255 bytes, when a character is not a
  /// letter, digit, - or _, or when the last label is a number, as in a malformed address.
  static std::optional<DnsName> parse(std::string_view text);

  /// Whether it has not even the root's label: the state before a name is read.
  bool empty() const { return size_ == 0; }
  std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }
  bool operator==(const DnsName& other) const { return std::ranges::equal(bytes(), other.bytes()); }
  /// Whether this name is `zone` or a name below it.
  bool lies_in(const DnsName& zone) const;

  /// Appends a label. False, and the name is unspecified, when the label or the name would be too
  /// long.
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
  static constexpr std::uint16_t kA = 1, kCname = 5, kSoa = 6, kAaaa = 28;
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
  std::uint32_t ttl = 0;  // seconds; 0 where the highest bit is set (RFC 2181, 8)
  std::span<const std::byte> data;
  std::size_t data_at = 0;  // offset in the message, for names in the data
};

/// Reads a message from its beginning to its end. Every function returns false when the message is
/// too short.
class DnsReader {
 public:
  explicit DnsReader(std::span<const std::byte> message) : message_(message) {}

  bool header(DnsHeader& out);
  bool question(DnsQuestion& out);
  bool record(DnsRecord& out);
  /// Reads the name at offset `at`, and moves `at` behind it. A compression pointer must lead to
  /// before the labels that it ends: then there are no loops and no label is read twice (RFC 9267,
  /// 2).
  bool name(std::size_t& at, DnsName& out) const;

 private:
  bool there(std::size_t bytes) const { return message_.size() - at_ >= bytes; }

  std::span<const std::byte> message_;
  std::size_t at_ = 0;
};

/// Writes a query for the records of a name that are of this type (kA or kAaaa, RFC 3596), with
/// recursion desired, and returns its length in bytes: at most kDnsHeader + 255 + 4.
std::size_t emit_dns_query(std::uint16_t id, const DnsName& name, std::uint16_t type,
                           std::span<std::byte> out);

}  // namespace conker
