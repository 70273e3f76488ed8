// A finding as a script that a person can read and follow with any tool: the connection's frames
// in the manner of packetdrill and tcpdump.
#pragma once

#include <span>
#include <string>

#include "ctl/finding_frames.hpp"

namespace conker::ctl {

/// The connection of the worst finding (of several the first): from its SYN on, 200 frames at most.
/// A line a frame: seconds since the first one, > for what we send and < for what the peer sent,
/// flags, sequence numbers from the ISNs on, and as they were. Before a frame that breaks a rule
/// stands its comment. Empty without findings.
std::string packet_script(std::span<const FindingFrames> findings);

}  // namespace conker::ctl
