// Windows that are told smaller than they are: the peer of such a connection meets a receiver that
// takes little, or nothing for a time (RFC 9293, 3.8.6). The connection does not know of it, and
// takes what comes. No window that was told is taken back.
//
// Bounded: a place for each of kMost local ports in a row; who has it makes room for the next, and
// tells its real windows from then on. For hosts: a chip does not name it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/link/editor.hpp"

namespace conker {

/// Edits the frames that leave for the peer.
class NarrowWindows final : public FrameEditor {
 public:
  /// In bytes; one unit where windows are scaled by more.
  static constexpr std::uint32_t kWindow = 64;
  static constexpr std::size_t kMost = 1024;

  /// A connection whose SYN has not left yet tells kWindow from there on.
  void open(const FourTuple& tuple);
  /// Its windows are scaled so, and each is kWindow, behind what has come; with `shut` there is no
  /// other than the first one: when as much has come, the window is closed.
  void established(const FourTuple& tuple, std::uint8_t scale, bool shut);
  /// Its windows are told as they are.
  void release(const FourTuple& tuple);

  FrameOut edit(const FrameOut& frame) override;

 private:
  struct Narrow {
    FourTuple tuple;
    bool on = false, established = false, shut = false;
    std::uint8_t scale = 0;
    bool told = false;
    Seq edge;  // of the window that was told first after the SYN
  };
  Narrow& place(Port local) { return narrow_[local.value % kMost]; }
  Narrow* find(const FourTuple& tuple);
  static std::uint16_t window(Narrow& narrow, std::uint16_t real, Seq ack);

  std::array<Narrow, kMost> narrow_{};
  // Of the frame that is being sent.
  std::array<std::byte, 160> head_{};
  std::array<std::span<const std::byte>, 64> parts_{};
};

}  // namespace conker
