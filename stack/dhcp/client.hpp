// The DHCP client of one interface (RFC 2131, 4.4), on the public calls of the stack and of UDP.
//
//     INIT -> SELECTING -> REQUESTING -> CHECKING -> BOUND -> RENEWING -> REBINDING
//     REBOOTING -> CHECKING, or INIT after a NAK or a timeout
//
// The client accepts the first valid offer. Its timers are: start, retransmission (exponential
// backoff, randomized), T1, T2 and the end of the lease. The stack probes for the address before it
// is used; an address in use by another host is declined.
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
  /// `udp` must outlive this object. `entropy` must be unpredictable to peers: it seeds the
  /// transaction ids.
  DhcpClient(const DhcpSettings& settings, Udp& udp, const Entropy& entropy);
  DhcpClient(const DhcpClient&) = delete;
  DhcpClient& operator=(const DhcpClient&) = delete;

  /// Starts the client, in INIT-REBOOT where an address of an earlier lease is given. kAddressInUse
  /// when another socket has the client's port on the interface.
  Error start(std::optional<IpAddress> previous = std::nullopt);
  /// Releases the lease (4.4.6) and stops. This takes up to kPatience where the server's link
  /// address is not resolved; the state is kStopped at the end.
  void stop();
  static constexpr Duration kPatience = 1s;

  /// To be called when the interface's link has come up after it was down: any server may confirm
  /// the lease, which stays in use meanwhile (RFC 2131, 3.7); a pending message is retransmitted.
  void link_up();

  // ---- A turn: step 3 ----

  /// To be called with every event of a socket whose token names DhcpSettings::client.
  void on_event(const UdpEvent& event);
  /// To be called with every address event of the interface.
  void on_event(const AddressEvent& event);
  /// To be called after the events: runs the timers.
  void step();
  Instant next_deadline() const;
  /// Takes what has happened since the last call; false when nothing has.
  bool next_event(DhcpEvent& event);

  // ---- Queries ----
  DhcpState state() const { return state_; }
  /// The lease in use; null while there is none.
  const DhcpLease* lease() const { return in_use_ ? &lease_ : nullptr; }
  /// The link-local address in use (RFC 3927); 0.0.0.0 while there is none.
  IpAddress link_local() const { return link_local_.address(); }
  InterfaceId interface() const { return settings_.interface; }

 private:
  void enter(DhcpState state);
  void restart(Duration wait);
  void give_up_lease();
  void finish_stop();
  void count(Count what) { udp_.counters().add(what); }

  // ---- Sending ----
  DhcpMessage message(DhcpType type) const;
  void send(const DhcpMessage& message, const IpAddress& to);
  void send_again();
  void decline();
  void wait_for_answer();
  std::uint32_t random32();
  Duration jittered(Duration wait);

  // ---- Receiving ----
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
  bool held_ = false;  // the address is in the stack's table, tentative or assigned
  bool in_use_ = false;
  IpAddress router_ = IpAddress::v4(0);     // default gateway by this client; 0.0.0.0: none
  IpAddress neighbour_ = IpAddress::v4(0);  // a router outside of the prefix, with a host route
  IpAddress wanted_ = IpAddress::v4(0);     // of the earlier lease
  std::uint32_t transaction_ = 0;
  std::uint8_t tries_ = 0;    // of the present message
  std::uint8_t refused_ = 0;  // NAKs and conflicts in a row
  Instant began_{};           // secs: when the client began to ask
  Instant requested_{};       // when the lease was requested: it runs from here (4.4.1)
  Instant deadline_ = kNever;
  Instant fallback_at_ = kNever;
  DhcpEvent event_;
};

}  // namespace conker
