// ACKs that do not leave: the peer of such a connection must send its text and FIN again (RFC 6298,
// 5), and shows when, and how much at a time. The connection does not know of it.
//
// An ACK that moves on is lost, and so are kLost more of the same number: each answers what the
// peer has sent again. The next one leaves, and all after it, so that the peer is free.
//
// Bounded: kMost connections; the oldest makes room for the next, and its next ACK leaves. For
// hosts: a chip does not name it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/link/editor.hpp"

namespace conker {

/// Edits the frames that leave for the peer.
class UnheardAcks final : public FrameEditor {
 public:
  /// At 2,000 cycles a second each is watched for 2 s.
  static constexpr std::size_t kMost = 4096;
  /// With the first transmission and the one whose ACK leaves, five: four times between them.
  static constexpr std::uint8_t kLost = 3;

  /// The ACKs of this connection that bring nothing else do not leave from now on.
  void begin(const FourTuple& tuple);

  FrameOut edit(const FrameOut& frame) override;

 private:
  struct Unheard {
    FourTuple tuple;
    bool on = false, moved = false;
    std::uint8_t lost = 0;  // of number `ack`, after the first
    Seq ack;
  };
  static constexpr std::size_t kPorts = 65536;

  Unheard& place(Port local) { return unheard_[by_port_[local.value]]; }
  static bool is_lost(Unheard& unheard, Seq ack);

  std::array<Unheard, kMost> unheard_{};  // a ring
  std::array<std::uint16_t, kPorts> by_port_{};
  std::size_t begun_ = 0;
};

}  // namespace conker
