#include "stack/base/address.hpp"

#include <utility>

namespace conker {
namespace {

// Parses a text from its front; after a failure the position is unspecified.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  bool skip(char expected) {
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }

  // Reads a number without leading zeros, which some parsers would take for octal.
  std::optional<unsigned> decimal(unsigned largest) {
    unsigned value = 0;
    std::size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      if (digits > 0 && value == 0) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(text_[digits] - '0');
      if (value > largest) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }

  std::optional<std::uint8_t> hex_pair() {
    if (text_.size() < 2) return std::nullopt;
    const int high = digit(text_[0]);
    const int low = digit(text_[1]);
    if (high < 0 || low < 0) return std::nullopt;
    text_.remove_prefix(2);
    return static_cast<std::uint8_t>(high << 4 | low);
  }

  std::optional<IpAddress> dotted_quad() {
    std::uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      if (i > 0 && !skip('.')) return std::nullopt;
      const auto number = decimal(255);
      if (!number) return std::nullopt;
      bits = bits << 8 | *number;
    }
    return IpAddress::v4(bits);
  }

  // An address of either family.
  std::optional<IpAddress> address() {
    if (const auto address = dotted_quad_or_back()) return address;
    const auto address = groups();
    // Per RFC 4291, 2.5.6 and 2.7, the bits that hold a zone here are zero in an address.
    if (!address || address->is_v4() || address->zone() != 0) return std::nullopt;
    if (!skip('%')) return address;
    const auto zone = decimal(0xffff);
    if (!zone || *zone == 0 || !address->holds_zone()) return std::nullopt;
    return address->with_zone(static_cast<std::uint16_t>(*zone));
  }

 private:
  // A dotted quad; where there is none, the position stays.
  std::optional<IpAddress> dotted_quad_or_back() {
    const std::string_view before = text_;
    const auto quad = dotted_quad();
    if (!quad) text_ = before;
    return quad;
  }

  // An IPv6 address (RFC 4291, 2.2): eight groups, of which "::" stands for one or more that are
  // zero, and a dotted quad for the last two.
  std::optional<IpAddress> groups() {
    std::array<std::uint32_t, kGroups> groups{};
    std::size_t count = 0;
    std::size_t gap = kGroups;  // where "::" stands; kGroups: nowhere
    while (count < kGroups) {
      if (gap == kGroups && text_.starts_with("::")) {
        gap = count;
        text_.remove_prefix(2);
        if (text_.empty() || digit(text_.front()) < 0) break;
      } else if (count > 0 && !skip(':')) {
        break;
      }
      if (const auto quad = count <= kGroups - 2 ? dotted_quad_or_back() : std::nullopt) {
        groups[count++] = quad->v4_bits() >> 16;
        groups[count++] = quad->v4_bits() & 0xffff;
        break;
      }
      const auto group = hex_group();
      if (!group) return std::nullopt;
      groups[count++] = *group;
    }
    if ((gap == kGroups) != (count == kGroups)) return std::nullopt;
    // The groups behind the gap move to the end.
    for (std::size_t i = kGroups; count > gap;) std::swap(groups[--i], groups[--count]);
    const auto word = [&](std::size_t i) { return groups[2 * i] << 16 | groups[2 * i + 1]; };
    return IpAddress({word(0), word(1), word(2), word(3)});
  }

  // One to four digits.
  std::optional<std::uint32_t> hex_group() {
    std::uint32_t value = 0;
    std::size_t digits = 0;
    for (; digits < 4 && digits < text_.size() && digit(text_[digits]) >= 0; ++digits) {
      value = value << 4 | static_cast<std::uint32_t>(digit(text_[digits]));
    }
    if (digits == 0) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }

  static constexpr std::size_t kGroups = 8;

  static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  std::string_view text_;
};

// Writes a text; the caller provides room for the longest.
class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}

  void put(char c) { out_[size_++] = c; }
  void decimal(unsigned value) {
    if (value >= 10) decimal(value / 10);
    put(static_cast<char>('0' + value % 10));
  }
  void hex(unsigned value, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
      put("0123456789abcdef"[value >> shift & 0xf]);
  }
  std::string_view text() const { return {out_.data(), size_}; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

void write_v4(Writer& writer, std::uint32_t bits) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (shift < 24) writer.put('.');
    writer.decimal(bits >> shift & 0xff);
  }
}

// Writes the address as RFC 5952, 4 has it: no leading zeros, and the first of the longest runs of
// two or more zero groups becomes "::". Its zone follows as RFC 4007, 11.2 has it.
void write_v6(Writer& writer, const IpAddress& address) {
  const auto words = address.without_zone().words();
  const auto group = [&](int i) {
    return words[static_cast<std::size_t>(i / 2)] >> (i % 2 == 0 ? 16 : 0) & 0xffff;
  };
  int run_begin = 8;
  int run_length = 1;
  for (int i = 0; i < 8; ++i) {
    int length = 0;
    while (i + length < 8 && group(i + length) == 0) ++length;
    if (length > run_length) {
      run_begin = i;
      run_length = length;
    }
  }
  for (int i = 0; i < 8;) {
    if (i == run_begin) {
      writer.put(':');
      i += run_length;
      if (i == 8) writer.put(':');
      continue;
    }
    if (i > 0) writer.put(':');
    const unsigned value = group(i++);
    writer.hex(value, value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1);
  }
  if (address.zone() == 0) return;
  writer.put('%');
  writer.decimal(address.zone());
}

std::optional<Prefix> read_prefix(const std::optional<IpAddress>& address, Reader& reader) {
  if (!address || !reader.skip('/')) return std::nullopt;
  const auto length = reader.decimal(Prefix::most_length(*address));
  if (!length || !reader.at_end()) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  Reader reader(text);
  const auto address = reader.address();
  return reader.at_end() ? address : std::nullopt;
}

std::optional<IpAddress> IpAddress::parse_v4(std::string_view text) {
  Reader reader(text);
  const auto address = reader.dotted_quad();
  return reader.at_end() ? address : std::nullopt;
}

std::string_view IpAddress::to_string(std::span<char, kTextSize> out) const {
  Writer writer(out);
  if (is_v4()) {
    write_v4(writer, v4_bits());
  } else {
    write_v6(writer, *this);
  }
  return writer.text();
}

std::optional<HostPort> HostPort::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() - colon > 6) return std::nullopt;
  unsigned port = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return std::nullopt;
  }
  if (host.empty() || port == 0 || port > 65535) return std::nullopt;
  return HostPort{host, Port{static_cast<std::uint16_t>(port)}};
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto parts = HostPort::parse(text);
  const auto address = parts ? IpAddress::parse(parts->host) : std::nullopt;
  return address ? std::optional(Endpoint{*address, parts->port}) : std::nullopt;
}

std::optional<Endpoint> Endpoint::parse_v4(std::string_view text) {
  const auto parts = HostPort::parse(text);
  const auto address = parts ? IpAddress::parse_v4(parts->host) : std::nullopt;
  return address ? std::optional(Endpoint{*address, parts->port}) : std::nullopt;
}

std::string_view Endpoint::to_string(std::span<char, kTextSize> out) const {
  Writer writer(out);
  if (address.is_unspecified()) {
    writer.put('*');
  } else if (address.is_v4()) {
    write_v4(writer, address.v4_bits());
  } else {
    writer.put('[');
    write_v6(writer, address);
    writer.put(']');
  }
  writer.put(':');
  writer.decimal(port.value);
  return writer.text();
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  Reader reader(text);
  const auto prefix = read_prefix(reader.address(), reader);
  // A prefix that reaches beyond what has zones is in none.
  const bool zoned = prefix && prefix->network().zone() == prefix->address.zone();
  return zoned ? prefix : std::nullopt;
}

std::optional<Prefix> Prefix::parse_v4(std::string_view text) {
  Reader reader(text);
  return read_prefix(reader.dotted_quad(), reader);
}

IpAddress Prefix::network() const {
  auto words = address.words();
  int left = length + (address.is_v4() ? 96 : 0);  // bits that count, from this word on
  for (std::uint32_t& word : words) {
    if (left <= 0) word = 0;
    if (left > 0 && left < 32) word &= ~std::uint32_t{0} << (32 - left);
    left -= 32;
  }
  return IpAddress(words).with_zone(address.zone());
}

bool Prefix::contains_v6(const IpAddress& a) const {
  const std::uint16_t zone = address.zone();
  const IpAddress there = zone == 0 ? a.without_zone() : a;
  return there.zone() == zone && Prefix{there, length}.network() == network();
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  Reader reader(text);
  MacAddress mac;
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
    if (i > 0 && !reader.skip(':')) return std::nullopt;
    const auto byte = reader.hex_pair();
    if (!byte) return std::nullopt;
    mac.bytes[i] = *byte;
  }
  return reader.at_end() ? std::optional(mac) : std::nullopt;
}

std::string_view MacAddress::to_string(std::span<char, kTextSize> out) const {
  Writer writer(out);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) writer.put(':');
    writer.hex(bytes[i], 2);
  }
  return writer.text();
}

}  // namespace conker
