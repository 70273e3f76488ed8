#include "ctl/packet_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "stack/base/address_text.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::ctl {
namespace {

/// How much a finding matters: faults most, and what is inconclusive least.
int weight_of(const FindingFrames& finding) {
  if (finding.inconclusive) return 1;
  return finding.severity == "fault" ? 4 : finding.severity == "weakness" ? 3 : 2;
}

std::string flags_of(std::uint8_t set) {
  std::string flags;
  const auto flag = [&](std::uint8_t bit, char name) {
    if ((set & bit) != 0) flags += name;
  };
  flag(TcpFlags::kSyn, 'S');
  flag(TcpFlags::kFin, 'F');
  flag(TcpFlags::kRst, 'R');
  flag(TcpFlags::kPsh, 'P');
  flag(TcpFlags::kUrg, 'U');
  flag(TcpFlags::kEce, 'E');
  flag(TcpFlags::kCwr, 'W');
  flag(TcpFlags::kAck, '.');
  return flags.empty() ? "none" : flags;
}

std::string line(const ShownFrame& frame, Port peers) {
  std::string text;
  for (const std::string& comment : frame.comments)
    text += fmt::format("# The next frame: {}\n", comment);
  text += fmt::format("{:.6f} {} ", static_cast<double>(frame.at_us) / 1e6,
                      frame.direction == Direction::kOut ? '>' : '<');
  if (!frame.malformed.empty())
    return text + fmt::format("malformed, from the TCP header on: {}\n", frame.malformed);
  const bool acks = (frame.flags & TcpFlags::kAck) != 0;
  text += fmt::format("{:<3} {}:{}({})", flags_of(frame.flags), frame.first,
                      frame.first + frame.length, frame.payload);
  if (acks) text += fmt::format(" ack {}", frame.acked);
  text += fmt::format(" win {}", frame.window);
  if (!frame.options.empty()) text += fmt::format(" <{}>", frame.options);
  if (frame.peer_port != peers) text += fmt::format(" [port {}]", frame.peer_port.value);
  text += fmt::format("  # SEQ {}", frame.sequence);
  if (acks) text += fmt::format(" ACK {}", frame.acknowledgment);
  return text + "\n";
}

}  // namespace

std::string packet_script(std::span<const FindingFrames> findings) {
  const auto worst = std::ranges::max_element(findings, {}, weight_of);
  if (worst == findings.end()) return "";
  std::string text = fmt::format(
      "# One connection, of {} with {}, and the frame of the peer that breaks a rule.\n"
      "# > is what to send, < what the peer sent. Times are seconds from the first frame. SEQ\n"
      "# and ACK count from the ISNs; absolute ones stand at the end. Flags: S SYN, F FIN,\n"
      "# R RST, P PSH, . ACK. FIRST:END(BYTES of data).\n",
      to_string(worst->ours), to_string(worst->peer));
  for (const ShownFrame& frame : worst->frames) {
    text += line(frame, worst->peer.port);
    if (&frame == &worst->frames.front() && worst->left_out != 0)
      text += fmt::format("# {} frames are left out here\n", worst->left_out);
  }
  if (worst->after != 0)
    text += fmt::format("# {} more frames of it are in the capture\n", worst->after);
  return text;
}

}  // namespace conker::ctl
