// Multicast listener discovery (RFC 3810) of one interface: tells the routers and switches of the
// link which groups this host listens to, among them the solicited-node groups of its addresses.
// A listener wants a group whatever the source, so of the RFC's filter modes there is EXCLUDE with
// no sources. Towards a querier of version 1 it speaks RFC 2710 (8.2.1).
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"
#include "stack/wire/mld.hpp"

namespace conker {

/// What the listener asks of the host, of its one interface.
class MldHost {
 public:
  /// The link-local address in use; unspecified while there is none (RFC 3810, 5.2.13).
  virtual IpAddress mld_source() const = 0;
  /// Sends a whole ICMP message with hop limit 1 and a router alert (RFC 3810, 5). One that cannot
  /// be sent is lost.
  virtual void send_mld(const IpAddress& destination, std::span<const std::byte> message) = 0;

 protected:
  ~MldHost() = default;
};

class MldListener {
 public:
  /// Records of one report: what 1280 bytes hold with the headers.
  static constexpr std::size_t kRecords = 60;
  /// Messages that leave in one turn; the rest follows after kPause.
  static constexpr int kMessages = 8;
  static constexpr Duration kPause = 50ms;

  /// Room for `groups` groups.
  MldListener(Arena& arena, std::uint32_t groups, MldHost& host, Counters& counters,
              const SipKey& key);

  /// Listens to a group; each join() counts, and is taken back by one leave(). False when there is
  /// no room: then nobody is told of the group. Groups of which nobody is told at all, all nodes
  /// and those that do not leave the host (RFC 3810, 6), need no room.
  bool join(const IpAddress& group, Instant now);
  void leave(const IpAddress& group, Instant now);
  /// To be called when the link has come up: its routers and switches may be others, and are told
  /// of all groups.
  void link_up(Instant now);

  void input(const MldQuery& query, Instant now);
  void timers(Instant now);
  Instant next_deadline() const;

  /// Groups that are listened to.
  std::uint32_t count() const { return count_; }

 private:
  static constexpr std::uint8_t kRobustness = 2, kMostRobustness = 7;  // 9.1
  static constexpr Duration kUnsolicited = 1s;                         // 9.11
  static constexpr Duration kVersion1 = 260s;  // 9.12, with the default intervals

  struct Group {
    IpAddress address;
    std::uint32_t joined;  // how often; 0: left, or the record is free
    std::uint32_t next;    // in its chain or among the free ones, counted from one
    std::uint8_t changes;  // how often the change is still to be reported
    bool asked;            // a query is to be answered
  };
  class Report;

  static bool is_reported(const IpAddress& group);
  std::uint32_t& head(const IpAddress& group);
  std::uint32_t find(const IpAddress& group);
  void release(std::uint32_t index);
  bool version1(Instant now) const { return now < version1_until_; }
  Duration random_up_to(Duration limit);
  void answer_within(Duration response, Instant& at, Instant now);
  void send_changes(Instant now);
  void send_answers(Instant now);

  std::span<Group> groups_;
  std::span<std::uint32_t> heads_;
  MldHost& host_;
  Counters& counters_;
  RandomBits random_;
  std::uint32_t fresh_ = 0;  // records from here on were never used
  std::uint32_t free_ = 0;   // counted from one
  std::uint32_t count_ = 0;
  std::uint8_t robustness_ = kRobustness;
  Instant changes_at_ = kNever;  // of the next report of changes
  Instant general_at_ = kNever;  // of the answer to a general query
  Instant groups_at_ = kNever;   // of the answer to queries of groups
  Instant version1_until_{};
};

}  // namespace conker
