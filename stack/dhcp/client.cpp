#include "stack/dhcp/client.hpp"

#include <algorithm>
#include <array>

#include "stack/net/network.hpp"

namespace conker {
namespace {

constexpr IpAddress kNobody = IpAddress::v4(0), kEverybody = IpAddress::v4(0xffffffff);
constexpr Prefix kEverywhere{IpAddress::v4(0), 0};
constexpr std::uint64_t kPurpose = 0x2131;

// RFC 2131, 4.1: retransmission after 4 seconds, doubled up to 64, randomized by plus or minus one.
constexpr Duration kFirstWait = 4s, kLongestWait = 64s, kJitter = 1s;
constexpr std::uint8_t kMostRequests = 4;  // before the client returns to INIT (3.1, 5)
constexpr std::uint8_t kMostReboots = 2;
constexpr Duration kAfterDecline = 10s;          // 3.1, 5
constexpr Duration kLeastBetween = 60s;          // between renewals (4.4.5)
constexpr std::uint16_t kLongestMessage = 1500;  // option 57, in bytes
constexpr std::uint8_t kMostDoublings = 6;       // of the delay after a NAK

/// The prefix length where no subnet mask is given: that of the address's class (RFC 950).
std::uint8_t class_prefix(const IpAddress& address) {
  const std::uint32_t bits = address.v4_bits();
  return bits >> 31 == 0 ? 8 : bits >> 30 == 2 ? 16 : 24;
}

Prefix prefix_of(const DhcpMessage& message) {
  return {message.yours, message.mask != 0 ? message.mask : class_prefix(message.yours)};
}

}  // namespace

const char* to_string(DhcpState state) {
  constexpr std::array<const char*, 10> kNames{"STOPPED",   "INIT",     "SELECTING", "REQUESTING",
                                               "REBOOTING", "CHECKING", "BOUND",     "RENEWING",
                                               "REBINDING", "RELEASING"};
  return kNames[static_cast<std::size_t>(state)];
}

DhcpClient::DhcpClient(const DhcpSettings& settings, Udp& udp, const Entropy& entropy)
    : settings_(settings),
      udp_(udp),
      stack_(udp.stack()),
      random_(SipKey{entropy.words[0], entropy.words[1]}, kPurpose),
      link_local_(stack_, settings.interface) {}

// ---- Start and stop ----

Error DhcpClient::start(std::optional<IpAddress> previous) {
  if (state_ != DhcpState::kStopped) return Error::kOk;
  const auto socket = udp_.bind({.local = {IpAddress(), kDhcpClientPort},
                                 .interface = settings_.interface,
                                 .broadcast = true,
                                 .token = Token(settings_.client, settings_.interface.index)});
  if (!socket) return socket.error();
  socket_ = *socket;
  wanted_ = previous.value_or(kNobody);
  began_ = stack_.now();
  if (settings_.link_local) fallback_at_ = began_ + settings_.patience;
  restart(Duration(random_.below(static_cast<std::uint32_t>(settings_.begin_within / 1ms) + 1) *
                   Duration(1ms)));
  if (previous) enter(DhcpState::kRebooting);
  return Error::kOk;
}

void DhcpClient::stop() {
  if (state_ == DhcpState::kStopped || state_ == DhcpState::kReleasing) return;
  fallback_at_ = kNever;
  if (in_use_) {
    DhcpMessage release = message(DhcpType::kRelease);
    release.client = lease_.address.address;
    release.server = lease_.server;
    send(release, lease_.server);
    // The RELEASE waits for ARP, whose reply needs the leased address.
    if (stack_.network().neighbour_missing(lease_.server)) {
      state_ = DhcpState::kReleasing;
      deadline_ = stack_.now() + kPatience;
      return;
    }
  }
  finish_stop();
}

void DhcpClient::finish_stop() {
  give_up_lease();
  link_local_.stop();
  (void)udp_.close(socket_);
  socket_ = {};
  state_ = DhcpState::kStopped;
  deadline_ = kNever;
}

void DhcpClient::link_up() {
  switch (state_) {
    case DhcpState::kBound:
    case DhcpState::kRenewing:
    case DhcpState::kRebinding:
      return enter(DhcpState::kRebinding);
    case DhcpState::kSelecting:
    case DhcpState::kRequesting:
    case DhcpState::kRebooting:
      tries_ = 0;
      deadline_ = stack_.now();
      return;
    case DhcpState::kStopped:
    case DhcpState::kInit:
    case DhcpState::kChecking:
    case DhcpState::kReleasing:
      return;
  }
}

void DhcpClient::give_up_lease() {
  if (in_use_) {
    event_.mask = static_cast<std::uint8_t>((event_.mask & ~DhcpEvent::kLease) | DhcpEvent::kLost);
    event_.lost = lease_.address.address;
    wanted_ = lease_.address.address;
    count(Count::dhcp_leases_lost);
  }
  leave_router();
  if (held_) (void)stack_.remove_address(lease_.address.address);
  held_ = in_use_ = false;
}

/// Returns to INIT, and leaves it after `wait`.
void DhcpClient::restart(Duration wait) {
  if (state_ >= DhcpState::kBound) {
    began_ = stack_.now();
    if (settings_.link_local) fallback_at_ = began_ + settings_.patience;
  }
  give_up_lease();
  state_ = DhcpState::kInit;
  deadline_ = stack_.now() + wait;
}

/// Enters a state and sends its message at once; in kRebooting at the deadline already set.
void DhcpClient::enter(DhcpState state) {
  state_ = state;
  tries_ = 0;
  if (state != DhcpState::kRebooting) send_again();
}

// ---- Sending ----

std::uint32_t DhcpClient::random32() {
  const std::uint32_t high = random_.next16();
  return high << 16 | random_.next16();
}

Duration DhcpClient::jittered(Duration wait) {
  return wait - kJitter + Duration(random_.below(2000) * (kJitter / 1000));
}

DhcpMessage DhcpClient::message(DhcpType type) const {
  DhcpMessage message;
  message.type = type;
  message.transaction = transaction_;
  message.hardware = stack_.network().mac(settings_.interface);
  message.client = message.yours = message.server = message.requested = kNobody;
  const auto seconds = (stack_.now() - began_) / 1s;
  message.seconds = static_cast<std::uint16_t>(std::min<std::int64_t>(seconds, 0xffff));
  return message;
}

void DhcpClient::send(const DhcpMessage& message, const IpAddress& to) {
  std::array<std::byte, kDhcpMostBytes> bytes;
  const std::uint16_t longest =
      std::min(stack_.network().mtu(settings_.interface), kLongestMessage);
  const std::size_t length = emit_dhcp(message, longest, bytes);
  count(Count::dhcp_out);
  // A message that cannot be sent is retransmitted like one that is lost on the way. A client
  // without an address sends from 0.0.0.0, whatever other addresses the interface has (4.1).
  (void)udp_.send_to(socket_, {to, kDhcpServerPort}, std::span(bytes).first(length),
                     message.client);
}

/// Sends or retransmits the message of the present state (RFC 2131, table 4).
void DhcpClient::send_again() {
  const bool renews = state_ == DhcpState::kRenewing || state_ == DhcpState::kRebinding;
  // One transaction id from the first DISCOVER to the ACK, so that a late answer to a retransmitted
  // message still counts (4.4.1).
  if (tries_ == 0 && state_ != DhcpState::kRequesting) transaction_ = random32();
  DhcpMessage out =
      message(state_ == DhcpState::kSelecting ? DhcpType::kDiscover : DhcpType::kRequest);
  if (state_ != DhcpState::kSelecting && tries_ == 0) requested_ = stack_.now();
  if (renews) {
    out.client = lease_.address.address;
  } else {
    // Without an address the stack receives no unicast packet, so ask for broadcast (4.1).
    out.broadcast = true;
    out.requested = state_ == DhcpState::kRequesting ? lease_.address.address : wanted_;
  }
  if (state_ == DhcpState::kRequesting) out.server = lease_.server;
  if (tries_ < UINT8_MAX) ++tries_;  // 0 would be the first try again
  send(out, state_ == DhcpState::kRenewing ? lease_.server : kEverybody);
  wait_for_answer();
}

void DhcpClient::wait_for_answer() {
  const Instant now = stack_.now();
  if (state_ == DhcpState::kRenewing || state_ == DhcpState::kRebinding) {
    // Per 4.4.5, wait half of the remaining time, but at least kLeastBetween.
    const Instant end = state_ == DhcpState::kRenewing ? lease_.rebind_at : lease_.expires;
    deadline_ = std::min(end, now + std::max<Duration>((end - now) / 2, kLeastBetween));
    return;
  }
  const Duration wait = std::min(kFirstWait * (1 << std::min<int>(tries_ - 1, 4)), kLongestWait);
  deadline_ = now + jittered(wait);
}

void DhcpClient::decline() {
  DhcpMessage out = message(DhcpType::kDecline);
  out.requested = lease_.address.address;
  out.server = lease_.server;
  send(out, kEverybody);
  count(Count::dhcp_declines);
}

// ---- Timers ----

Instant DhcpClient::next_deadline() const {
  return std::min({deadline_, fallback_at_, link_local_.next_deadline()});
}

void DhcpClient::step() {
  const Instant now = stack_.now();
  if (fallback_at_ <= now) {
    fallback_at_ = kNever;
    link_local_.start();
  }
  link_local_.step();
  if (state_ == DhcpState::kReleasing && !stack_.network().neighbour_missing(lease_.server)) {
    return finish_stop();
  }
  if (deadline_ > now) return;
  deadline_ = kNever;
  switch (state_) {
    case DhcpState::kStopped:
    case DhcpState::kChecking:
      return;
    case DhcpState::kInit:
      return enter(DhcpState::kSelecting);
    case DhcpState::kSelecting:
      return send_again();
    case DhcpState::kRequesting:
      return tries_ < kMostRequests ? send_again() : restart(Duration{0});
    case DhcpState::kRebooting:
      return tries_ < kMostReboots ? send_again() : restart(Duration{0});
    case DhcpState::kBound:
      return enter(DhcpState::kRenewing);
    case DhcpState::kRenewing:
      return now < lease_.rebind_at ? send_again() : enter(DhcpState::kRebinding);
    case DhcpState::kRebinding:
      return now < lease_.expires ? send_again() : restart(Duration{0});
    case DhcpState::kReleasing:
      return finish_stop();
  }
}

// ---- Receiving ----

void DhcpClient::on_event(const UdpEvent& event) {
  if (event.socket == socket_) receive();
}

void DhcpClient::receive() {
  std::array<std::byte, kLongestMessage> bytes;
  while (const auto datagram = udp_.receive(socket_, bytes)) {
    count(Count::dhcp_in);
    const auto whole =
        std::span(bytes).first(std::min<std::size_t>(datagram->length, bytes.size()));
    const MacAddress ours = stack_.network().mac(settings_.interface);
    const auto in = parse_dhcp(whole, ours);
    if (in) udp_.counters().add(Count::dhcp_options_skipped, in->skipped);
    if (!in) {
      count(Count::drop_dhcp_malformed);
    } else if (datagram->source.port != kDhcpServerPort || in->transaction != transaction_ ||
               in->hardware != ours || !take(*in, datagram->source.address)) {
      count(Count::drop_dhcp_unwanted);
    }
  }
}

/// Processes a message; false when it is not for the present state, or has invalid content.
bool DhcpClient::take(const DhcpMessage& in, const IpAddress& from) {
  // A message of a renewing client is sent to one server; an answer without a server identifier is
  // that server's.
  DhcpMessage message = in;
  if (message.server.is_unspecified()) {
    if (message.type == DhcpType::kOffer) return false;
    message.server = from;
  }
  if (!names_a_host(message.server)) return false;
  switch (message.type) {
    case DhcpType::kOffer:
      return take_offer(message);
    case DhcpType::kAck:
      return take_ack(message);
    case DhcpType::kNak:
      return take_nak(message);
    default:
      return false;
  }
}

bool DhcpClient::take_offer(const DhcpMessage& offer) {
  if (state_ != DhcpState::kSelecting || tries_ == 0) return false;
  if (!names_a_host(prefix_of(offer)) || offer.lease == 0u) return false;
  lease_ = DhcpLease{};
  lease_.address = prefix_of(offer);
  lease_.server = offer.server;
  enter(DhcpState::kRequesting);
  return true;
}

bool DhcpClient::take_ack(const DhcpMessage& ack) {
  const bool renews = state_ == DhcpState::kRenewing || state_ == DhcpState::kRebinding;
  if (!renews && state_ != DhcpState::kRequesting && state_ != DhcpState::kRebooting) return false;
  if (tries_ == 0 || !names_a_host(prefix_of(ack)) || ack.lease.value_or(0) == 0) return false;
  if (state_ == DhcpState::kRequesting && ack.server != lease_.server) return false;
  // A lease is valid only for the address that was requested.
  const IpAddress& asked = state_ == DhcpState::kRebooting ? wanted_ : lease_.address.address;
  if (ack.yours != asked) return false;
  refused_ = 0;
  const Prefix before = lease_.address;
  take_lease(ack);
  if (renews && lease_.address == before) {
    use_lease();
    return true;
  }
  // The address is new, or has another prefix length, which the stack can only take in anew.
  give_up_lease();
  state_ = DhcpState::kChecking;
  deadline_ = kNever;
  held_ = stack_.add_address(settings_.interface, lease_.address,
                             {.probe = true, .give_up = true}) == Error::kOk;
  if (held_) return true;
  // Another interface has the address, or the table of addresses is full.
  decline();
  restart(kAfterDecline);
  return true;
}

// Takes the times of the lease (4.4.5, 3.3); invalid ones are replaced by the RFC's defaults.
void DhcpClient::take_lease(const DhcpMessage& ack) {
  lease_ = DhcpLease{};
  lease_.address = prefix_of(ack);
  lease_.server = ack.server;
  lease_.router = ack.router.is_unspecified() ? kNobody : ack.router;
  for (std::uint8_t i = 0; i < ack.dns_count; ++i) {
    if (names_a_host(ack.dns[i])) lease_.dns[lease_.dns_count++] = ack.dns[i];
  }
  if (*ack.lease == DhcpMessage::kForEver) return;
  const std::uint32_t seconds = *ack.lease;
  std::uint32_t rebind = ack.rebind.value_or(0), renew = ack.renew.value_or(0);
  if (rebind == 0 || rebind >= seconds) rebind = seconds - seconds / 8;
  if (renew == 0 || renew >= rebind)
    renew = static_cast<std::uint32_t>(std::uint64_t{rebind} * 4 / 7);
  lease_.expires = requested_ + std::chrono::seconds(seconds);
  lease_.rebind_at = requested_ + std::chrono::seconds(rebind);
  lease_.renew_at = requested_ + std::chrono::seconds(renew);
}

/// Takes the address into use, or extends its lease.
void DhcpClient::use_lease() {
  in_use_ = true;
  state_ = DhcpState::kBound;
  deadline_ = lease_.renew_at;
  count(Count::dhcp_leases);
  event_.mask |= DhcpEvent::kLease;
  fallback_at_ = kNever;
  // Per RFC 3927, 1.9, a link-local address is not used beside a routable one.
  if (link_local_.address() != kNobody) event_.mask |= DhcpEvent::kLinkLocal;
  link_local_.stop();
  if (router_ != lease_.router) leave_router();
  if (settings_.use_router && lease_.router != kNobody && !follow_router()) {
    count(Count::dhcp_options_skipped);
  }
}

/// Makes the router of the lease the stack's default gateway. Cloud networks give a prefix length
/// of 32 and a router outside of the prefix, which is a neighbour all the same: it gets a host
/// route over the interface. A router that is a neighbour on another interface is refused.
bool DhcpClient::follow_router() {
  const IpAddress& router = lease_.router;
  if (!lease_.address.contains(router) && neighbour_ != router) {
    const auto hop = stack_.network().hop_to(router);
    if (hop && hop->next == router && hop->interface != settings_.interface) return false;
    if (!hop || hop->next != router) {
      if (stack_.add_route({router, 32}, settings_.interface) != Error::kOk) return false;
      neighbour_ = router;
    }
  }
  if (stack_.set_gateway(router) == Error::kOk) router_ = router;
  if (router_ == router) return true;
  leave_router();
  return false;
}

void DhcpClient::leave_router() {
  const auto is_ours = [this](const Route& route) {
    return route.to.length == 0 && !route.connected && route.gateway == router_;
  };
  if (router_ != kNobody && std::ranges::any_of(stack_.network().routes(), is_ours)) {
    (void)stack_.remove_route(kEverywhere);
  }
  if (neighbour_ != kNobody) (void)stack_.remove_route({neighbour_, 32});
  router_ = neighbour_ = kNobody;
}

// After one NAK the client restarts at once, after each further one with a longer delay: a server
// that always refuses, genuine or forged, must not keep the client busy.
bool DhcpClient::take_nak(const DhcpMessage& nak) {
  const bool renews = state_ == DhcpState::kRenewing || state_ == DhcpState::kRebinding;
  if (!renews && state_ != DhcpState::kRequesting && state_ != DhcpState::kRebooting) return false;
  if (tries_ == 0) return false;
  const bool of_one = state_ == DhcpState::kRequesting || state_ == DhcpState::kRenewing;
  if (of_one && nak.server != lease_.server) return false;
  count(Count::dhcp_naks);
  const Duration wait =
      refused_ == 0 ? Duration{0} : 1s * (1 << std::min(refused_, kMostDoublings));
  refused_ = static_cast<std::uint8_t>(std::min(refused_ + 1, 255));
  restart(wait);
  wanted_ = kNobody;
  return true;
}

void DhcpClient::on_event(const AddressEvent& event) {
  if (event.interface != settings_.interface) return;
  if (link_local_.on_address(event)) event_.mask |= DhcpEvent::kLinkLocal;
  if (!held_ || event.address != lease_.address.address) return;
  if (event.state == AddressState::kPreferred && state_ == DhcpState::kChecking) return use_lease();
  if (event.state != AddressState::kDuplicate) return;
  // A conflict before the address was used (4.4.1) or while it was (RFC 5227, 2.4 b).
  decline();
  restart(kAfterDecline);
  wanted_ = kNobody;
}

bool DhcpClient::next_event(DhcpEvent& event) {
  event = event_;
  event_ = DhcpEvent{};
  return event.mask != 0;
}

}  // namespace conker
