#include "stack/net/neighbours.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker {
namespace {

// The most bytes that the first part of a frame holds behind its Ethernet header.
constexpr std::uint32_t kHeadersInFront =
    PacketOut::kHeadroom + PacketOut::kTransportMax - kEthernetHeader;
constexpr std::uint32_t kUsualMtu = 1500;

}  // namespace

Neighbours::Neighbours(Arena& arena, const Capacities& capacities, const Settings& settings,
                       const Entropy& entropy, Counters& counters, ChunkPool& chunks,
                       Interfaces& interfaces)
    : table_(arena.take<Neighbour>(capacities.neighbours)),
      heads_(arena.take<std::uint32_t>(std::bit_ceil(std::size_t{capacities.neighbours} + 1))),
      // Enough pieces for a packet of the usual size that begins anywhere in a chunk, and for
      // whatever else may be sent in pieces.
      parts_(arena.take<std::span<const std::byte>>(
          std::max(capacities.pieces, kUsualMtu / capacities.chunk_bytes + 3))),
      settings_(settings),
      counters_(counters),
      chunks_(chunks),
      interfaces_(interfaces),
      key_{entropy.words[6], entropy.words[7]} {
  chunks_.open(Use::kNeighbours);
}

// ---- The cache ----

std::uint32_t Neighbours::bucket(InterfaceId interface, const IpAddress& address) const {
  const auto [high, low] = address.halves();
  const std::array<std::uint64_t, 3> message{high, low, interface.index};
  return static_cast<std::uint32_t>(siphash13(key_, message) & (heads_.size() - 1));
}

std::uint32_t Neighbours::lookup(InterfaceId interface, const IpAddress& address) const {
  const auto same = [&](std::uint32_t index) {
    return table_[index].address == address && table_[index].interface == interface;
  };
  if (latest_ != kNone && same(latest_)) return latest_;
  for (std::uint32_t at = heads_[bucket(interface, address)]; at != 0; at = table_[at - 1].chain) {
    if (same(at - 1)) return at - 1;
  }
  return kNone;
}

std::uint32_t Neighbours::create(InterfaceId interface, const IpAddress& address) {
  const std::uint32_t index = fresh_ < table_.size() ? fresh_++ : evict_oldest();
  if (index == kNone) return kNone;
  Neighbour& neighbour = table_[index];
  neighbour = Neighbour{};
  neighbour.address = address;
  neighbour.interface = interface;
  std::uint32_t& head = heads_[bucket(interface, address)];
  neighbour.chain = head;
  head = index + 1;
  used_.push(table_, index);
  latest_ = index;
  return index;
}

// Creates an entry from a received request. Until a packet is sent to it, it is the first to be
// evicted, so that a flood of forged requests displaces at most one neighbour in use.
std::uint32_t Neighbours::create_heard(InterfaceId interface, const IpAddress& address) {
  const std::uint32_t index = create(interface, address);
  if (index == kNone) return kNone;
  used_.remove(table_, index);
  used_.push_front(table_, index);
  latest_ = kNone;
  return index;
}

std::uint32_t Neighbours::evict_oldest() {
  const std::uint32_t index = used_.head();
  if (index == kNone) return kNone;
  Neighbour& neighbour = table_[index];
  stop_asking(index, State::kFree);
  drop_queue(neighbour);
  std::uint32_t* link = &heads_[bucket(neighbour.interface, neighbour.address)];
  while (*link != index + 1) link = &table_[*link - 1].chain;
  *link = neighbour.chain;
  used_.remove(table_, index);
  if (latest_ == index) latest_ = kNone;
  interfaces_.outdate_destinations();
  counters_.add(Count::neighbours_evicted);
  return index;
}

void Neighbours::move_to_latest(std::uint32_t index) {
  used_.remove(table_, index);
  used_.push(table_, index);
  latest_ = index;
}

// ---- Resolution ----

bool Neighbours::heard(const Binding& binding, Instant now) {
  std::uint32_t index = lookup(binding.interface, binding.address);
  if (index == kNone && binding.asks_for_us)
    index = create_heard(binding.interface, binding.address);
  return index != kNone && merge(index, binding, now);
}

// Merges a binding into an entry; false when nothing changes. A resolved link address is replaced
// only when its owner does not answer: ARP cannot distinguish an announcement (RFC 5227, 3; RFC
// 5798, 8.2.1) from a forgery, but the owner answers for itself.
bool Neighbours::merge(std::uint32_t index, const Binding& binding, Instant now) {
  if (binding.rule != Binding::Rule::kVerify) return merge_override(index, binding, now);
  Neighbour& neighbour = table_[index];
  const bool same = neighbour.mac == binding.mac;
  switch (neighbour.state) {
    case State::kFree:
    case State::kIncomplete:
    case State::kFailed:
    case State::kSought:
      found(index, binding.mac, true, now);
      return true;
    case State::kDelayed:
    case State::kPolled:
      if (same) found(index, binding.mac, true, now);
      return same;
    case State::kReachable:
      if (!same) return doubt(index, now);
      // The sender of a request for one of the host's addresses will be sent to soon, and has just
      // given its link address.
      if (binding.asks_for_us) found(index, binding.mac, true, now);
      return false;
  }
  return false;
}

// Merges what neighbour discovery says (RFC 4861, 7.2.3, 7.2.5 and appendix C); false when nothing
// changes.
bool Neighbours::merge_override(std::uint32_t index, const Binding& binding, Instant now) {
  Neighbour& neighbour = table_[index];
  const bool told = binding.mac != MacAddress();  // the option for it may be left out
  if (!neighbour.known()) {
    if (!told) return false;
    found(index, binding.mac, binding.confirms && neighbour.asked != 0, now);
    return true;
  }
  const bool same = !told || neighbour.mac == binding.mac;
  if (!same && binding.rule == Binding::Rule::kKeep) {
    if (neighbour.state != State::kReachable) return false;
    neighbour.deadline = std::min(neighbour.deadline, now);
    interfaces_.outdate_destinations();
    return true;
  }
  if (!same || binding.confirms) {
    found(index, told ? binding.mac : neighbour.mac, binding.confirms, now);
    return true;
  }
  return false;
}

// Grants a verification of an entry. Per RFC 1122, 2.3.2.1, a destination is asked for at most once
// a second in the long run, however often its address is claimed. kDoubtsAtOnce are granted without
// a pause, because the address may move away from a host that has just answered.
bool Neighbours::doubt(std::uint32_t index, Instant now) {
  Neighbour& neighbour = table_[index];
  if (neighbour.state != State::kReachable) return false;
  if (neighbour.doubts_until > now + (kDoubtsAtOnce - 1) * settings_.neighbour_retry) return false;
  neighbour.doubts_until = std::max(neighbour.doubts_until, now) + settings_.neighbour_retry;
  counters_.add(Count::neighbours_doubted);
  begin_asking(index, State::kPolled, now);
  return true;
}

void Neighbours::doubt(const Hop& hop, Instant now) {
  const std::uint32_t index = lookup(hop.interface, hop.next);
  if (index != kNone) doubt(index, now);
}

// Enters a link-layer address. Without confirmation that packets arrive it is stale at once.
void Neighbours::found(std::uint32_t index, const MacAddress& mac, bool confirmed, Instant now) {
  Neighbour& neighbour = table_[index];
  if (!neighbour.known()) counters_.add(Count::neighbours_resolved);
  stop_asking(index, State::kReachable);
  if (neighbour.mac != mac) interfaces_.outdate_destinations();
  neighbour.mac = mac;
  neighbour.deadline = confirmed ? now + settings_.neighbour_reachable : now;
  send_queue(neighbour, now);
}

void Neighbours::begin_asking(std::uint32_t index, State state, Instant now) {
  table_[index].asked = 0;
  ask(index, state, now);
}

void Neighbours::ask(std::uint32_t index, State state, Instant now) {
  Neighbour& neighbour = table_[index];
  neighbour.state = state;
  const bool unicast = state == State::kPolled;
  list_of(neighbour).push(table_, index);
  if (state == State::kDelayed) {
    neighbour.deadline = now + kFirstProbeDelay;
    return;
  }
  const bool poll = unicast && neighbour.address.is_v4();
  neighbour.deadline = now + (poll ? kPollWait : settings_.neighbour_retry);
  ++neighbour.asked;

  family(neighbour).resolution->request(neighbour.interface, neighbour.address,
                                        unicast ? &neighbour.mac : nullptr, now);
}

void Neighbours::stop_asking(std::uint32_t index, State state) {
  if (table_[index].asking()) list_of(table_[index]).remove(table_, index);
  table_[index].state = state;
}

void Neighbours::fail(std::uint32_t index) {
  counters_.add(Count::neighbours_failed);
  stop_asking(index, State::kFailed);
  interfaces_.outdate_destinations();
  drop_queue(table_[index]);
}

void Neighbours::doubt(InterfaceId interface) {
  for (std::uint32_t i = 0; i < fresh_; ++i) {
    if (table_[i].interface == interface && table_[i].known()) stop_asking(i, State::kFailed);
  }
  interfaces_.outdate_destinations();
}

// How an entry that was not answered is asked next. Per RFC 1122, 2.3.2.1 (4), a neighbour that
// does not answer a unicast poll of ARP is looked for by broadcast; another host may have its
// address. Neighbour discovery goes on polling (RFC 4861, 7.3.3) until the entry fails: the next
// packet resolves it anew.
Neighbours::State Neighbours::next_state(const Neighbour& neighbour) {
  if (neighbour.state == State::kDelayed) return State::kPolled;
  const bool polled = neighbour.state == State::kPolled;
  return polled && neighbour.address.is_v4() ? State::kSought : neighbour.state;
}

void Neighbours::timers(Instant now) {
  for (Asked* list : {&delayed_, &polled_, &asking_}) {
    while (!list->empty() && table_[list->head()].deadline <= now) {
      const std::uint32_t index = list->head();
      Neighbour& neighbour = table_[index];
      if (neighbour.asked >= settings_.neighbour_tries) {
        fail(index);
      } else {
        list->remove(table_, index);
        ask(index, next_state(neighbour), now);
      }
    }
  }
}

Instant Neighbours::next_deadline() const {
  const auto first = [this](const Asked& list) {
    return list.empty() ? kNever : table_[list.head()].deadline;
  };
  return std::min({first(delayed_), first(polled_), first(asking_)});
}

// ---- Sending ----

std::optional<Neighbours::Known> Neighbours::find(const Hop& hop, Instant now) {
  const std::uint32_t index = lookup(hop.interface, hop.next);
  if (index == kNone || !table_[index].known()) return std::nullopt;
  touch(index);
  const Neighbour& neighbour = table_[index];
  if (neighbour.state == State::kReachable && neighbour.deadline <= now) {
    begin_asking(index, neighbour.address.is_v4() ? State::kPolled : State::kDelayed, now);
  }
  const bool fresh = neighbour.state == State::kReachable || neighbour.state == State::kDelayed;
  return Known{neighbour.mac, index, fresh ? neighbour.deadline : now};
}

bool Neighbours::enqueue(const Hop& hop, std::span<const std::span<const std::byte>> packet,
                         Instant now) {
  std::uint32_t index = lookup(hop.interface, hop.next);
  if (index == kNone) index = create(hop.interface, hop.next);
  if (index == kNone) {
    counters_.add(Count::drop_neighbour_queue);
    return false;
  }
  touch(index);
  Neighbour& neighbour = table_[index];
  if (!neighbour.asking()) begin_asking(index, State::kIncomplete, now);

  std::size_t length = 0;
  for (const auto piece : packet) length += piece.size();
  if (neighbour.queued == kQueuedPackets) {
    forget_first(neighbour);
    counters_.add(Count::drop_neighbour_queue);
  }
  const std::uint32_t chunks = chunks_.chunks_for(length + 2);
  if (!make_room(index, chunks)) {
    counters_.add(Count::drop_neighbour_queue);
    return false;
  }
  std::array<std::byte, 2> prefix;
  put16(prefix, 0, static_cast<std::uint16_t>(length));
  neighbour.queue.append(chunks_, prefix, Use::kNeighbours, Claim::kFirst);
  for (const auto piece : packet)
    neighbour.queue.append(chunks_, piece, Use::kNeighbours, Claim::kFirst);
  ++neighbour.queued;
  return true;
}

// Whether `chunks` can be taken for neighbour `index`, if need be after dropping the packets that
// waited longest for other neighbours, and then those for this one (RFC 1122, 2.3.2.2: the latest
// packet is the one to save).
bool Neighbours::make_room(std::uint32_t index, std::uint32_t chunks) {
  if (chunks > chunks_.ceiling(Use::kNeighbours)) return false;
  const auto drop_first = [this](Neighbour& neighbour) {
    forget_first(neighbour);
    counters_.add(Count::drop_neighbour_queue);
  };
  std::uint32_t oldest = asking_.head();
  while (chunks_.available(Use::kNeighbours) < chunks) {
    while (oldest != kNone && (oldest == index || table_[oldest].queued == 0)) {
      oldest = table_[oldest].asking_next;
    }
    const std::uint32_t victim = oldest != kNone ? oldest : index;
    if (table_[victim].queued == 0) return false;
    drop_first(table_[victim]);
  }
  return true;
}

void Neighbours::send_queue(Neighbour& neighbour, Instant now) {
  while (neighbour.queued > 0) {
    if (!send_first(neighbour, now)) counters_.add(Count::drop_neighbour_queue);
    forget_first(neighbour);
  }
}

// Sends the first queued packet. False when the link is busy, or when a packet above the usual size
// lies in too many chunks.
bool Neighbours::send_first(Neighbour& neighbour, Instant now) {
  // The first part may have the length of all headers. The queue's length prefix lands where the
  // Ethernet header ends, so that the packet follows that header.
  constexpr std::size_t kPrefixAt = kEthernetHeader - 2;
  std::array<std::byte, kEthernetHeader + kHeadersInFront> front;
  neighbour.queue.copy(chunks_, std::span(front).subspan(kPrefixAt));
  const std::uint32_t length = get16(front, kPrefixAt);
  const std::uint32_t in_front = std::min<std::uint32_t>(length, kHeadersInFront);
  emit_ethernet(
      {neighbour.mac, interfaces_.mac(neighbour.interface), family(neighbour).ether_type, {}},
      front);

  parts_[0] = std::span(front).first(kEthernetHeader + in_front);
  std::uint32_t rest = length - in_front;
  const std::uint32_t pieces =
      neighbour.queue.gather(chunks_, 2 + in_front, rest, parts_.subspan(1));
  if (rest != length - in_front) return false;
  if (!interfaces_.send(neighbour.interface, FrameOut{parts_.first(1 + pieces)}, now)) return false;
  // The link must send the frames before their chunks are given back.
  if (pieces > 0) interfaces_.flush(neighbour.interface, now);
  return true;
}

void Neighbours::forget_first(Neighbour& neighbour) {
  std::array<std::byte, 2> prefix;
  neighbour.queue.copy(chunks_, prefix);
  neighbour.queue.consume(chunks_, 2u + get16(prefix, 0));
  --neighbour.queued;
}

void Neighbours::drop_queue(Neighbour& neighbour) {
  counters_.add(Count::drop_neighbour_queue, neighbour.queued);
  while (neighbour.queued > 0) forget_first(neighbour);
}

bool Neighbours::missing(const Hop& hop) const {
  const std::uint32_t index = lookup(hop.interface, hop.next);
  return index != kNone && !table_[index].known();
}

std::uint64_t Neighbours::chunks_held() const {
  std::uint64_t held = 0;
  for (const Neighbour& neighbour : table_.first(fresh_)) held += neighbour.queue.chunks(chunks_);
  return held;
}

std::uint32_t Neighbours::count() const {
  std::uint32_t used = 0;
  for (const Neighbour& neighbour : table_.first(fresh_))
    used += neighbour.state != State::kFree ? 1 : 0;
  return used;
}

}  // namespace conker
