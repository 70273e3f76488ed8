// The frames of what was found, as people read them: of each rule the connection in which it was
// broken, with numbers from its ISNs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ctl/capture_reader.hpp"
#include "stack/base/address.hpp"

namespace conker::ctl {

/// A segment with what was said of it.
struct ShownFrame {
  std::int64_t at_us = 0;  // since the connection's first frame
  Direction direction = Direction::kIn;
  Port peer_port{};
  std::vector<std::string> comments;  // the rules that it breaks, in words
  std::string malformed;              // the bytes of a wrong TCP header, in hex, instead of what
                                      // follows; empty: it is right
  std::uint8_t flags = 0;             // TcpFlags
  std::uint32_t sequence = 0, acknowledgment = 0;  // as they were
  std::uint32_t first = 0, acked = 0;  // the same from the ISNs on, where those are known
  std::uint32_t length = 0;            // SEG.LEN
  std::size_t payload = 0;             // bytes
  std::uint16_t window = 0;            // as it was, unscaled
  std::string options;                 // "mss 1460,wscale 7"; empty: none that we read
};

/// The connection in which a rule was broken, from its SYN on.
struct FindingFrames {
  std::string rule, severity;
  bool inconclusive = false;  // our own side may have been the cause
  Endpoint ours, peer;
  std::vector<ShownFrame> frames{};
  std::size_t broken = 0;               // which of `frames` breaks the rule
  std::size_t left_out = 0, after = 0;  // frames behind the first one, and behind the last
};

/// Of each rule that a comment in a capture names the first connection that is no inconclusive
/// finding, otherwise the first: 200 frames of it at most. In the order in which they came.
std::vector<FindingFrames> finding_frames(std::span<const CapturedFrame> capture);

}  // namespace conker::ctl
