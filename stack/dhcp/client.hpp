// The DHCP client of one interface (RFC 2131, 4.4), on the public calls of the stack and of UDP.
//
//     INIT -> SELECTING -> REQUESTING -> CHECKING -> BOUND -> RENEWING -> REBINDING
//     REBOOTING -> CHECKING, or INIT when it is refused or not answered
//
// The first acceptable offer is taken. Its deadlines are: when to begin, when to send again
// (backing off, with jitter), when to renew, to rebind and to give the address up. The stack probes
// for the address before it is used; one that somebody has is declined.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/random_bits.hpp"
#include "stack/dhcp/link_local.hpp"
#include "stack/dhcp/types.hpp"
#include "stack/udp/udp.hpp"

namespace conker {

class DhcpClient {
 public:
  /// `udp` must outlive it. `entropy` must be unpredictable to peers: transaction numbers come from
  /// it.
  DhcpClient(const DhcpSettings& settings, Udp& udp, const Entropy& entropy);
  DhcpClient(const DhcpClient&) = delete;
  DhcpClient& operator=(const DhcpClient&) = delete;

  /// Begins, with INIT-REBOOT if there is an address from another time. kAddressInUse when somebody
  /// else has the client's port on the interface.
  Error start(std::optional<IpAddress> previous = std::nullopt);
  /// The lease is given back to the server (4.4.6), and nothing more is asked for. It takes up to
  /// kPatience where the server's link address is not known; the state is kStopped when it is over.
  void stop();
  static constexpr Duration kPatience = 1s;

  /// The interface's link has come up after it was down: the lease is confirmed by any server while
  /// it stays in use (RFC 2131, 3.7); what waits for an answer is sent again.
  void link_up();

  // ---- A turn: step 3 ----

  /// Every event of a socket whose cookie has the tag.
  void on_event(const UdpEvent& event);
  /// Every event of an address of the interface.
  void on_event(const AddressEvent& event);
  /// After the events.
  void step();
  Instant next_deadline() const;
  /// False when there is none.
  bool next_news(DhcpNews& news);

  // ---- Questions ----
  DhcpState state() const { return state_; }
  /// Null while there is none in use.
  const DhcpLease* lease() const { return in_use_ ? &lease_ : nullptr; }
  /// 0.0.0.0 while there is none.
  IpAddress link_local() const { return link_local_.address(); }
  InterfaceId interface() const { return settings_.interface; }

 private:
  void enter(DhcpState state);
  void restart(Duration wait);
  void give_up_lease();
  void finish_stop();
  void count(Count what) { udp_.counters().add(what); }

  // ---- Out ----
  DhcpMessage message(DhcpType type) const;
  void send(const DhcpMessage& message, const IpAddress& to);
  void send_again();
  void decline();
  void wait_for_answer();
  std::uint32_t random32();
  Duration jittered(Duration wait);

  // ---- In ----
  void receive();
  bool take(const DhcpMessage& message, const IpAddress& from);
  bool take_offer(const DhcpMessage& offer);
  bool take_ack(const DhcpMessage& ack);
  bool take_nak(const DhcpMessage& nak);
  void take_lease(const DhcpMessage& ack);
  void use_lease();
  bool follow_router();
  void leave_router();

  DhcpSettings settings_;
  Udp& udp_;
  Stack& stack_;
  RandomBits random_;
  LinkLocal link_local_;
  UdpId socket_{};
  DhcpState state_ = DhcpState::kStopped;
  DhcpLease lease_;    // offered, being checked, or in use
  bool held_ = false;  // the stack has its address
  bool in_use_ = false;
  IpAddress router_ = IpAddress::v4(0);  // the stack's gateway on its behalf; 0.0.0.0: none
  IpAddress neighbour_ =
      IpAddress::v4(0);  // a router outside of the prefix that has a route of its own
  IpAddress wanted_ = IpAddress::v4(0);  // from the time before
  std::uint32_t transaction_ = 0;
  std::uint8_t tries_ = 0;    // of the message that waits for an answer
  std::uint8_t refused_ = 0;  // NAKs and conflicts in a row
  Instant began_{};           // to ask for an address
  Instant requested_{};       // when the lease was asked for: it runs from here (4.4.1)
  Instant deadline_ = kNever;
  Instant fallback_at_ = kNever;
  DhcpNews news_;
};

}  // namespace conker
