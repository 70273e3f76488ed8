// The DHCPv6 client of one interface (RFC 8415, 18.2), which asks for one address or for
// information alone.
//
//     INIT -> SOLICIT -> REQUEST -> CHECKING -> BOUND -> RENEW -> REBIND
//     INIT -> INFORMATION-REQUEST -> INFORMED
//
// It sends and receives by Dhcp6Host. Its timers are those of the RFC: retransmission (exponential
// back-off, randomized), T1, T2, and the two lifetimes. The host checks for duplicates of the
// address before it is used; one that another host has is declined.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/dhcp6/types.hpp"
#include "stack/net/addresses.hpp"

namespace conker {

class Dhcp6Client {
 public:
  /// `host` and `counters` must outlive this object. `entropy` must be unpredictable to peers: it
  /// seeds the transaction ids.
  Dhcp6Client(const Dhcp6Settings& settings, Dhcp6Host& host, Counters& counters,
              const Entropy& entropy);
  Dhcp6Client(const Dhcp6Client&) = delete;
  Dhcp6Client& operator=(const Dhcp6Client&) = delete;

  /// Starts the client. While it runs, nothing happens if it wants the same already; else it begins
  /// anew.
  void start(Dhcp6Wants wants);
  /// Gives the address up, releases it (18.2.7) and stops: at once where there is none, else with
  /// the server's reply or after kPatience. The RFC would have the client retransmit for 15 s, for
  /// which a program that ends does not wait.
  void stop();
  static constexpr Duration kPatience = 1s;

  /// To be called when the interface's link has come up after it was down: any server may confirm
  /// the address, which stays in use meanwhile (18.2.3); information is asked for anew (18.2.6).
  void link_up();

  // ---- A turn: step 3 ----

  /// To be called with every message that arrives at port 546 of the interface.
  void on_message(std::span<const std::byte> bytes);
  /// To be called with every address event of the interface.
  void on_event(const AddressEvent& event);
  /// To be called after the events: runs the timers.
  void step();
  Instant next_deadline() const;
  /// Takes what has happened since the last call; false when nothing has.
  bool next_event(Dhcp6Event& event);

  // ---- Queries ----
  Dhcp6State state() const { return state_; }
  /// The lease of the address in use; null while there is none.
  const Dhcp6Lease* lease() const { return in_use_ ? &lease_ : nullptr; }
  /// The servers of names that were told, with an address or alone.
  std::span<const IpAddress> dns_servers() const { return lease_.dns_servers(); }
  InterfaceId interface() const { return settings_.interface; }

 private:
  bool has_server() const;
  void enter(Dhcp6State state);
  void restart(Duration wait);
  void refused();
  void give_up_address();
  void stopped();
  void count(Count what) { counters_.add(what); }

  // ---- Sending ----
  void send_again();
  Duration randomized(Duration wait, bool only_longer);
  Duration next_timeout();
  Instant bounded(Instant at) const;

  // ---- Receiving ----
  bool take(const Dhcp6Message& message);
  bool take_advertise(const Dhcp6Message& advertise);
  bool take_address(const Dhcp6Message& reply);
  bool take_information(const Dhcp6Message& reply);
  bool take_confirmation(const Dhcp6Message& reply);
  void take_servers(const Dhcp6Message& reply);
  void take_times(const Dhcp6Association& association, const Dhcp6Address& address);
  void check_address(const IpAddress& address);
  void use_address();
  void decline();

  Dhcp6Settings settings_;
  Dhcp6Host& host_;
  Counters& counters_;
  RandomBits random_;
  Dhcp6State state_ = Dhcp6State::kStopped;
  Dhcp6Wants wants_ = Dhcp6Wants::kAddress;
  Dhcp6Lease lease_;         // advertised, asked for, being checked, or in use
  bool advertised_ = false;  // while soliciting: lease_ has a server, the best one so far
  bool held_ = false;        // the host has the address, tentative or assigned
  bool in_use_ = false;
  bool deprecated_ = false;
  std::uint8_t preference_ = 0;  // of the server that has advertised
  std::uint32_t transaction_ = 0;
  std::uint8_t tries_ = 0;     // of the present message
  std::uint8_t refusals_ = 0;  // in a row
  Instant began_{};            // the present exchange
  Duration timeout_{};         // RT of the present message (15)
  Duration solicit_max_, information_max_;
  Instant deadline_ = kNever;
  Dhcp6Event event_;
};

}  // namespace conker
