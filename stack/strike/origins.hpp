// From where a strike opens: the stack's own addresses, which take turns by the seed; our ports,
// one after the other; and the four-tuples of connections that have just ended, which are opened
// again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/net/network.hpp"
#include "stack/settings.hpp"

namespace conker {

class Origins {
 public:
  static constexpr std::uint32_t kMaxAddresses = 256;
  static constexpr std::uint32_t kRound = 65536;
  /// Four-tuples that wait to be opened again, at most.
  static constexpr std::uint32_t kMaxEnded = 8;
  /// A four-tuple is opened again no sooner than this, so that a clock of timestamps that ticks
  /// every millisecond has moved (RFC 6191, 2).
  static constexpr Duration kLeastPause = 2ms;

  /// Whether begin() takes `from`: its port is of the settings' range, or it is 0.
  static bool within(const Settings& settings, std::uint32_t from);
  /// Of the stack's addresses the first kMaxAddresses on the interface that leads to the target; no
  /// connection has ended yet. `from`: our first port, and kRound for each round of the ports that
  /// our addresses had before; 0: the stack chooses each (RFC 6056).
  void begin(const Network& network, const IpAddress& target, std::uint64_t seed,
             std::uint32_t from);
  /// From where to open next; an address that is unspecified and a port of 0 are the stack's to
  /// choose. The same until pass_over().
  Endpoint next(const Network& network) const;
  /// Goes on to the next choice, within the ports of the settings. In each round of them a port has
  /// another address, so that a four-tuple comes again as late as may be.
  void pass_over(const Settings& settings);
  /// Whether another choice may be another address.
  bool several() const { return count_ > 1; }
  /// The port that is next, and the rounds, as begin() takes them; 0 where the stack chooses.
  std::uint32_t position() const { return port_.value == 0 ? 0 : port_.value + kRound * round_; }

  /// A connection from here has ended in order and may be opened again from `ready` on. It is
  /// forgotten where kMaxEnded wait already.
  void ended(const Endpoint& ours, Instant ready);
  /// For every second call at most, the four-tuple that has waited longest, which is forgotten;
  /// nothing where none is ready. So as many fresh ones are opened meanwhile, and a target that
  /// refuses both is told from one that refuses those that are opened again.
  std::optional<Endpoint> reopen(Instant now);

 private:
  struct Ended {
    Endpoint ours;
    Instant ready{};
  };

  std::uint64_t random_ = 0;  // the seed, where each port has an address by it
  std::uint32_t count_ = 0;
  Port port_;
  std::uint16_t round_ = 0;  // of the ports, below the number of addresses
  bool fresh_next_ = false;
  std::uint32_t first_ended_ = 0, ended_count_ = 0;
  std::array<Ended, kMaxEnded> ended_{};                  // a ring
  std::array<std::uint16_t, kMaxAddresses> addresses_{};  // indices of Network::address()
};

}  // namespace conker
