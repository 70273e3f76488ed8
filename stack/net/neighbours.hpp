// The neighbours: who has which link address, asked and told by ARP (RFC 826; RFC 1122, 2.3.2).
#pragma once

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
#include "stack/settings.hpp"
#include "stack/wire/arp.hpp"

namespace conker {

/// A neighbour is asked for by broadcast, every neighbour_retry, neighbour_tries times; meanwhile
/// packets to it wait. Once known it is used for neighbour_reachable, and after that still, while
/// it is asked again: by unicast once and, where no answer comes within kPollWait, by broadcast.
/// The same is done at once when another link address is named for it (a request, an announcement,
/// an answer), and when TCP makes no progress towards it. So an address that moves to another host
/// is followed within kPollWait, with its announcement or without; as long as its owner answers, no
/// word of others overwrites it, and claims bring one question in neighbour_retry in the long run.
class Neighbours {
 public:
  /// Packets that may wait for one neighbour; beyond it the oldest is dropped.
  static constexpr std::uint8_t kQueuedPackets = 64;
  /// Doubts about one neighbour that are heard in a row; each takes a neighbour_retry of the long
  /// run.
  static constexpr int kDoubtsAtOnce = 2;
  /// How long a neighbour that is known may take to answer by unicast.
  static constexpr Duration kPollWait = 500ms;

  Neighbours(Arena& arena, const Capacities& capacities, const Settings& settings,
             const Entropy& entropy, Counters& counters, ChunkPool& chunks, Interfaces& interfaces);

  /// An ARP packet that came in.
  void input(InterfaceId interface, const ArpPacket& packet, Instant now);
  /// The link has come up anew: who was known there has to be found again before it is spoken to.
  void doubt(InterfaceId interface);
  /// Asks again, gives up.
  void timers(Instant now);
  Instant next_deadline() const;

  /// A link address that is known, and until when it need not be looked at again.
  struct Known {
    MacAddress mac;
    std::uint32_t index;
    Instant until;
  };
  /// Asks again when it has been known for long.
  std::optional<Known> find(const Hop& hop, Instant now);
  /// It is used now, though it was found earlier.
  void touch(std::uint32_t index) {
    if (index != latest_) move_to_latest(index);
  }
  /// Keeps a copy of an IP packet, given in pieces, until the neighbour is found; asks for it.
  /// False, and counted, when there is no room.
  bool enqueue(const Hop& hop, std::span<const std::span<const std::byte>> packet, Instant now);
  /// What was sent there has not arrived, as it seems (RFC 1122, 2.3.2.1 (3): advice of a higher
  /// layer): the neighbour is asked whether it is still where it was.
  void doubt(const Hop& hop, Instant now);
  /// Whether it has been asked for and has not answered, yet or at all.
  bool missing(const Hop& hop) const;
  /// Chunks held by what waits; walked.
  std::uint64_t chunks_held() const;

 private:
  enum class State : std::uint8_t {
    kFree,
    kIncomplete,  // asked for by broadcast
    kReachable,   // known; stale, but good for use, from `deadline` on
    kPolled,      // known and asked again by unicast: stale, or in doubt
    kSought,      // known, has not answered, and is asked for by broadcast: whoever answers has the
                  // address
    kFailed,      // did not answer
  };
  struct Neighbour {
    IpAddress address;
    Instant deadline;      // until when it is reachable; when to ask again
    Instant doubts_until;  // so much of the time to come has been taken by doubts
    MacAddress mac;
    InterfaceId interface;
    State state;
    std::uint8_t asked;   // how often
    std::uint8_t queued;  // packets in the queue
    ByteQueue queue;      // each packet with its length, 16 bits, in front
    std::uint32_t chain;  // the next of the same hash, counted from one
    std::uint32_t used_next, used_previous;
    std::uint32_t asking_next, asking_previous;

    bool asking() const {
      return state == State::kIncomplete || state == State::kPolled || state == State::kSought;
    }
    bool known() const {
      return state == State::kReachable || (asking() && state != State::kIncomplete);
    }
  };

  std::uint32_t bucket(InterfaceId interface, const IpAddress& address) const;
  /// kNone when there is none.
  std::uint32_t lookup(InterfaceId interface, const IpAddress& address) const;
  std::uint32_t create(InterfaceId interface, const IpAddress& address);
  std::uint32_t create_heard(InterfaceId interface, const IpAddress& address);
  std::uint32_t evict_oldest();
  void move_to_latest(std::uint32_t index);

  bool merge(std::uint32_t index, const ArpPacket& packet, Instant now);
  bool doubt(std::uint32_t index, Instant now);
  void found(std::uint32_t index, const MacAddress& mac, Instant now);
  void begin_asking(std::uint32_t index, State state, Instant now);
  /// One that is in no list of those that are asked.
  void ask(std::uint32_t index, State state, Instant now);
  void stop_asking(std::uint32_t index, State state);
  void fail(std::uint32_t index);
  bool make_room(std::uint32_t index, std::uint32_t chunks);
  void send_queue(Neighbour& neighbour, Instant now);
  bool send_first(Neighbour& neighbour, Instant now);
  void forget_first(Neighbour& neighbour);
  void drop_queue(Neighbour& neighbour);

  std::span<Neighbour> table_;
  std::span<std::uint32_t> heads_;  // hash chains, counted from one
  PacketOut::Pieces parts_;         // of the packet that has waited and is being sent
  const Settings& settings_;
  Counters& counters_;
  ChunkPool& chunks_;
  Interfaces& interfaces_;
  SipKey key_;
  std::uint32_t fresh_ = 0;       // records from here on were never used
  std::uint32_t latest_ = kNone;  // the one used last, which is most often the one used next
  IndexList<Neighbour, &Neighbour::used_next, &Neighbour::used_previous>
      used_;  // the one unused longest first
  // In each list all are asked at the same intervals, so the order of asking is the order of the
  // deadlines.
  using Asked = IndexList<Neighbour, &Neighbour::asking_next, &Neighbour::asking_previous>;
  Asked& list_of(State state) { return state == State::kPolled ? polled_ : asking_; }
  Asked polled_, asking_;
};

}  // namespace conker
