// Reassembly of fragments (RFC 791, 3.2; RFC 815; RFC 1122, 3.3.2): the optional Reassembler.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/index_list.hpp"
#include "stack/net/reassembler.hpp"

namespace conker {

/// Reassembles packets. A packet whose fragments overlap is dropped whole, with its fragments
/// still to come: overlap is a sign of an attack (RFC 1858, 3; RFC 3128; RFC 5722, 4). An exact
/// duplicate of a fragment is accepted. A first fragment that is too short for the header of its
/// protocol is refused, and so is a second one that would begin inside a TCP header (RFC 1858,
/// 3.2.2).
class Reassembly final : public Reassembler {
 public:
  /// Bytes of headers that a fragment may have: the longest header of IPv4; of IPv6 8 bytes of
  /// extension headers in front of the Fragment header. Fragments with more are dropped.
  static constexpr std::size_t kHeaderMax = 60;
  /// Bytes of a first fragment that are kept for an ICMP error: its headers and 8 bytes.
  static constexpr std::size_t kQuoteMax = kHeaderMax + 8;
  /// The largest packet that fragments can make, in bytes: the longest headers, and the largest
  /// payload.
  static constexpr std::size_t kWholeMax = kHeaderMax + 65535;

  struct Datagram {
    IpAddress source, destination;
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;
    bool used = false;
    bool refused =
        false;  // holds nothing, and refuses further fragments of the packet until it expires
    bool congested = false;          // a fragment had CE set (RFC 3168, 5.3)
    std::uint8_t header_length = 0;  // of the first fragment, in bytes; 0 until it arrives
    std::uint8_t quote_length = 0;
    std::uint8_t traffic_class = 0;
    std::uint32_t total = 0;      // bytes of payload; 0 until the last fragment arrives
    std::uint32_t received = 0;   // bytes received so far
    std::uint32_t fragments = 0;  // number of fragments that brought them
    std::uint32_t chunks = 0;
    std::uint32_t head = 0;  // first chunk, in order of offsets, counted from one
    Instant deadline{};
    std::uint32_t next = kNone, previous = kNone;
    Count refusal{};  // why its fragments are refused
    std::array<std::byte, kQuoteMax> quote{};
  };

  /// The storage must outlive this object. `table`: packets in reassembly; beyond their number the
  /// oldest is dropped. `whole`: where a complete packet is assembled; larger ones, header
  /// included, are refused. `chunks`: the most that all packets together hold, within the pool's
  /// budget; beyond it the oldest packets are dropped.
  Reassembly(std::span<Datagram> table, std::span<std::byte> whole, std::uint32_t chunks)
      : table_(table), whole_(whole), most_chunks_(chunks) {}

  void attach(ChunkPool& chunks, Counters& counters, const Settings& settings) override;
  bool input(const Fragment& fragment, Instant now, Whole& whole) override;
  bool expire(Instant now, Expired& expired) override;
  Instant next_deadline() const override;
  bool shed() override;
  std::uint64_t chunks_held() const override;
  std::uint64_t fragments_held() const override;

 private:
  enum class Fit : std::uint8_t { kNew, kRepeated, kOverlap };

  std::uint32_t find(const Fragment& fragment) const;
  std::uint32_t create(const Fragment& fragment, Instant now);
  Fit fit(const Datagram& datagram, std::uint32_t offset, std::span<const std::byte> bytes,
          std::uint32_t& previous) const;
  bool make_room(std::uint32_t index, std::uint32_t chunks);
  void store(Datagram& datagram, std::uint32_t previous, std::uint32_t offset,
             std::span<const std::byte> bytes);
  void keep_first(Datagram& datagram, const Fragment& fragment);
  void complete(std::uint32_t index, Whole& whole);
  void refuse(std::uint32_t index, Count why);
  void drop_bytes(Datagram& datagram);
  void free(std::uint32_t index);
  void drop_oldest();

  std::span<Datagram> table_;
  std::span<std::byte> whole_;
  std::uint32_t most_chunks_;
  std::uint32_t held_ = 0;  // number of chunks
  ChunkPool* chunks_ = nullptr;
  Counters* counters_ = nullptr;
  Duration timeout_{};
  // All packets have the same reassembly timeout, so the order of arrival is the order of
  // deadlines.
  IndexList<Datagram, &Datagram::next, &Datagram::previous> waiting_;
};

}  // namespace conker
