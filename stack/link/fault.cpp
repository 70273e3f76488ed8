#include "stack/link/fault.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6_chain.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {

// The record of a held frame; the frame's bytes follow it.
struct FaultLink::Slot {
  Instant release{};
  std::uint32_t next = kNone;  // in the list that holds it
  std::uint32_t length = 0;
  ChecksumState checksum = ChecksumState::kUnknown;
};

namespace {

constexpr Duration kReorderWait = 10ms;
constexpr Duration kBusyWait = 1ms;
// The longest headers: links may treat the first part of a frame as headers, and need no more.
constexpr std::size_t kHeadersMax = kEthernetHeader + 40 + 60;

// The counter of each FrameFate but kPassed.
constexpr std::array<std::uint64_t FaultCounters::*, 7> kCounterOf{
    nullptr,
    &FaultCounters::lost,
    &FaultCounters::duplicated,
    &FaultCounters::reordered,
    &FaultCounters::corrupted,
    &FaultCounters::delayed,
    &FaultCounters::no_room,
};

constexpr std::size_t stride(std::size_t slot_bytes, std::uint32_t frame_bytes) {
  return slot_bytes + (std::size_t{frame_bytes} + 7) / 8 * 8;
}

// Completes a partial checksum: a local sender left only the pseudo-header's sum in the field.
void complete_partial_checksum(std::span<std::byte> frame) {
  std::uint8_t protocol = 0;
  std::span<const std::byte> payload;
  const auto packet = frame.subspan(kEthernetHeader);
  if (const auto v4 = parse_ipv4(packet); v4 && !v4->is_fragment()) {
    protocol = v4->protocol;
    payload = v4->payload;
  } else if (const auto v6 = parse_ipv6(packet)) {
    const Ipv6Chain chain = walk_ipv6(*v6);
    if (chain.problem || chain.fragment) return;
    protocol = chain.next_header;
    payload = chain.payload;
  }
  const std::size_t field = protocol == kProtocolTcp     ? 16
                            : protocol == kProtocolUdp   ? 6
                            : protocol == kProtocolIcmp6 ? 2
                                                         : payload.size();
  if (field + 2 > payload.size()) return;
  Checksum sum;
  sum.add(payload);
  put16(frame, static_cast<std::size_t>(payload.data() - frame.data()) + field, sum.finish());
}

class InTwoParts {
 public:
  explicit InTwoParts(std::span<const std::byte> bytes) {
    const std::size_t front = std::min(bytes.size(), kHeadersMax);
    parts_ = {bytes.first(front), bytes.subspan(front)};
  }
  FrameOut frame() const { return {std::span(parts_).first(parts_[1].empty() ? 1 : 2)}; }

 private:
  std::array<std::span<const std::byte>, 2> parts_;
};

// Where the bytes begin that a checksum covers; nothing where none does. A flipped bit in ARP would
// not be detected and would mislead a neighbour for a minute, which no corruption on a real wire
// can do. The header of IPv6 is covered from its addresses on, by the pseudo-header.
std::optional<std::size_t> checked_from(std::span<const std::byte> front) {
  constexpr std::size_t kAddresses = 8;
  const auto ethernet = parse_ethernet(front);
  if (!ethernet) return std::nullopt;
  const bool v6 = ethernet->type == kEtherTypeIpv6;
  if (!v6 && ethernet->type != kEtherTypeIpv4) return std::nullopt;
  if (ethernet->payload.size() < (v6 ? kIpv6Header : 1)) return std::nullopt;
  return v6 ? kEthernetHeader + kAddresses : kEthernetHeader;
}

}  // namespace

// ---- Slots ----

std::size_t FaultLink::storage_bytes(std::uint32_t slots, std::uint32_t frame_bytes) {
  return slots * stride(sizeof(Slot), frame_bytes);
}

FaultLink::FaultLink(Link& below, std::span<std::byte> storage, std::uint32_t frame_bytes)
    : below_(below),
      storage_(storage),
      frame_bytes_(frame_bytes),
      slots_(static_cast<std::uint32_t>(storage.size() / stride(sizeof(Slot), frame_bytes))) {
  set(FaultSettings{});
}

FaultLink::Slot& FaultLink::slot(std::uint32_t index) const {
  return *reinterpret_cast<Slot*>(storage_.data() + index * stride(sizeof(Slot), frame_bytes_));
}

std::span<std::byte> FaultLink::bytes(std::uint32_t index) const {
  const std::size_t at = index * stride(sizeof(Slot), frame_bytes_) + sizeof(Slot);
  return storage_.subspan(at, slot(index).length);
}

std::uint32_t FaultLink::hold(const Lane& lane, Parts frame, ChecksumState checksum, Instant now) {
  std::size_t length = 0;
  for (const auto part : frame) length += part.size();
  if ((free_ == kNone && fresh_ == slots_) || length > frame_bytes_) {
    report(FrameFate::kNoRoom, lane, frame, checksum, now);
    return kNone;
  }
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = slot(index).next;
  } else {
    index = fresh_++;
    new (&slot(index)) Slot;
  }
  slot(index).length = static_cast<std::uint32_t>(length);
  slot(index).checksum = checksum;
  std::byte* at = bytes(index).data();
  for (const auto part : frame) at = std::copy(part.begin(), part.end(), at);
  return index;
}

// ---- Random decisions ----

void FaultLink::set(const FaultSettings& settings) {
  settings_ = settings;
  decided_ = false;
  below_.coalesce(coalescing_ && !settings.any());
  // Each direction has a random sequence of its own, so that faults of one do not depend on the
  // other.
  in_.random = settings.seed;
  out_.random = ~settings.seed;
}

// SplitMix64 (Steele, Lea and Flood, 2014).
std::uint64_t FaultLink::draw(Lane& lane) {
  std::uint64_t z = lane.random += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

bool FaultLink::happens(Lane& lane, std::uint32_t millionths) {
  return millionths != 0 && ((draw(lane) >> 32) * 1'000'000 >> 32) < millionths;
}

FaultLink::Fate FaultLink::decide(Lane& lane, std::span<const std::byte> front) {
  Fate fate;
  fate.lost = happens(lane, settings_.loss);
  if (fate.lost) return fate;
  fate.corrupted = checked_from(front) && happens(lane, settings_.corrupt);
  fate.duplicated = happens(lane, settings_.duplicate);
  // While one frame waits to be overtaken, the next one overtakes it.
  fate.reordered = happens(lane, settings_.reorder) && lane.overtaken == kNone;
  return fate;
}

void FaultLink::report(FrameFate fate, const Lane& lane, Parts frame, ChecksumState checksum,
                       Instant now) {
  ++(counters_.*kCounterOf[static_cast<std::size_t>(fate)]);
  observers_.tell({frame, &lane == &in_ ? Direction::kIn : Direction::kOut, checksum, fate}, now);
}

std::uint32_t FaultLink::corrupted_copy(Lane& lane, Parts frame, ChecksumState checksum,
                                        Instant now) {
  const std::uint32_t index = hold(lane, frame, ChecksumState::kUnknown, now);
  if (index == kNone) return kNone;
  if (checksum == ChecksumState::kPartial) complete_partial_checksum(bytes(index));
  const std::size_t from = checked_from(bytes(index)).value_or(kEthernetHeader);
  const std::size_t bits = (bytes(index).size() - from) * 8;
  const std::size_t bit = from * 8 + static_cast<std::size_t>((draw(lane) >> 32) * bits >> 32);
  bytes(index)[bit / 8] ^= std::byte{1} << bit % 8;
  slot(index).next = lane.given;
  lane.given = index;
  report(FrameFate::kCorrupted, lane, frame, checksum, now);
  return index;
}

// ---- Queues ----

void FaultLink::wait(Lane& lane, std::uint32_t index, Instant release) {
  slot(index).release = release;
  // Nearly always the last place is right; only after the delay was shortened is it not.
  const bool last = lane.waiting == kNone || slot(lane.last).release <= release;
  std::uint32_t* link = last && lane.waiting != kNone ? &slot(lane.last).next : &lane.waiting;
  while (!last && slot(*link).release <= release) link = &slot(*link).next;
  slot(index).next = last ? kNone : *link;
  *link = index;
  if (last) lane.last = index;
}

void FaultLink::postpone(Lane& lane, Parts frame, ChecksumState checksum, bool reordered,
                         Instant now) {
  const std::uint32_t index = hold(lane, frame, checksum, now);
  if (index == kNone) return;
  const Instant release = now + settings_.delay;
  if (reordered) {
    lane.overtaken = index;
    slot(index).release = release + kReorderWait;
    report(FrameFate::kReordered, lane, frame, checksum, now);
  } else {
    wait(lane, index, release);
    let_overtaken_go(lane, release);
  }
}

void FaultLink::let_overtaken_go(Lane& lane, Instant release) {
  if (lane.overtaken == kNone) return;
  wait(lane, lane.overtaken, release);
  lane.overtaken = kNone;
}

bool FaultLink::due(Lane& lane, Instant now) {
  if (lane.overtaken != kNone && slot(lane.overtaken).release <= now) {
    let_overtaken_go(lane, slot(lane.overtaken).release);
  }
  return lane.waiting != kNone && slot(lane.waiting).release <= now;
}

Instant FaultLink::next_release(const Lane& lane) const {
  Instant next = kNever;
  if (lane.waiting != kNone) next = slot(lane.waiting).release;
  if (lane.overtaken != kNone) next = std::min(next, slot(lane.overtaken).release);
  return next;
}

std::uint32_t FaultLink::give_first(Lane& lane) {
  const std::uint32_t index = lane.waiting;
  lane.waiting = slot(index).next;
  slot(index).next = lane.given;
  lane.given = index;
  return index;
}

void FaultLink::free_given(Lane& lane) {
  while (lane.given != kNone) {
    const std::uint32_t index = lane.given;
    lane.given = slot(index).next;
    slot(index).next = free_;
    free_ = index;
  }
}

// ---- Received frames ----

std::size_t FaultLink::receive(std::span<FrameIn> batch, Instant now) {
  free_given(in_);
  if (!settings_.any() && next_release(in_) == kNever) return below_.receive(batch, now);

  std::size_t count = give_due(batch, 0, now);
  // The next call below ends the life of frames delivered before, so it is made only while there
  // are none: a batch that was lost as a whole does not mean that no more frames have arrived.
  for (bool more = count < batch.size(); more;) {
    const std::size_t end = count + below_.receive(batch.subspan(count), now);
    more = end > count;
    for (std::size_t at = count; at < end; ++at) {
      FrameIn frame = batch[at];
      const Parts parts(&frame.bytes, 1);
      const Fate fate = decide(in_, frame.bytes);
      if (fate.lost) {
        report(FrameFate::kLost, in_, parts, frame.checksum, now);
        continue;
      }
      if (fate.corrupted) {
        const std::uint32_t copy = corrupted_copy(in_, parts, frame.checksum, now);
        if (copy == kNone) continue;
        frame = FrameIn{bytes(copy), ChecksumState::kUnknown};
      }
      if (settings_.delay.count() > 0 || fate.reordered) {
        if (settings_.delay.count() > 0)
          report(FrameFate::kDelayed, in_, parts, frame.checksum, now);
        postpone(in_, parts, frame.checksum, fate.reordered, now);
      } else {
        batch[count++] = frame;
        // Frames removed from this batch have left room in it.
        if (in_.overtaken != kNone) {
          let_overtaken_go(in_, now);
          count = give_due(batch.first(at + 1), count, now);
        }
      }
      if (fate.duplicated) {
        report(FrameFate::kDuplicated, in_, parts, frame.checksum, now);
        postpone(in_, parts, frame.checksum, false, now);
      }
    }
    more = more && count == 0;
  }
  return count;
}

std::size_t FaultLink::give_due(std::span<FrameIn> batch, std::size_t count, Instant now) {
  for (; count < batch.size() && due(in_, now); ++count) {
    const std::uint32_t index = give_first(in_);
    batch[count] = FrameIn{bytes(index), slot(index).checksum};
  }
  return count;
}

// ---- Sent frames ----

bool FaultLink::send(const FrameOut& frame, Instant now) {
  if (!settings_.any()) return below_.send(frame, now);

  const Fate fate = decided_ ? Fate{} : decide(out_, frame.parts[0]);
  Parts parts = frame.parts;
  constexpr ChecksumState kChecksum = ChecksumState::kUnknown;
  if (fate.lost) {
    report(FrameFate::kLost, out_, parts, kChecksum, now);
    return true;
  }
  InTwoParts corrupted({});
  if (fate.corrupted) {
    const std::uint32_t copy = corrupted_copy(out_, parts, kChecksum, now);
    if (copy == kNone) return true;
    corrupted = InTwoParts(bytes(copy));
    parts = corrupted.frame().parts;
  }
  if (settings_.delay.count() > 0 || fate.reordered) {
    if (settings_.delay.count() > 0) report(FrameFate::kDelayed, out_, parts, kChecksum, now);
    postpone(out_, parts, kChecksum, fate.reordered, now);
  } else {
    decided_ = !below_.send(FrameOut{parts}, now);
    if (decided_) return false;
    if (out_.overtaken != kNone) {
      let_overtaken_go(out_, now);
      send_due(now);
    }
  }
  if (fate.duplicated) {
    report(FrameFate::kDuplicated, out_, parts, kChecksum, now);
    postpone(out_, parts, kChecksum, false, now);
  }
  return true;
}

void FaultLink::send_due(Instant now) {
  if (now < retry_at_) return;
  while (due(out_, now)) {
    if (!below_.send(InTwoParts(bytes(out_.waiting)).frame(), now)) {
      retry_at_ = now + kBusyWait;
      return;
    }
    give_first(out_);
  }
}

void FaultLink::flush(Instant now) {
  send_due(now);
  below_.flush(now);
  free_given(out_);
}

void FaultLink::coalesce(bool wanted) {
  coalescing_ = wanted;
  below_.coalesce(wanted && !settings_.any());
}

Instant FaultLink::next_deadline() const {
  return std::min(
      {below_.next_deadline(), next_release(in_), std::max(next_release(out_), retry_at_)});
}

}  // namespace conker
