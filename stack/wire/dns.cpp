#include "stack/wire/dns.hpp"

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kId = 0, kFlags = 2, kQuestions = 4, kAnswers = 6, kAuthorities = 8;
constexpr std::uint16_t kResponse = 0x8000, kTruncated = 0x0200, kRecursionDesired = 0x0100;
constexpr std::uint8_t kPointer = 0xc0;  // the two highest bits of a length
constexpr int kMostJumps = 16;           // more than any valid name needs

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}
constexpr std::byte small(std::byte b) {
  return b >= std::byte{'A'} && b <= std::byte{'Z'} ? b | std::byte{0x20} : b;
}

}  // namespace

// ---- Names ----

std::optional<DnsName> DnsName::parse(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  DnsName name;
  for (bool more = true; more;) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    more = dot != std::string_view::npos;
    if (label.empty() || !std::ranges::all_of(label, is_host_character)) return std::nullopt;
    // Per RFC 1123, 2.1, a last label of digits is an address and not a name.
    if (!more && std::ranges::all_of(label, is_digit)) return std::nullopt;
    if (!name.append(std::as_bytes(std::span(label)))) return std::nullopt;
    if (more) text.remove_prefix(dot + 1);
  }
  return name.finish() ? std::optional(name) : std::nullopt;
}

bool DnsName::append(std::span<const std::byte> label) {
  if (label.empty() || label.size() > kMaxLabel || size_ + 1 + label.size() >= kMaxBytes)
    return false;
  bytes_[size_] = static_cast<std::byte>(label.size());
  std::ranges::transform(label, bytes_.begin() + size_ + 1, small);
  size_ = static_cast<std::uint8_t>(size_ + 1 + label.size());
  return true;
}

bool DnsName::finish() {
  if (size_ >= kMaxBytes) return false;
  bytes_[size_++] = std::byte{0};
  return true;
}

bool DnsName::lies_in(const DnsName& zone) const {
  auto rest = bytes();
  while (rest.size() > zone.bytes().size())
    rest = rest.subspan(1 + std::to_integer<std::size_t>(rest[0]));
  return std::ranges::equal(rest, zone.bytes());
}

// ---- Reading ----

bool DnsReader::header(DnsHeader& out) {
  if (!there(kDnsHeader)) return false;
  const std::uint16_t flags = get16(message_, kFlags);
  out.id = get16(message_, kId);
  out.response = (flags & kResponse) != 0;
  out.truncated = (flags & kTruncated) != 0;
  out.opcode = flags >> 11 & 0xf;
  out.code = flags & 0xf;
  out.questions = get16(message_, kQuestions);
  out.answers = get16(message_, kAnswers);
  out.authorities = get16(message_, kAuthorities);
  at_ = kDnsHeader;
  return true;
}

bool DnsReader::name(std::size_t& at, DnsName& out) const {
  out = DnsName();
  std::size_t here = at;
  std::size_t begin = at;  // offset of the labels that are being read
  int jumps = 0;
  for (;;) {
    if (here >= message_.size()) return false;
    const std::uint8_t length = get8(message_, here);
    if ((length & kPointer) == kPointer) {
      if (message_.size() - here < 2) return false;
      const std::size_t to = get16(message_, here) & 0x3fffu;
      if (to >= begin || to < kDnsHeader || jumps == kMostJumps) return false;
      if (jumps++ == 0) at = here + 2;
      here = begin = to;
      continue;
    }
    if ((length & kPointer) != 0) return false;  // other kinds of labels are refused (RFC 6891, 5)
    if (length == 0) break;
    if (message_.size() - here - 1 < length) return false;
    if (!out.append(message_.subspan(here + 1, length))) return false;
    here += 1u + length;
  }
  if (jumps == 0) at = here + 1;
  return out.finish();
}

bool DnsReader::question(DnsQuestion& out) {
  if (!name(at_, out.name) || !there(4)) return false;
  out.type = get16(message_, at_);
  out.klass = get16(message_, at_ + 2);
  at_ += 4;
  return true;
}

bool DnsReader::record(DnsRecord& out) {
  if (!name(at_, out.name) || !there(10)) return false;
  out.type = get16(message_, at_);
  out.klass = get16(message_, at_ + 2);
  const std::uint32_t ttl = get32(message_, at_ + 4);
  out.ttl = ttl >> 31 != 0 ? 0 : ttl;
  const std::size_t length = get16(message_, at_ + 8);
  at_ += 10;
  if (!there(length)) return false;
  out.data = message_.subspan(at_, length);
  out.data_at = at_;
  at_ += length;
  return true;
}

// ---- Writing ----

std::size_t emit_dns_query(std::uint16_t id, const DnsName& name, std::uint16_t type,
                           std::span<std::byte> out) {
  std::ranges::fill(out.first(kDnsHeader), std::byte{0});
  put16(out, kId, id);
  put16(out, kFlags, kRecursionDesired);
  put16(out, kQuestions, 1);
  const auto bytes = name.bytes();
  std::ranges::copy(bytes, out.begin() + kDnsHeader);
  const std::size_t at = kDnsHeader + bytes.size();
  put16(out, at, type);
  put16(out, at + 2, DnsType::kInternet);
  return at + 4;
}

}  // namespace conker
