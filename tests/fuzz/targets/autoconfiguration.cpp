// Target: steps: what routers, DHCPv6 servers and queriers of multicast listeners say to a host
// that configures itself, which of its addresses are duplicates, and time.
#include <algorithm>
#include <array>
#include <optional>

#include "stack/dhcp6/client.hpp"
#include "stack/ip6/mld.hpp"
#include "stack/ip6/router_discovery.hpp"
#include "stack/ip6/slaac.hpp"
#include "stack/wire/bytes.hpp"
#include "tests/fuzz/records.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return conker::fuzz::mutate_records(data, size, most, seed, 1);
}

namespace conker::fuzz {
namespace {

constexpr InterfaceId kLink{0};
constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}};
constexpr std::array<std::uint32_t, 8> kLifetimes{0, 1, 30, 600, 7200, 7201, 86400, 0xffffffff};
constexpr std::uint32_t kGroups = 40;

class Host final : public Dhcp6Host, public RouterDiscoveryHost, public MldHost {
 public:
  explicit Host(std::uint8_t head) : silent_(head) {}

  // Of addresses: as the stack's table has it, with less room.
  Error add_address(const IpAddress& address) override {
    check(names_a_host(address) && !address.is_v4(), "an address that is none is configured");
    check(find(address) == count_, "an address is configured twice");
    if (count_ == addresses_.size()) return Error::kTableFull;
    addresses_[count_++] = {address, false};
    return Error::kOk;
  }
  void remove_address(const IpAddress& address) override {
    const std::size_t at = find(address);
    check(at < count_, "an address is removed that is not there");
    addresses_[at] = addresses_[--count_];
  }
  void deprecate_address(const IpAddress& address, bool deprecated) override {
    const std::size_t at = find(address);
    check(at < count_ && addresses_[at].deprecated != deprecated,
          "an address becomes what it is already");
    addresses_[at].deprecated = deprecated;
  }

  Instant now() const override { return now_; }
  void send_dhcp6(std::span<const std::byte> message) override {
    transaction = get32(message, 0) & 0xffffff;
    ++sent;
  }
  void solicit_routers() override { ++sent; }
  bool may_be_reachable(const IpAddress& router) const override {
    return (router.words()[3] & silent_) == 0;
  }
  IpAddress mld_source() const override { return IpAddress(); }
  void send_mld(const IpAddress& destination, std::span<const std::byte> message) override {
    check(destination.is_multicast() && message.size() <= 1232, "a report that cannot be sent");
    ++sent;
  }

  std::size_t count() const { return count_; }
  std::optional<IpAddress> address(std::size_t i) const {
    return count_ == 0 ? std::nullopt : std::optional(addresses_[i % count_].address);
  }
  bool has(const IpAddress& address) const { return find(address) < count_; }

  Instant now_{};
  std::uint32_t transaction = 0;
  int sent = 0;

 private:
  struct Held {
    IpAddress address;
    bool deprecated;
  };
  std::size_t find(const IpAddress& address) const {
    std::size_t at = 0;
    while (at < count_ && addresses_[at].address != address) ++at;
    return at;
  }

  std::uint8_t silent_;
  std::array<Held, 12> addresses_{};
  std::size_t count_ = 0;
};

class Scene {
 public:
  explicit Scene(std::uint8_t head)
      : host_(head & 7),
        slaac_({kLink, kMac, SipKey{1, 2}, (head & 8) != 0}, host_, counters_, {}) {
    listener_.emplace(arena_, kGroups, host_, counters_, SipKey{5, 6});
  }

  void step(const Record& r, Records& more);
  void quiesce();

 private:
  static constexpr std::size_t kStorage = 8192;

  void advertise(const Record& r, Input options);
  void serve(const Record& r, Input options);
  void tell(const Record& r, AddressState state);
  void query(const Record& r);
  void advance(Duration duration);
  Instant next_deadline() const {
    return std::min({dhcp_.next_deadline(), slaac_.next_deadline(), discovery_.next_deadline(),
                     listener_->next_deadline()});
  }
  void turn();
  void check_all();

  alignas(16) std::array<std::byte, kStorage> storage_{};
  Arena arena_{storage_};
  Counters counters_;
  Host host_;
  Slaac slaac_;
  RouterDiscovery discovery_{kLink, 1500, host_, counters_, SipKey{3, 4}};
  Dhcp6Client dhcp_{{kLink, kMac}, host_, counters_, {}};
  std::optional<MldListener> listener_;
  std::array<int, 64> joined_{};  // how often each group
};

IpAddress router(std::uint8_t number) {
  return IpAddress({0xfe800001, 0, 0, number});
}
IpAddress group(std::uint8_t number) {
  return IpAddress({0xff020001, 0, 1, 0xff000000u | (number & 63)});
}

void Scene::advertise(const Record& r, Input options) {
  RouterAdvertisement message;
  message.hop_limit = r[2];
  message.managed = (r[3] & 1) != 0;
  message.other = (r[3] & 2) != 0;
  message.preference = static_cast<std::int8_t>(r[3] / 4 % 3 - 1);
  message.lifetime = static_cast<std::uint16_t>(kLifetimes[r[4] & 7]);
  message.reachable = kLifetimes[r[4] >> 3 & 7];
  message.retransmit = kLifetimes[r[4] >> 5];
  if ((r[5] & 1) != 0) message.mtu = 1000 + r[6] * 4u;
  const auto parsed = NdpOptions::parse(options);
  if (parsed) message.options = *parsed;
  discovery_.input(router(r[1]), message, host_.now_);
  for (const NdpOption option : message.options) {
    const auto prefix = parse_prefix_information(option);
    if (prefix) slaac_.input(router(r[1]), *prefix, host_.now_);
  }
  // One prefix more, since options that are valid are rare among plain bytes.
  PrefixInformation prefix;
  prefix.prefix = {IpAddress({0x20010db8, r[7] & 31u, 0, 0}), 64};
  prefix.autonomous = (r[5] & 2) != 0;
  prefix.valid = kLifetimes[r[5] >> 2 & 7];
  prefix.preferred = kLifetimes[r[5] >> 5];
  slaac_.input(router(r[1]), prefix, host_.now_);
}

void Scene::serve(const Record& r, Input options) {
  std::array<std::byte, 256> bytes{};
  std::size_t at = 0;
  const auto word16 = [&](std::uint32_t value) {
    put16(bytes, at, static_cast<std::uint16_t>(value));
    at += 2;
  };
  const auto word32 = [&](std::uint32_t value) {
    put32(bytes, at, value);
    at += 4;
  };
  const bool foreign = (r[1] & 64) != 0;
  word32(((r[1] & 1) != 0 ? 2u : 7u) << 24 | ((host_.transaction + (foreign ? 1 : 0)) & 0xffffff));
  for (const std::uint32_t value : {1u, 10u, 3u, 1u, 0x0200u, 0u, 2u}) word16(value);
  for (const std::uint32_t value : {2u, 3u, 1u}) word16(value);
  bytes[at++] = static_cast<std::byte>(r[1] >> 1 & 3);  // of several servers
  if ((r[1] & 8) != 0) {
    word16(7);
    word16(1);
    bytes[at++] = std::byte{255};
  }
  if ((r[1] & 16) != 0) {
    word16(13);
    word16(2);
    word16(r[2] & 7);
  }
  if ((r[1] & 32) != 0) {
    word16(3);
    word16(12 + 28 + ((r[2] & 8) != 0 ? 6 : 0));
    word32(1);
    word32(kLifetimes[r[3] & 7]);
    word32(kLifetimes[r[3] >> 3 & 7]);
    word32(5 << 16 | 24);
    for (const std::uint32_t word : {0x20010db8u, 0x99u, 0u, 1u + (r[4] & 3u)}) word32(word);
    word32(kLifetimes[r[5] & 7]);
    word32(kLifetimes[r[5] >> 3 & 7]);
    if ((r[2] & 8) != 0) {
      word16(13);
      word16(2);
      word16(r[2] >> 4 & 7);
    }
  }
  const std::size_t size = std::min(options.size(), bytes.size() - at);
  std::ranges::copy(options.first(size), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  dhcp_.on_message(std::span(bytes).first(at + size));
}

void Scene::tell(const Record& r, AddressState state) {
  const auto address = host_.address(r[1]);
  if (!address) return;
  AddressEvent event;
  event.address = *address;
  event.interface = kLink;
  event.state = state;
  slaac_.on_event(event, host_.now_);
  dhcp_.on_event(event);
}

void Scene::query(const Record& r) {
  MldQuery query;
  query.version1 = (r[1] & 1) != 0;
  if ((r[1] & 2) != 0) query.group = group(r[2]).without_zone();
  query.response = r.word16(3);
  query.robustness = r[5];
  listener_->input(query, host_.now_);
}

void Scene::turn() {
  dhcp_.step();
  slaac_.timers(host_.now_);
  discovery_.timers(host_.now_);
  listener_->timers(host_.now_);
  for (Dhcp6Event event; dhcp_.next_event(event);) check(event.mask != 0, "an event without bits");
  check_all();
}

void Scene::check_all() {
  check(discovery_.router_count() <= RouterDiscovery::kRouters &&
            discovery_.prefix_count() <= RouterDiscovery::kPrefixes &&
            discovery_.route_count() <= RouterDiscovery::kRoutes &&
            discovery_.dns_servers().size() <= RouterDiscovery::kServers,
        "a table has grown");
  const LinkParameters& link = discovery_.parameters();
  check((link.mtu == 0 || (link.mtu >= 1280 && link.mtu <= 1500)) &&
            (link.hop_limit == 0 || link.hop_limit >= RouterDiscovery::kLeastHopLimit),
        "a parameter beyond its limits");
  const IpAddress far({0x20010db8, 0x1234, 0, 1});
  const auto hop = discovery_.next_hop(far);
  check(!hop || hop->next == far || hop->next.is_link_local(), "a next hop that is no neighbour");
  std::size_t held = dhcp_.lease() != nullptr || dhcp_.state() == Dhcp6State::kChecking ? 1 : 0;
  for (const SlaacAddress& record : slaac_.addresses()) {
    if (!record.held) continue;
    ++held;
    check(host_.has(record.address), "an address is kept that the host does not have");
  }
  check(held == host_.count(), "the host has an address that nobody keeps");
  const Dhcp6Lease* lease = dhcp_.lease();
  check(lease == nullptr || (lease->renew_at <= lease->rebind_at &&
                             lease->rebind_at <= lease->expires && host_.has(lease->address)),
        "a lease whose times make no sense");
  check(listener_->count() <= kGroups, "more groups than there is room for");
}

void Scene::advance(Duration duration) {
  const Instant end = host_.now_ + duration;
  int turns = 64;
  for (int still = 0; host_.now_ < end && turns > 0; --turns) {
    const Instant next = std::clamp(next_deadline(), host_.now_, end);
    still = next == host_.now_ ? still + 1 : 0;
    check(still < 8, "time stands still: the next deadline is always now");
    host_.now_ = next;
    const int before = host_.sent;
    turn();
    check(host_.sent - before <= 2 + 2 * MldListener::kMessages, "a flood in one turn");
  }
  host_.now_ = end;
  turn();
}

void Scene::step(const Record& r, Records& more) {
  const auto plain = [&] { return more.take((r[0] & 0x40) != 0 ? r[0] >> 4 & 3 : 0); };
  switch (r[0] & 15) {
    case 0:
    case 1:
    case 2:
      advertise(r, plain());
      break;
    case 3:
    case 4:
    case 5:
      serve(r, plain());
      break;
    case 6:
      tell(r, AddressState::kPreferred);
      break;
    case 7:
      tell(r, AddressState::kDuplicate);
      break;
    case 8:
      query(r);
      break;
    case 9:
      if ((r[2] & 1) != 0) {
        listener_->leave(group(r[1]), host_.now_);
        if (joined_[r[1] & 63] > 0) --joined_[r[1] & 63];
      } else if (listener_->join(group(r[1]), host_.now_)) {
        ++joined_[r[1] & 63];
      }
      break;
    case 10:
      dhcp_.start((r[1] & 1) != 0 ? Dhcp6Wants::kInformation : Dhcp6Wants::kAddress);
      break;
    case 11:
      if ((r[1] & 1) != 0) dhcp_.stop();
      if ((r[1] & 2) != 0) discovery_.is_no_router(router(r[2]));
      if ((r[1] & 4) != 0) slaac_.stop();
      break;
    case 12:
      slaac_.start();
      discovery_.start(host_.now_);
      dhcp_.link_up();
      listener_->link_up(host_.now_);
      break;
    case 13:
      return advance(r[1] * 20ms);
    case 14:
      return advance(r[1] * 1s);
    default:
      return advance(r[1] * 600s);
  }
  if ((r[0] & 0x80) == 0) turn();
}

void Scene::quiesce() {
  dhcp_.stop();
  slaac_.stop();
  discovery_.stop();
  for (std::uint8_t number = 0; number < joined_.size(); ++number) {
    for (; joined_[number] > 0; --joined_[number]) listener_->leave(group(number), host_.now_);
  }
  for (int i = 0; i < 64 && dhcp_.state() != Dhcp6State::kStopped; ++i) advance(1s);
  check(dhcp_.state() == Dhcp6State::kStopped, "the client does not stop");
  check(host_.count() == 0, "addresses are left over");
  check(listener_->count() == 0, "groups are left over");
}

}  // namespace

void run(Input input) {
  Scene scene(input.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(input[0]));
  Records records(input, 1);
  for (Record r; records.next(r);) scene.step(r, records);
  scene.quiesce();
}

}  // namespace conker::fuzz
