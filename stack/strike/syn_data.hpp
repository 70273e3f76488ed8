// Data in a SYN: RFC 9293, 3.10.7.2, has a listener keep it until the connection is ESTABLISHED; it
// may also take it at once, or none of it. The connection does not know of it: it sends the same
// bytes again as its first data, on the ACK of the handshake, and until then an acknowledgment of
// what the SYN carried looks to it like one of the SYN alone.
//
// Bounded: a place for each of kMost local ports in a row; who has it makes room for the next, and
// its SYN carries nothing from then on. For hosts: a chip does not name it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/link/editor.hpp"

namespace conker {

/// Edits the frames to the peer, and from it.
class SynData final : public FrameEditor {
 public:
  static constexpr std::size_t kMost = 1024;

  /// A connection whose SYN, with the number `iss`, has not left yet: it carries `data`, each time
  /// that it leaves. The data must outlive the connection.
  void open(const FourTuple& tuple, Seq iss, std::span<const std::byte> data);

  FrameOut edit(const FrameOut& frame) override;
  FrameIn edit_received(const FrameIn& frame) override;

 private:
  struct Carrier {
    FourTuple tuple;
    Seq iss;
    std::span<const std::byte> data;  // none: the SYN is acknowledged
  };
  Carrier* find(const FourTuple& tuple) {
    Carrier& carrier = carriers_[tuple.local_port.value % kMost];
    return !carrier.data.empty() && carrier.tuple == tuple ? &carrier : nullptr;
  }

  using Head = std::array<std::byte, 160>;
  static constexpr std::size_t kBatch = 64;  // frames that a host receives at a time

  std::array<Carrier, kMost> carriers_{};
  // Of the SYN that is being sent.
  Head head_{};
  std::array<std::span<const std::byte>, 2> parts_{};
  // Answers of the last batch.
  std::array<Head, kBatch> answers_{};
  std::size_t next_ = 0;
};

}  // namespace conker
