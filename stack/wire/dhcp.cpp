#include "stack/wire/dhcp.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kOp = 0, kHardwareType = 1, kHardwareLength = 2, kTransaction = 4,
                      kSeconds = 8, kFlags = 10, kClient = 12, kYours = 16, kHardware = 28,
                      kServerName = 44, kServerNameLength = 64, kFile = 108, kFileLength = 128,
                      kCookie = 236, kOptions = 240;
constexpr std::size_t kLeastBytes = 300;
constexpr std::uint8_t kRequestOp = 1, kReplyOp = 2, kEthernet = 1, kMacLength = 6;
constexpr std::uint16_t kBroadcast = 0x8000;
constexpr std::uint32_t kMagic = 0x63825363;

// Option codes of RFC 2132.
constexpr std::uint8_t kPad = 0, kMask = 1, kRouter = 3, kDns = 6, kRequested = 50, kLease = 51,
                       kOverload = 52, kType = 53, kServer = 54, kWanted = 55, kLongest = 57,
                       kRenew = 58, kRebind = 59, kIdentifier = 61, kEnd = 255;

/// Calls option(kind, data) for each option of a field. A field may end without the end option.
/// False when an option reaches past the field; the options before it are valid all the same.
template <typename F>
bool for_each_option(std::span<const std::byte> field, F&& option) {
  while (!field.empty()) {
    const std::uint8_t kind = get8(field, 0);
    if (kind == kEnd) return true;
    if (kind == kPad) {
      field = field.subspan(1);
      continue;
    }
    if (field.size() < 2) return false;
    const std::size_t length = get8(field, 1);
    if (length > field.size() - 2) return false;
    option(kind, field.subspan(2, length));
    field = field.subspan(2 + length);
  }
  return true;
}

/// Collects a list of addresses that may be spread over several options of one kind (RFC 3396, 7):
/// a piece may end within an address. Only the first `Most` are kept.
template <std::size_t Most>
class AddressList {
 public:
  void add(std::span<const std::byte> data) {
    if (data.empty()) empty_ = true;
    for (const std::byte byte : data) {
      if (size_ < bytes_.size()) bytes_[size_] = byte;
      ++size_;
    }
  }
  /// Calls address(one) for each. False, and none is used, when the option is present but empty, or
  /// ends within an address.
  template <typename F>
  bool read(F&& address) const {
    if (size_ % 4 != 0) return false;
    for (std::size_t at = 0; at < std::min(size_, bytes_.size()); at += 4)
      address(get_ipv4(bytes_, at));
    return size_ != 0 || !empty_;
  }

 private:
  std::array<std::byte, Most * 4> bytes_{};
  std::size_t size_ = 0;
  bool empty_ = false;
};

/// Collects the options of a message for parse_dhcp(). An option that is invalid is skipped as if
/// it were absent, and counted.
class Options {
 public:
  Options(DhcpMessage& message, const MacAddress& ours) : message_(message), ours_(ours) {}

  void read(std::span<const std::byte> field) {
    const bool whole =
        for_each_option(field, [this](std::uint8_t kind, std::span<const std::byte> data) {
          if (!one(kind, data)) skip();
        });
    if (!whole) skip();
  }
  /// To be called after the last field. False when there is no message type, or when the message is
  /// for another client.
  bool finish() {
    const auto router = [this](const IpAddress& address) {
      if (message_.router.is_unspecified() && names_a_host(address)) message_.router = address;
    };
    const auto server = [this](const IpAddress& address) {
      message_.dns[message_.dns_count++] = address;
    };
    if (!routers_.read(router)) skip();
    if (!servers_.read(server)) skip();
    return typed_ && !foreign_;
  }
  std::uint8_t overload() const { return overload_; }

 private:
  void skip() {
    if (message_.skipped < UINT8_MAX) ++message_.skipped;
  }
  static bool address(std::span<const std::byte> data, IpAddress& out) {
    if (data.size() != 4) return false;
    if (out.is_unspecified()) out = get_ipv4(data, 0);
    return true;
  }
  static bool seconds(std::span<const std::byte> data, std::optional<std::uint32_t>& out) {
    if (data.size() != 4) return false;
    if (!out) out = get32(data, 0);
    return true;
  }
  bool mask(std::span<const std::byte> data) {
    if (data.size() != 4) return false;
    const std::uint32_t bits = get32(data, 0);
    const int length = std::countl_one(bits);
    if (std::popcount(bits) != length || length == 0) return false;
    if (message_.mask == 0) message_.mask = static_cast<std::uint8_t>(length);
    return true;
  }
  // Per RFC 6842, 3, a client ignores a message with another client's identifier; per RFC 2132,
  // 9.14, an identifier has 2 bytes or more.
  bool identifier(std::span<const std::byte> data) {
    if (data.size() < 2) return false;
    foreign_ = foreign_ || data.size() != 1 + kMacLength || get8(data, 0) != kEthernet ||
               get_mac(data, 1) != ours_;
    return true;
  }

  bool one(std::uint8_t kind, std::span<const std::byte> data) {
    switch (kind) {
      case kMask:
        return mask(data);
      case kRouter:
        routers_.add(data);
        return true;
      case kDns:
        servers_.add(data);
        return true;
      case kLease:
        return seconds(data, message_.lease);
      case kRenew:
        return seconds(data, message_.renew);
      case kRebind:
        return seconds(data, message_.rebind);
      case kServer:
        return address(data, message_.server);
      case kIdentifier:
        return identifier(data);
      case kOverload:
        if (data.size() != 1 || get8(data, 0) < 1 || get8(data, 0) > 3) return false;
        overload_ |= get8(data, 0);
        return true;
      case kType:
        if (data.size() != 1 || get8(data, 0) < 1 || get8(data, 0) > 7) return false;
        if (!typed_) message_.type = static_cast<DhcpType>(get8(data, 0));
        typed_ = true;
        return true;
      default:
        return true;
    }
  }

  DhcpMessage& message_;
  const MacAddress& ours_;
  AddressList<DhcpMessage::kMostRouters> routers_;
  AddressList<DhcpMessage::kMostServers> servers_;
  std::uint8_t overload_ = 0;
  bool typed_ = false;
  bool foreign_ = false;
};

/// Writes options, each behind the one before.
class Writer {
 public:
  Writer(std::span<std::byte> out, std::size_t at) : out_(out), at_(at) {}

  void byte(std::uint8_t value) { put8(out_, at_++, value); }
  void option(std::uint8_t kind, std::initializer_list<std::uint8_t> data) {
    byte(kind);
    byte(static_cast<std::uint8_t>(data.size()));
    for (const std::uint8_t value : data) byte(value);
  }
  void option(std::uint8_t kind, const IpAddress& address) {
    if (address.is_unspecified()) return;
    const std::uint32_t bits = address.v4_bits();
    option(kind, {static_cast<std::uint8_t>(bits >> 24), static_cast<std::uint8_t>(bits >> 16),
                  static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)});
  }
  std::size_t at() const { return at_; }

 private:
  std::span<std::byte> out_;
  std::size_t at_;
};

}  // namespace

std::optional<DhcpMessage> parse_dhcp(std::span<const std::byte> bytes, const MacAddress& ours) {
  if (bytes.size() < kOptions || get8(bytes, kOp) != kReplyOp ||
      get8(bytes, kHardwareType) != kEthernet || get8(bytes, kHardwareLength) != kMacLength ||
      get32(bytes, kCookie) != kMagic) {
    return std::nullopt;
  }
  DhcpMessage message;
  message.transaction = get32(bytes, kTransaction);
  message.seconds = get16(bytes, kSeconds);
  message.broadcast = (get16(bytes, kFlags) & kBroadcast) != 0;
  message.client = get_ipv4(bytes, kClient);
  message.yours = get_ipv4(bytes, kYours);
  message.hardware = get_mac(bytes, kHardware);
  Options options(message, ours);
  options.read(bytes.subspan(kOptions));
  // Per RFC 2131, 4.1, read the `file` field first, then `sname`. An overload option within them is
  // ignored.
  const std::uint8_t overload = options.overload();
  if ((overload & 1) != 0) options.read(bytes.subspan(kFile, kFileLength));
  if ((overload & 2) != 0) options.read(bytes.subspan(kServerName, kServerNameLength));
  return options.finish() ? std::optional(message) : std::nullopt;
}

std::size_t emit_dhcp(const DhcpMessage& message, std::uint16_t longest, std::span<std::byte> out) {
  std::ranges::fill(out.first(kDhcpMostBytes), std::byte{0});
  put8(out, kOp, kRequestOp);
  put8(out, kHardwareType, kEthernet);
  put8(out, kHardwareLength, kMacLength);
  put32(out, kTransaction, message.transaction);
  put16(out, kSeconds, message.seconds);
  put16(out, kFlags, message.broadcast ? kBroadcast : 0);
  put32(out, kClient, message.client.v4_bits());
  put_mac(out, kHardware, message.hardware);
  put32(out, kCookie, kMagic);
  Writer writer(out, kOptions);
  writer.option(kType, {static_cast<std::uint8_t>(message.type)});
  const auto& mac = message.hardware.bytes;
  writer.option(kIdentifier, {kEthernet, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]});
  writer.option(kRequested, message.requested);
  writer.option(kServer, message.server);
  // Per RFC 2131, table 5, only DISCOVER and REQUEST carry the parameter request list and the
  // maximum message size; DECLINE and RELEASE do not.
  if (message.type == DhcpType::kDiscover || message.type == DhcpType::kRequest) {
    writer.option(kWanted, {kMask, kRouter, kDns, kLease, kRenew, kRebind});
    writer.option(kLongest, {static_cast<std::uint8_t>(longest >> 8),
                             static_cast<std::uint8_t>(longest & 0xff)});
  }
  writer.byte(kEnd);
  return std::max(writer.at(), kLeastBytes);
}

}  // namespace conker
