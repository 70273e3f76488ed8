// Reassembly of IPv4 fragments (RFC 791, 3.2; RFC 815's problem; RFC 1122, 3.3.2), for whoever
// wants it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/index_list.hpp"
#include "stack/net/reassembler.hpp"

namespace conker {

/// Fragments of one packet never overlap unless somebody plays tricks (RFC 1858, 3; RFC 3128; RFC
/// 5722, 4): then all of that packet is dropped, also what is still to come. The same fragment
/// twice is let pass. A first fragment too short for the header of its protocol is refused, and so
/// is a second one that would begin inside a TCP header (RFC 1858, 3.2.2).
class Ipv4Reassembly final : public Reassembler {
 public:
  /// How much of a first fragment is kept for an ICMP error: header and 8 bytes.
  static constexpr std::size_t kQuoteMax = 60 + 8;
  /// The largest packet that can be sent in fragments: the longest header, and what fits behind the
  /// shortest.
  static constexpr std::size_t kWholeMax = 60 + 65535 - 20;

  struct Datagram {
    IpAddress source, destination;
    std::uint16_t identification = 0;
    std::uint8_t protocol = 0;
    bool used = false;
    bool refused =
        false;  // holds nothing, and refuses what else comes of it until its time is over
    bool congested = false;          // a fragment was marked CE (RFC 3168, 5.3)
    std::uint8_t header_length = 0;  // of the first fragment; 0 before it has come
    std::uint8_t quote_length = 0;
    std::uint8_t traffic_class = 0;
    std::uint32_t total = 0;      // bytes of payload; 0 before the last fragment has come
    std::uint32_t received = 0;   // bytes there are
    std::uint32_t fragments = 0;  // of which they came
    std::uint32_t chunks = 0;
    std::uint32_t head = 0;  // first chunk, in the order of offsets, counted from one
    Instant deadline{};
    std::uint32_t next = kNone, previous = kNone;
    Count refusal{};  // why it is refused
    std::array<std::byte, kQuoteMax> quote{};
  };

  /// The storage must outlive it. `table`: packets at a time; beyond it the oldest is dropped.
  /// `whole`: where a packet is put together; larger ones, header included, are refused. `chunks`:
  /// most that all together may hold, within the pool's budget for them; beyond it the oldest
  /// packets are dropped.
  Ipv4Reassembly(std::span<Datagram> table, std::span<std::byte> whole, std::uint32_t chunks)
      : table_(table), whole_(whole), most_chunks_(chunks) {}

  void attach(ChunkPool& chunks, Counters& counters, const Settings& settings) override;
  bool input(const Ipv4Packet& fragment, std::span<const std::byte> bytes, Instant now,
             Whole& whole) override;
  bool expire(Instant now, std::span<const std::byte>& quote) override;
  Instant next_deadline() const override;
  bool shed() override;
  std::uint64_t chunks_held() const override;
  std::uint64_t fragments_held() const override;

 private:
  enum class Fit : std::uint8_t { kNew, kRepeated, kOverlap };

  std::uint32_t find(const Ipv4Packet& fragment) const;
  std::uint32_t create(const Ipv4Packet& fragment, Instant now);
  Fit fit(const Datagram& datagram, std::uint32_t offset, std::span<const std::byte> bytes,
          std::uint32_t& previous) const;
  bool make_room(std::uint32_t index, std::uint32_t chunks);
  void store(Datagram& datagram, std::uint32_t previous, std::uint32_t offset,
             std::span<const std::byte> bytes);
  void keep_first(Datagram& datagram, const Ipv4Packet& fragment, std::span<const std::byte> bytes);
  void complete(std::uint32_t index, Whole& whole);
  void refuse(std::uint32_t index, Count why);
  void drop_bytes(Datagram& datagram);
  void free(std::uint32_t index);
  void drop_oldest();

  std::span<Datagram> table_;
  std::span<std::byte> whole_;
  std::uint32_t most_chunks_;
  std::uint32_t held_ = 0;  // chunks
  ChunkPool* chunks_ = nullptr;
  Counters* counters_ = nullptr;
  Duration timeout_{};
  // All have the same time, so the order of beginning is the order of the deadlines.
  IndexList<Datagram, &Datagram::next, &Datagram::previous> waiting_;
};

}  // namespace conker
