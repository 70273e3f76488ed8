// The Neighbour Cache: link-layer addresses of neighbours, resolved by the protocol of their family
// (AddressResolution): by ARP (RFC 826; RFC 1122, 2.3.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/byte_queue.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/siphash.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/packet.hpp"
#include "stack/net/protocol.hpp"
#include "stack/settings.hpp"

namespace conker {

/// Resolves neighbours' link addresses. An ARP request for a new neighbour is broadcast every
/// neighbour_retry, neighbour_tries times; meanwhile packets to it wait. A resolved entry is used
/// for neighbour_reachable, and remains in use while it is verified thereafter: by one unicast
/// request and, without a reply within kPollWait, by broadcast. An entry is also verified at once
/// when an ARP packet (request, announcement or reply) gives another link address for it, and when
/// TCP makes no progress towards it. So an address that moves to another host is followed within
/// kPollWait, with or without an announcement; while its owner replies, no packet from another host
/// overwrites it, and conflicting claims cause one request per neighbour_retry in the long run.
class Neighbours {
 public:
  /// Packets that may wait for one neighbour; beyond that number the oldest is dropped.
  static constexpr std::uint8_t kQueuedPackets = 64;
  /// Verifications of one neighbour that are granted in a row; each uses up one neighbour_retry in
  /// the long run.
  static constexpr int kDoubtsAtOnce = 2;
  /// How long a resolved neighbour may take to answer a unicast request.
  static constexpr Duration kPollWait = 500ms;
  /// DELAY_FIRST_PROBE_TIME (RFC 4861, 10), of neighbours with IPv6.
  static constexpr Duration kFirstProbeDelay = 5s;

  Neighbours(Arena& arena, const Capacities& capacities, const Settings& settings,
             const Entropy& entropy, Counters& counters, ChunkPool& chunks, Interfaces& interfaces);

  /// Resolves neighbours of this family by `resolution`, which must outlive all turns; their
  /// packets have this EtherType.
  void use(Family family, std::uint16_t ether_type, AddressResolution& resolution) {
    families_[static_cast<std::size_t>(family)] = {&resolution, ether_type};
  }

  /// What a message of address resolution says of its sender, a neighbour.
  struct Binding {
    InterfaceId interface;
    IpAddress address;
    MacAddress mac;
    bool asks_for_us = false;  // for the link-layer address of one of this host's addresses
    bool confirms = true;      // the sender answers a request, so it is reachable (RFC 4861, 7.3.1)
    /// What becomes of another link-layer address that is known already.
    enum class Rule : std::uint8_t {
      kVerify,    // its owner is asked, since who speaks cannot be told from a forger
      kOverride,  // it is replaced (RFC 4861, 7.2.3 and 7.2.5)
      kKeep,      // it is kept, and verified at its next use (RFC 4861, 7.2.5)
    };
    Rule rule = Rule::kVerify;
  };
  /// Merges a binding into the neighbour's entry; without one, it is created where the neighbour
  /// asks for this host (RFC 826, "Packet Reception"). False when nothing changes.
  bool heard(const Binding& binding, Instant now);
  /// To be called when the link has come up anew: marks the interface's entries to be resolved
  /// again before use.
  void doubt(InterfaceId interface);
  /// Retransmits ARP requests that are due, and gives up on neighbours that do not answer.
  void timers(Instant now);
  Instant next_deadline() const;

  /// A resolved link address, and until when it needs no verification.
  struct Known {
    MacAddress mac;
    std::uint32_t index;
    Instant until;
  };
  /// The link address of a hop; nothing where it is not resolved. A stale entry is verified
  /// meanwhile.
  std::optional<Known> find(const Hop& hop, Instant now);
  /// Marks an entry as used now, though it was found earlier.
  void touch(std::uint32_t index) {
    if (index != latest_) move_to_latest(index);
  }
  /// Queues a copy of an IP packet, given in pieces, until the neighbour is resolved, and starts
  /// resolution. False, and counted, when there is no room.
  bool enqueue(const Hop& hop, std::span<const std::span<const std::byte>> packet, Instant now);
  /// Per RFC 1122, 2.3.2.1 (3), takes advice from a higher layer that packets to this hop seem not
  /// to arrive: the entry is verified.
  void doubt(const Hop& hop, Instant now);
  /// Whether the hop's resolution has failed or is not finished.
  bool missing(const Hop& hop) const;
  /// Chunks held by packets that wait, counted by walking.
  std::uint64_t chunks_held() const;
  /// Entries there are, those that did not answer included, counted by walking.
  std::uint32_t count() const;

 private:
  enum class State : std::uint8_t {
    kFree,
    kIncomplete,  // being resolved by broadcast
    kReachable,   // resolved; stale, but usable, from `deadline` on
    kDelayed,     // resolved and stale, used for kFirstProbeDelay before it is verified
    kPolled,      // resolved and being verified by unicast: stale, or in doubt
    kSought,      // resolved, silent to unicast, being resolved by broadcast: any reply counts
    kFailed,      // did not answer
  };
  struct Neighbour {
    IpAddress address;
    Instant deadline;      // end of reachability, or time of the next request
    Instant doubts_until;  // the time to come that verifications have used up
    MacAddress mac;
    InterfaceId interface;
    State state;
    std::uint8_t asked;   // number of requests sent
    std::uint8_t queued;  // number of packets in the queue
    ByteQueue queue;      // each packet behind its length of 16 bits
    std::uint32_t chain;  // the next in the same hash chain, counted from one
    std::uint32_t used_next, used_previous;
    std::uint32_t asking_next, asking_previous;

    bool asking() const {
      return state == State::kIncomplete || state == State::kDelayed || state == State::kPolled ||
             state == State::kSought;
    }
    bool known() const {
      return state == State::kReachable || (asking() && state != State::kIncomplete);
    }
  };

  std::uint32_t bucket(InterfaceId interface, const IpAddress& address) const;
  /// The index of an entry; kNone when there is none.
  std::uint32_t lookup(InterfaceId interface, const IpAddress& address) const;
  std::uint32_t create(InterfaceId interface, const IpAddress& address);
  std::uint32_t create_heard(InterfaceId interface, const IpAddress& address);
  std::uint32_t evict_oldest();
  void move_to_latest(std::uint32_t index);

  bool merge(std::uint32_t index, const Binding& binding, Instant now);
  bool doubt(std::uint32_t index, Instant now);
  bool merge_override(std::uint32_t index, const Binding& binding, Instant now);
  void found(std::uint32_t index, const MacAddress& mac, bool confirmed, Instant now);
  void begin_asking(std::uint32_t index, State state, Instant now);
  /// Starts or continues resolution of an entry that is in no list of entries being resolved.
  void ask(std::uint32_t index, State state, Instant now);
  static State next_state(const Neighbour& neighbour);
  void stop_asking(std::uint32_t index, State state);
  void fail(std::uint32_t index);
  bool make_room(std::uint32_t index, std::uint32_t chunks);
  void send_queue(Neighbour& neighbour, Instant now);
  bool send_first(Neighbour& neighbour, Instant now);
  void forget_first(Neighbour& neighbour);
  void drop_queue(Neighbour& neighbour);

  struct FamilyParts {
    AddressResolution* resolution = nullptr;
    std::uint16_t ether_type = 0;
  };
  const FamilyParts& family(const Neighbour& neighbour) const {
    return families_[static_cast<std::size_t>(family_of(neighbour.address))];
  }

  std::span<Neighbour> table_;
  std::span<std::uint32_t> heads_;  // heads of hash chains, counted from one
  PacketOut::Pieces parts_;         // of the queued packet that is being sent
  const Settings& settings_;
  Counters& counters_;
  ChunkPool& chunks_;
  Interfaces& interfaces_;
  std::array<FamilyParts, kFamilies> families_{};
  SipKey key_;
  std::uint32_t fresh_ = 0;       // records from here on were never used
  std::uint32_t latest_ = kNone;  // the entry used last, which is most often the next one used
  IndexList<Neighbour, &Neighbour::used_next, &Neighbour::used_previous>
      used_;  // least recently used first
  // In each list all entries are asked at the same intervals, so the order of asking is the order
  // of the deadlines.
  using Asked = IndexList<Neighbour, &Neighbour::asking_next, &Neighbour::asking_previous>;
  Asked& list_of(const Neighbour& neighbour) {
    if (neighbour.state == State::kDelayed) return delayed_;
    return neighbour.state == State::kPolled && neighbour.address.is_v4() ? polled_ : asking_;
  }
  Asked delayed_, polled_, asking_;
};

}  // namespace conker
