// Target: IPv4 reassembly alone. Steps say which fragment of which packet comes, and when.
#include "stack/net/reassembly.hpp"

#include <array>
#include <cstring>
#include <vector>

#include "stack/base/arena.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ipv4.hpp"
#include "tests/fuzz/records.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return conker::fuzz::mutate_records(data, size, most, seed, 1);
}

namespace conker::fuzz {
namespace {

constexpr std::uint32_t kChunks = 64, kChunkBytes = 128, kDatagrams = 4, kMostHeld = 24;
constexpr std::size_t kWhole = 4096;

/// Byte `at` of packet `identification`, by which a reassembled packet is checked.
std::byte byte_at(std::uint32_t identification, std::uint32_t at) {
  // The data offset of a TCP header: 5 words.
  if (at == 12) return std::byte{0x50};
  return static_cast<std::byte>((identification * 31 + at) * 0x9e3779b1u >> 24);
}

struct Scene {
  Settings settings;
  Counters counters;
  alignas(
      16) std::array<std::byte, kChunks*(kChunkBytes + sizeof(ChunkPool::Chunk)) + 64> storage{};
  Arena arena{storage};
  ChunkPool chunks{arena, kChunks, kChunkBytes};
  std::array<Reassembly::Datagram, kDatagrams> table{};
  std::array<std::byte, kWhole> whole;
  Reassembly reassembly{table, whole, kMostHeld};
  Instant now{1s};

  Scene() { reassembly.attach(chunks, counters, settings); }

  void audit() {
    const auto n = [this](Count count) { return counters[count]; };
    check(chunks.taken() == chunks.returned() + reassembly.chunks_held(), "chunks are lost");
    check(reassembly.chunks_held() <= kMostHeld, "more chunks are held than may be");
    check(n(Count::fragments_in) ==
              n(Count::fragments_reassembled) + n(Count::drop_fragment_malformed) +
                  n(Count::drop_fragment_overlap) + n(Count::drop_fragment_repeated) +
                  n(Count::drop_fragment_timeout) + n(Count::drop_fragment_room) +
                  reassembly.fragments_held(),
          "fragments received do not equal those used, dropped and held");
  }

  void fragment(const Record& r) {
    Ipv4Packet packet;
    packet.source = IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(1 + (r[1] >> 3 & 1)));
    packet.destination = IpAddress::v4(10, 0, 0, 9);
    packet.protocol = (r[1] & 16) != 0 ? 6 : 17;
    packet.traffic_class = r[1] >> 5 & 3;
    packet.identification = r[1] & 7;
    packet.dont_fragment = false;
    packet.more_fragments = (r[0] & 1) != 0;
    packet.fragment_offset =
        static_cast<std::uint16_t>(r[0] & 2 ? r.word16(2) & 0x1fff : r[3] & 31);
    const std::size_t length = (r[0] & 4) != 0 ? r.word16(4) % 2000 : 8 * std::size_t{r[5]} % 264;
    const std::size_t header = kIpv4HeaderMin + 4 * std::size_t{r[6]} % 44;
    std::vector<std::byte> bytes(header + length, std::byte{1});  // options without effect
    emit_ipv4(packet, length, bytes);
    const std::uint32_t offset = std::uint32_t{packet.fragment_offset} * 8;
    for (std::uint32_t i = 0; i < length; ++i)
      bytes[header + i] = byte_at(packet.identification, offset + i);
    const bool lies = r[7] >= 0xf0 && length > 0;
    if (lies) bytes[header + r[7] % length] ^= std::byte{1};
    lied_ = lied_ || lies;
    packet.payload = std::span(bytes).subspan(header);

    Reassembler::Whole out;
    const Fragment part{.source = packet.source,
                        .destination = packet.destination,
                        .identification = packet.identification,
                        .protocol = packet.protocol,
                        .traffic_class = packet.traffic_class,
                        .more = packet.more_fragments,
                        .offset = offset,
                        .largest = 65535 - kIpv4HeaderMin,
                        .header = std::span(bytes).first(header),
                        .payload = packet.payload};
    if (!reassembly.input(part, now, out)) return;
    check(within(out.packet, whole) && within(out.payload, out.packet) && !out.payload.empty(),
          "a packet made whole that is not in its storage");
    check(out.payload.data() + out.payload.size() == out.packet.data() + out.packet.size(),
          "a payload that does not end with its packet");
    if (lied_) return;
    for (std::uint32_t i = 0; i < out.payload.size(); ++i) {
      check(out.payload[i] == byte_at(packet.identification, i),
            "a packet made whole has other bytes than were sent");
    }
  }

  void time(Duration step) {
    now += step;
    Reassembler::Expired expired;
    while (reassembly.expire(now, expired)) {
      check(expired.quote.size() <= Reassembly::kQuoteMax &&
                (expired.quote.empty() || parse_ipv4_quoted(expired.quote)),
            "what is quoted is not the beginning of a packet");
    }
    check(reassembly.next_deadline() > now, "a packet waits beyond its time");
  }

 private:
  bool lied_ = false;
};

}  // namespace

void run(Input input) {
  Scene scene;
  Records records(input, 1);
  for (Record r; records.next(r);) {
    if (r[0] >= 0xe0) {
      scene.time(Duration(std::int64_t{r[1]} * 1'000'000));
    } else {
      scene.fragment(r);
    }
    scene.audit();
  }
  scene.time(600s);
  scene.audit();
  check(scene.reassembly.chunks_held() == 0 && scene.reassembly.next_deadline() == kNever,
        "fragments are left over when their time is over");
}

}  // namespace conker::fuzz
