#include "stack/dhcp6/client.hpp"

#include <algorithm>
#include <array>

namespace conker {
namespace {

constexpr std::uint64_t kDhcp6Purpose = 0x8415;
constexpr std::uint32_t kAssociationId = 1;  // of the one association that this identifier has

// RFC 8415, 7.6.
constexpr Duration kSolicitMax = 3600s, kInformationMax = 3600s, kConfirmFor = 10s;
constexpr Duration kDefaultRefresh = 86400s, kLeastRefresh = 600s;
constexpr Duration kAfterDecline6 = 10s;     // so that an address that is always taken costs little
constexpr std::uint8_t kMostDoublings6 = 6;  // of the delay after a refusal
constexpr std::uint8_t kAtOnce = 255;        // a preference (18.2.1)

/// How the message of a state is retransmitted (RFC 8415, 7.6 and 15).
struct Exchange {
  Dhcp6Type type;
  Duration initial, most;  // IRT and MRT; 0: no limit
  std::uint8_t tries;      // MRC; 0: no limit
};

constexpr Exchange exchange_of(Dhcp6State state) {
  switch (state) {
    case Dhcp6State::kRequesting:
      return {Dhcp6Type::kRequest, 1s, 30s, 10};
    case Dhcp6State::kConfirming:
      return {Dhcp6Type::kConfirm, 1s, 4s, 0};
    case Dhcp6State::kRenewing:
      return {Dhcp6Type::kRenew, 10s, 600s, 0};
    case Dhcp6State::kRebinding:
      return {Dhcp6Type::kRebind, 10s, 600s, 0};
    case Dhcp6State::kDeclining:
      return {Dhcp6Type::kDecline, 1s, 0s, 4};
    case Dhcp6State::kReleasing:
      return {Dhcp6Type::kRelease, 1s, 0s, 4};
    case Dhcp6State::kAsking:
      return {Dhcp6Type::kInformationRequest, 1s, kInformationMax, 0};
    default:
      return {Dhcp6Type::kSolicit, 1s, kSolicitMax, 0};
  }
}

Instant end_of(std::uint32_t seconds, Instant now) {
  return seconds == Dhcp6Address::kForEver ? kNever : now + std::chrono::seconds(seconds);
}

}  // namespace

const char* to_string(Dhcp6State state) {
  constexpr std::array<const char*, 13> kNames{
      "STOPPED", "INIT",  "SOLICIT", "REQUEST", "CHECKING", "BOUND",
      "CONFIRM", "RENEW", "REBIND",  "DECLINE", "RELEASE",  "INFORMATION-REQUEST",
      "INFORMED"};
  return kNames[static_cast<std::size_t>(state)];
}

Dhcp6Client::Dhcp6Client(const Dhcp6Settings& settings, Dhcp6Host& host, Counters& counters,
                         const Entropy& entropy)
    : settings_(settings),
      host_(host),
      counters_(counters),
      random_(SipKey{entropy.words[0], entropy.words[1]}, kDhcp6Purpose),
      solicit_max_(kSolicitMax),
      information_max_(kInformationMax) {}

// ---- Start and stop ----

void Dhcp6Client::start(Dhcp6Wants wants) {
  if (state_ != Dhcp6State::kStopped && state_ != Dhcp6State::kReleasing && wants == wants_) return;
  wants_ = wants;
  restart(settings_.begin_within);
}

void Dhcp6Client::stop() {
  if (state_ == Dhcp6State::kStopped || state_ == Dhcp6State::kReleasing) return;
  // Per 18.2.7, the address is not used any more, not even to send the Release.
  const bool releases = in_use_;
  give_up_address();
  if (!releases) return stopped();
  enter(Dhcp6State::kReleasing);
  deadline_ = host_.now() + kPatience;
}

void Dhcp6Client::stopped() {
  state_ = Dhcp6State::kStopped;
  deadline_ = kNever;
  lease_ = Dhcp6Lease{};
}

void Dhcp6Client::link_up() {
  switch (state_) {
    case Dhcp6State::kBound:
    case Dhcp6State::kRenewing:
    case Dhcp6State::kRebinding:
      return enter(Dhcp6State::kConfirming);
    case Dhcp6State::kSoliciting:
    case Dhcp6State::kRequesting:
    case Dhcp6State::kConfirming:
    case Dhcp6State::kAsking:
      return enter(state_);
    case Dhcp6State::kInformed:
      return restart(settings_.begin_within);
    case Dhcp6State::kStopped:
    case Dhcp6State::kInit:
    case Dhcp6State::kChecking:
    case Dhcp6State::kDeclining:
    case Dhcp6State::kReleasing:
      return;
  }
}

void Dhcp6Client::give_up_address() {
  if (in_use_) {
    event_.mask =
        static_cast<std::uint8_t>((event_.mask & ~Dhcp6Event::kLease) | Dhcp6Event::kLost);
    event_.lost = lease_.address;
    count(Count::dhcp_leases_lost);
  }
  if (held_) host_.remove_address(lease_.address);
  held_ = in_use_ = deprecated_ = false;
}

/// Gives up what there is and begins anew within `wait`, after a random delay, so that many hosts
/// that are switched on at once do not ask at once.
void Dhcp6Client::restart(Duration wait) {
  give_up_address();
  if (lease_.dns_count > 0) event_.mask |= Dhcp6Event::kInformation;
  lease_ = Dhcp6Lease{};
  state_ = Dhcp6State::kInit;
  deadline_ =
      host_.now() + Duration(random_.below(static_cast<std::uint32_t>(wait / 1ms) + 1) * 1ms);
}

/// Begins anew after a server has refused; each refusal in a row makes the delay longer, so that a
/// server, genuine or forged, does not keep the client busy.
void Dhcp6Client::refused() {
  count(Count::dhcp_naks);
  const Duration wait = 1s * (1 << std::min(refusals_, kMostDoublings6));
  refusals_ = static_cast<std::uint8_t>(std::min(refusals_ + 1, 255));
  restart(Duration{0});
  deadline_ = host_.now() + wait;
}

/// Enters a state, with a new transaction, and sends its message.
void Dhcp6Client::enter(Dhcp6State state) {
  state_ = state;
  tries_ = 0;
  advertised_ = false;
  began_ = host_.now();
  transaction_ = std::uint32_t{random_.next16()} << 8 | random_.below(256);
  send_again();
}

// ---- Sending ----

/// Whether the message of the present state names the server that it is for.
bool Dhcp6Client::has_server() const {
  switch (state_) {
    case Dhcp6State::kRequesting:
    case Dhcp6State::kRenewing:
    case Dhcp6State::kDeclining:
    case Dhcp6State::kReleasing:
      return true;
    default:
      return false;
  }
}

/// Sends or retransmits the message of the present state.
void Dhcp6Client::send_again() {
  Dhcp6Message out;
  out.type = exchange_of(state_).type;
  out.transaction = transaction_;
  out.client = settings_.mac;
  if (has_server()) out.server = lease_.server;
  // Per 21.9, zero in the first message of an exchange.
  const auto elapsed = tries_ == 0 ? 0 : (host_.now() - began_) / 10ms;
  out.elapsed = static_cast<std::uint16_t>(std::min<std::int64_t>(elapsed, 0xffff));
  if (state_ != Dhcp6State::kAsking) {
    out.association.emplace();
    // Per 18.2.1 to 18.2.4, times that the client sends are 0: the server's choice.
    if (!lease_.address.is_unspecified() && state_ != Dhcp6State::kSoliciting) {
      out.association->addresses[out.association->count++].address = lease_.address;
    }
  }
  timeout_ = next_timeout();
  if (tries_ < UINT8_MAX) ++tries_;
  deadline_ = bounded(host_.now() + timeout_);
  std::array<std::byte, kDhcp6MostBytes> bytes;
  const std::size_t length = emit_dhcp6(out, kAssociationId, bytes);
  count(Count::dhcp_out);
  host_.send_dhcp6(std::span(bytes).first(length));
}

/// `wait` with RAND of section 15: up to a tenth shorter or longer.
Duration Dhcp6Client::randomized(Duration wait, bool only_longer) {
  const auto thousandths = static_cast<int>(random_.below(only_longer ? 100 : 201));
  return wait + wait / 1000 * (only_longer ? thousandths + 1 : thousandths - 100);
}

/// RT of section 15 for the message that is sent now.
Duration Dhcp6Client::next_timeout() {
  const Exchange exchange = exchange_of(state_);
  // Per 18.2.1, the first timeout of a Solicit is longer than IRT: advertisements are collected.
  if (tries_ == 0) return randomized(exchange.initial, state_ == Dhcp6State::kSoliciting);
  const Duration most = state_ == Dhcp6State::kSoliciting ? solicit_max_
                        : state_ == Dhcp6State::kAsking   ? information_max_
                                                          : exchange.most;
  const Duration twice = timeout_ + randomized(timeout_, false);
  return most > Duration{0} && twice > most ? randomized(most, false) : twice;
}

/// When the present message is done with at the latest (MRD).
Instant Dhcp6Client::bounded(Instant at) const {
  if (state_ == Dhcp6State::kRenewing) return std::min(at, lease_.rebind_at);
  if (state_ == Dhcp6State::kConfirming) return std::min(at, began_ + kConfirmFor);
  return at;
}

// ---- Timers ----

Instant Dhcp6Client::next_deadline() const {
  if (!in_use_) return deadline_;
  const Instant deprecates = deprecated_ ? kNever : lease_.preferred_until;
  return std::min({deadline_, deprecates, lease_.expires});
}

void Dhcp6Client::step() {
  const Instant now = host_.now();
  if (in_use_ && lease_.expires <= now) return restart(Duration{0});
  if (in_use_ && !deprecated_ && lease_.preferred_until <= now) {
    deprecated_ = true;
    host_.deprecate_address(lease_.address, true);
  }
  if (deadline_ > now) return;
  deadline_ = kNever;
  const std::uint8_t most_tries = exchange_of(state_).tries;
  const bool may_try = most_tries == 0 || tries_ < most_tries;
  switch (state_) {
    case Dhcp6State::kStopped:
    case Dhcp6State::kChecking:
      return;
    case Dhcp6State::kInit:
      return enter(wants_ == Dhcp6Wants::kAddress ? Dhcp6State::kSoliciting : Dhcp6State::kAsking);
    case Dhcp6State::kSoliciting:
      return advertised_ ? enter(Dhcp6State::kRequesting) : send_again();
    case Dhcp6State::kRequesting:
      return may_try ? send_again() : restart(settings_.begin_within);
    case Dhcp6State::kConfirming:
      if (now < began_ + kConfirmFor) return send_again();
      // Per 18.2.3, without an answer the address stays in use.
      state_ = Dhcp6State::kBound;
      deadline_ = lease_.renew_at;
      return;
    case Dhcp6State::kBound:
      return enter(Dhcp6State::kRenewing);
    case Dhcp6State::kRenewing:
      return now < lease_.rebind_at ? send_again() : enter(Dhcp6State::kRebinding);
    case Dhcp6State::kRebinding:
      return send_again();
    case Dhcp6State::kDeclining:
      if (may_try) return send_again();
      restart(Duration{0});
      deadline_ = now + kAfterDecline6;
      return;
    case Dhcp6State::kReleasing:
      return stopped();
    case Dhcp6State::kAsking:
      return send_again();
    case Dhcp6State::kInformed:
      return enter(Dhcp6State::kAsking);
  }
}

// ---- Receiving ----

void Dhcp6Client::on_message(std::span<const std::byte> bytes) {
  if (state_ == Dhcp6State::kStopped) return;
  count(Count::dhcp_in);
  const auto message = parse_dhcp6(bytes, settings_.mac, kAssociationId);
  if (!message) return count(Count::drop_dhcp_malformed);
  counters_.add(Count::dhcp_options_skipped, message->skipped);
  const bool ours = message->transaction == transaction_ && tries_ > 0 && take(*message);
  if (!ours) count(Count::drop_dhcp_unwanted);
}

/// Processes a message; false when it is not for the present state, or has invalid content.
bool Dhcp6Client::take(const Dhcp6Message& message) {
  if (message.type == Dhcp6Type::kAdvertise) return take_advertise(message);
  // Per 18.2.10, the reply to a message that names a server comes from that server.
  if (has_server() && message.server != lease_.server) return false;
  switch (state_) {
    case Dhcp6State::kRequesting:
    case Dhcp6State::kRenewing:
    case Dhcp6State::kRebinding:
      return take_address(message);
    case Dhcp6State::kConfirming:
      return take_confirmation(message);
    case Dhcp6State::kDeclining:
      restart(Duration{0});
      deadline_ = host_.now() + kAfterDecline6;
      return true;
    case Dhcp6State::kReleasing:
      stopped();
      return true;
    case Dhcp6State::kAsking:
      return take_information(message);
    default:
      return false;
  }
}

/// Per 18.2.9, keeps the advertisement of the server with the highest preference until the first
/// timeout has passed; takes one with the preference 255, or after that timeout, at once.
bool Dhcp6Client::take_advertise(const Dhcp6Message& advertise) {
  if (state_ != Dhcp6State::kSoliciting) return false;
  if (advertise.solicit_max) solicit_max_ = std::chrono::seconds(*advertise.solicit_max);
  const auto& association = advertise.association;
  if (advertise.status != Dhcp6Status::kSuccess || !association ||
      association->status != Dhcp6Status::kSuccess)
    return false;
  const auto offered = std::ranges::find_if(association->all(),
                                            [](const Dhcp6Address& one) { return one.valid > 0; });
  if (offered == association->all().end()) return false;
  if (!advertised_ || advertise.preference > preference_) {
    lease_ = Dhcp6Lease{};
    lease_.server = advertise.server;
    lease_.address = offered->address;
    preference_ = advertise.preference;
    advertised_ = true;
  }
  if (advertise.preference == kAtOnce || tries_ > 1) enter(Dhcp6State::kRequesting);
  return true;
}

/// Processes the Reply to a Request, Renew or Rebind (18.2.10.1).
bool Dhcp6Client::take_address(const Dhcp6Message& reply) {
  const bool extends = state_ != Dhcp6State::kRequesting;
  if (reply.solicit_max) solicit_max_ = std::chrono::seconds(*reply.solicit_max);
  // A server that cannot at present is asked again, at the same intervals.
  if (reply.status != Dhcp6Status::kSuccess && reply.status != Dhcp6Status::kNotOnLink)
    return false;
  const auto& association = reply.association;
  const std::uint16_t status = reply.status != Dhcp6Status::kSuccess ? reply.status
                               : association                         ? association->status
                                                                     : Dhcp6Status::kNoAddresses;
  if (extends && status == Dhcp6Status::kNoBinding) {
    // The server does not know of the lease, which stays in use while it is asked for it.
    lease_.server = reply.server;
    enter(Dhcp6State::kRequesting);
    return true;
  }
  if (extends && (reply.status != Dhcp6Status::kSuccess || !association)) return false;
  const auto is_ours = [this](const Dhcp6Address& one) { return one.address == lease_.address; };
  const auto is_valid = [](const Dhcp6Address& one) { return one.valid > 0; };
  const auto all = association ? association->all() : std::span<const Dhcp6Address>();
  auto found = std::ranges::find_if(all, is_ours);
  if (extends && found == all.end()) return false;
  if (found == all.end() || !is_valid(*found)) {
    found = extends ? all.end() : std::ranges::find_if(all, is_valid);
  }
  if (found == all.end() || status != Dhcp6Status::kSuccess) {
    refused();
    return true;
  }
  refusals_ = 0;
  const IpAddress address = found->address;
  if (!in_use_ || address != lease_.address) give_up_address();
  lease_.server = reply.server;
  take_servers(reply);
  take_times(*association, *found);
  if (in_use_) {
    use_address();
  } else {
    check_address(address);
  }
  return true;
}

bool Dhcp6Client::take_information(const Dhcp6Message& reply) {
  if (reply.information_max) {
    information_max_ = std::chrono::seconds(*reply.information_max);
  }
  if (reply.status != Dhcp6Status::kSuccess) return false;
  take_servers(reply);
  event_.mask |= Dhcp6Event::kInformation;
  state_ = Dhcp6State::kInformed;
  // Per 21.23, a day where nothing is said, and never sooner than after ten minutes.
  const Instant now = host_.now();
  deadline_ = reply.refresh ? std::max(end_of(*reply.refresh, now), now + kLeastRefresh)
                            : now + kDefaultRefresh;
  return true;
}

/// Per 18.2.10.3, an address that does not fit the link any more is given up; per 18.2.3, any other
/// stays in use.
bool Dhcp6Client::take_confirmation(const Dhcp6Message& reply) {
  if (reply.status == Dhcp6Status::kNotOnLink) {
    restart(settings_.begin_within);
    return true;
  }
  if (reply.status != Dhcp6Status::kSuccess) return false;
  state_ = Dhcp6State::kBound;
  deadline_ = lease_.renew_at;
  return true;
}

void Dhcp6Client::take_servers(const Dhcp6Message& reply) {
  lease_.dns_count = reply.dns_count;
  const std::uint16_t zone = zone_of(settings_.interface);
  for (std::uint8_t i = 0; i < reply.dns_count; ++i) lease_.dns[i] = reply.dns[i].with_zone(zone);
}

/// Takes the times of a lease. Where the server leaves T1 and T2 to the client, they are the
/// fractions of the preferred lifetime that 21.4 recommends to servers.
void Dhcp6Client::take_times(const Dhcp6Association& association, const Dhcp6Address& address) {
  constexpr std::uint32_t kForEver = Dhcp6Address::kForEver;
  const std::uint32_t base = address.preferred > 0 ? address.preferred : address.valid;
  std::uint32_t renew = association.renew, rebind = association.rebind;
  if (renew == 0) renew = base == kForEver ? kForEver : base / 2;
  if (rebind == 0) rebind = base == kForEver ? kForEver : base - base / 5;
  rebind = std::min(rebind, address.valid);
  renew = std::clamp<std::uint32_t>(renew, 1, std::max<std::uint32_t>(rebind, 1));
  const Instant now = host_.now();
  lease_.renew_at = end_of(renew, now);
  lease_.rebind_at = end_of(rebind, now);
  lease_.preferred_until = end_of(address.preferred, now);
  lease_.expires = end_of(address.valid, now);
}

/// Hands a new address to the host, which checks it for duplicates.
void Dhcp6Client::check_address(const IpAddress& address) {
  lease_.address = address;
  held_ = host_.add_address(address) == Error::kOk;
  // Another interface has the address, or the table of addresses is full.
  if (!held_) return decline();
  state_ = Dhcp6State::kChecking;
  deadline_ = kNever;
}

/// Takes the address into use, or extends its lifetimes.
void Dhcp6Client::use_address() {
  in_use_ = true;
  state_ = Dhcp6State::kBound;
  deadline_ = lease_.renew_at;
  count(Count::dhcp_leases);
  event_.mask |= Dhcp6Event::kLease;
  if (deprecated_ && lease_.preferred_until > host_.now()) {
    deprecated_ = false;
    host_.deprecate_address(lease_.address, false);
  }
}

/// Per 18.2.8, tells the server that another host has the address.
void Dhcp6Client::decline() {
  give_up_address();
  count(Count::dhcp_declines);
  enter(Dhcp6State::kDeclining);
}

void Dhcp6Client::on_event(const AddressEvent& event) {
  if (!held_ || event.interface != settings_.interface || event.address != lease_.address) return;
  if (event.state == AddressState::kDuplicate) return decline();
  if (event.state == AddressState::kPreferred && state_ == Dhcp6State::kChecking) use_address();
}

bool Dhcp6Client::next_event(Dhcp6Event& event) {
  event = event_;
  event_ = Dhcp6Event{};
  return event.mask != 0;
}

}  // namespace conker
