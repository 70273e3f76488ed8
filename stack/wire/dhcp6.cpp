#include "stack/wire/dhcp6.hpp"

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kDhcp6Header = 4;    // type and transaction id
constexpr std::size_t kDhcp6Option = 4;    // code and length
constexpr std::size_t kAssociation = 12;   // identity association id, T1, T2
constexpr std::size_t kAddressBytes = 24;  // address, preferred and valid lifetime
constexpr std::size_t kDuidBytes = 10;     // of a DUID-LL of Ethernet
constexpr std::size_t kLeastDuid = 3;      // a type of two bytes, and something (11.1)
constexpr std::uint16_t kDuidLinkLayer = 3, kHardwareEthernet = 1;

// Option codes of RFC 8415, 21, RFC 3646, 3 and RFC 7083.
constexpr std::uint16_t kClientId = 1, kServerId = 2, kIaNa = 3, kIaAddress = 5, kOptionRequest = 6,
                        kPreference = 7, kElapsed = 8, kStatus = 13, kDnsServers = 23,
                        kRefresh = 32, kSolicitMax = 82, kInformationMax = 83;
// The range of options 82 and 83 in seconds (21.24, 21.25).
constexpr std::uint32_t kLeastMax = 60, kMostMax = 86400;

/// Calls option(code, data) for each option of a field. False when the field ends within one; the
/// options before it are valid all the same.
template <typename F>
bool for_each_dhcp6_option(std::span<const std::byte> field, F&& option) {
  while (!field.empty()) {
    if (field.size() < kDhcp6Option) return false;
    const std::size_t length = get16(field, 2);
    if (length > field.size() - kDhcp6Option) return false;
    option(get16(field, 0), field.subspan(kDhcp6Option, length));
    field = field.subspan(kDhcp6Option + length);
  }
  return true;
}

bool is_duid_of(std::span<const std::byte> duid, const MacAddress& mac) {
  return duid.size() == kDuidBytes && get16(duid, 0) == kDuidLinkLayer &&
         get16(duid, 2) == kHardwareEthernet && get_mac(duid, 4) == mac;
}

/// Collects the options of a message for parse_dhcp6(). One that is invalid is skipped as if it
/// were absent, and counted.
class Dhcp6Options {
 public:
  Dhcp6Options(Dhcp6Message& message, const MacAddress& ours, std::uint32_t association)
      : message_(message), ours_(ours), association_(association) {}

  void read(std::span<const std::byte> field) {
    const bool whole =
        for_each_dhcp6_option(field, [this](std::uint16_t code, std::span<const std::byte> data) {
          if (!one(code, data)) skip();
        });
    if (!whole) skip();
  }
  bool for_us() const { return ours_seen_ && !foreign_ && !message_.server.empty(); }

 private:
  void skip() {
    if (message_.skipped < UINT8_MAX) ++message_.skipped;
  }

  bool one(std::uint16_t code, std::span<const std::byte> data) {
    switch (code) {
      case kClientId:
        ours_seen_ = ours_seen_ || is_duid_of(data, ours_);
        foreign_ = foreign_ || !is_duid_of(data, ours_);
        return true;
      case kServerId:
        return server(data);
      case kIaNa:
        return associate(data);
      case kPreference:
        if (data.size() != 1) return false;
        message_.preference = get8(data, 0);
        return true;
      case kStatus:
        return status(data, message_.status);
      case kDnsServers:
        return dns(data);
      case kRefresh:
        return seconds(data, 0, UINT32_MAX, message_.refresh);
      case kSolicitMax:
        return seconds(data, kLeastMax, kMostMax, message_.solicit_max);
      case kInformationMax:
        return seconds(data, kLeastMax, kMostMax, message_.information_max);
      default:
        return true;
    }
  }

  bool server(std::span<const std::byte> data) {
    Dhcp6Identifier& server = message_.server;
    if (data.size() < kLeastDuid || data.size() > server.bytes.size()) return false;
    if (!server.empty()) return true;
    std::ranges::copy(data, server.bytes.begin());
    server.length = static_cast<std::uint8_t>(data.size());
    return true;
  }
  static bool status(std::span<const std::byte> data, std::uint16_t& out) {
    if (data.size() < 2) return false;
    if (out == Dhcp6Status::kSuccess) out = get16(data, 0);
    return true;
  }
  static bool seconds(std::span<const std::byte> data, std::uint32_t least, std::uint32_t most,
                      std::optional<std::uint32_t>& out) {
    if (data.size() != 4 || get32(data, 0) < least || get32(data, 0) > most) return false;
    if (!out) out = get32(data, 0);
    return true;
  }
  bool dns(std::span<const std::byte> data) {
    if (data.empty() || data.size() % 16 != 0) return false;
    for (std::size_t at = 0; at < data.size(); at += 16) {
      const auto address = get_ipv6(data, at);
      if (!address || !names_a_host(*address) || message_.dns_count == message_.dns.size())
        continue;
      message_.dns[message_.dns_count++] = *address;
    }
    return true;
  }
  bool associate(std::span<const std::byte> data) {
    if (data.size() < kAssociation) return false;
    if (get32(data, 0) != association_ || message_.association) return true;
    Dhcp6Association result;
    result.renew = get32(data, 4);
    result.rebind = get32(data, 8);
    // Per 21.4, the message counts as if it had no such option.
    if (result.renew > result.rebind && result.rebind != 0) return false;
    const bool whole = for_each_dhcp6_option(
        data.subspan(kAssociation), [&](std::uint16_t code, std::span<const std::byte> field) {
          if (code == kStatus && !status(field, result.status)) skip();
          if (code == kIaAddress && !address(field, result)) skip();
        });
    if (!whole) skip();
    message_.association = result;
    return true;
  }
  /// Per 21.6, a preferred lifetime beyond the valid one makes an address invalid; per 18.2.10.1,
  /// one with a status other than success is none.
  static bool address(std::span<const std::byte> data, Dhcp6Association& association) {
    if (data.size() < kAddressBytes) return false;
    const auto address = get_ipv6(data, 0);
    if (!address || !names_a_host(*address) || address->is_link_local()) return false;
    const Dhcp6Address one{*address, get32(data, 16), get32(data, 20)};
    if (one.preferred > one.valid) return false;
    std::uint16_t status_of_it = Dhcp6Status::kSuccess;
    const bool whole = for_each_dhcp6_option(
        data.subspan(kAddressBytes), [&](std::uint16_t code, std::span<const std::byte> field) {
          if (code == kStatus) (void)status(field, status_of_it);
        });
    if (!whole) return false;
    if (status_of_it != Dhcp6Status::kSuccess || association.count == association.addresses.size())
      return true;
    association.addresses[association.count++] = one;
    return true;
  }

  Dhcp6Message& message_;
  const MacAddress& ours_;
  std::uint32_t association_;
  bool ours_seen_ = false, foreign_ = false;
};

/// Writes options, each behind the one before.
class Dhcp6Writer {
 public:
  Dhcp6Writer(std::span<std::byte> out, std::size_t at) : out_(out), at_(at) {}

  void byte(std::uint8_t value) { put8(out_, at_++, value); }
  void number16(std::uint16_t value) {
    put16(out_, at_, value);
    at_ += 2;
  }
  void number32(std::uint32_t value) {
    put32(out_, at_, value);
    at_ += 4;
  }
  void option(std::uint16_t code, std::size_t length) {
    number16(code);
    number16(static_cast<std::uint16_t>(length));
  }
  void address(const IpAddress& address) {
    put_ipv6(out_, at_, address);
    at_ += 16;
  }
  void mac(const MacAddress& mac) {
    put_mac(out_, at_, mac);
    at_ += mac.bytes.size();
  }
  void bytes(std::span<const std::byte> data) {
    std::ranges::copy(data, out_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += data.size();
  }
  std::size_t at() const { return at_; }

 private:
  std::span<std::byte> out_;
  std::size_t at_;
};

// Per 21.7, which options the client wants: 18.2.1 to 18.2.6 demand the limits of the back-off.
void request_options(Dhcp6Writer& writer, Dhcp6Type type) {
  switch (type) {
    case Dhcp6Type::kSolicit:
    case Dhcp6Type::kRequest:
    case Dhcp6Type::kRenew:
    case Dhcp6Type::kRebind:
      writer.option(kOptionRequest, 4);
      writer.number16(kDnsServers);
      writer.number16(kSolicitMax);
      return;
    case Dhcp6Type::kInformationRequest:
      writer.option(kOptionRequest, 6);
      writer.number16(kDnsServers);
      writer.number16(kRefresh);
      writer.number16(kInformationMax);
      return;
    default:
      return;
  }
}

}  // namespace

std::optional<Dhcp6Message> parse_dhcp6(std::span<const std::byte> bytes, const MacAddress& ours,
                                        std::uint32_t association) {
  if (bytes.size() < kDhcp6Header) return std::nullopt;
  const auto type = static_cast<Dhcp6Type>(get8(bytes, 0));
  if (type != Dhcp6Type::kAdvertise && type != Dhcp6Type::kReply) return std::nullopt;
  Dhcp6Message message;
  message.type = type;
  message.transaction = get32(bytes, 0) & 0xffffff;
  message.client = ours;
  Dhcp6Options options(message, ours, association);
  options.read(bytes.subspan(kDhcp6Header));
  return options.for_us() ? std::optional(message) : std::nullopt;
}

std::size_t emit_dhcp6(const Dhcp6Message& message, std::uint32_t association,
                       std::span<std::byte> out) {
  put32(out, 0, static_cast<std::uint32_t>(message.type) << 24 | (message.transaction & 0xffffff));
  Dhcp6Writer writer(out, kDhcp6Header);
  writer.option(kClientId, kDuidBytes);
  writer.number16(kDuidLinkLayer);
  writer.number16(kHardwareEthernet);
  writer.mac(message.client);
  if (!message.server.empty()) {
    writer.option(kServerId, message.server.length);
    writer.bytes(message.server.span());
  }
  writer.option(kElapsed, 2);
  writer.number16(message.elapsed);
  if (message.association) {
    const bool has_address = message.association->count > 0;
    writer.option(kIaNa, kAssociation + (has_address ? kDhcp6Option + kAddressBytes : 0));
    writer.number32(association);
    writer.number32(message.association->renew);
    writer.number32(message.association->rebind);
    if (has_address) {
      const Dhcp6Address& one = message.association->addresses[0];
      writer.option(kIaAddress, kAddressBytes);
      writer.address(one.address);
      writer.number32(one.preferred);
      writer.number32(one.valid);
    }
  }
  request_options(writer, message.type);
  return writer.at();
}

}  // namespace conker
