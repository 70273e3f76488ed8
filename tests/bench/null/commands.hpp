// What a null peer can do. Each command runs for its time or until SIGTERM comes, and ends with one
// line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::null {

/// IPv4 addresses and ports in host order.
struct StrikeOptions {
  std::string device;
  MacAddress mac;
  std::vector<std::uint32_t> from;  // used in turn
  std::uint32_t to = 0;
  std::uint16_t to_port = 0;
  unsigned flight = 64;
  double seconds = 0;
  bool offload = false;  // an offload header before each frame
};

/// Opens and closes connections without a stack: each segment of the peer is answered by a
/// template, and what the answer has to say stands in the segment. Kept are only the next port and
/// how many are in flight. A cycle is over when the peer's FIN has been acknowledged. There is none
/// by RST: nothing the peer sends would tell that it has seen one.
void strike(const StrikeOptions& options);

/// The same frames and system calls from the barest loop there is, so that it can be seen how much
/// of a strike is the null peer's own doing.
///
/// Frames recorded once cannot be played again: the kernel chooses other sequence numbers each
/// time. So three frames are worked out before the clock starts, and of them only what has to
/// differ is written in place, with precomputed sums. There is no clock (a signal ends it), no
/// count of what is in flight (what has come decides what goes, so a lost frame is never made up
/// for), nothing is checked. Measured, the two need the same processor time a cycle within 2 %, and
/// 97 % of it is spent in the kernel.
void loop(const StrikeOptions& options);

struct BulkOptions {
  std::string device;
  MacAddress mac;
  std::uint32_t address = 0;
  std::uint16_t port = 0;
  double seconds = 0;    // from the first connection on
  bool offload = false;  // segments of up to 64 KB, checksums left to the kernel
};

/// Takes what up to 1,024 connections of the kernel send: copies each payload once, as a stack does
/// from frame to buffer, and acknowledges every second segment, and each that is as long as two. Of
/// a connection only the next sequence number is kept. The window is always 2 MiB.
void receive(const BulkOptions& options);

/// Sends to each of up to 1,024 connections what its window allows, without a congestion window.
/// The payload, numbers that count on, is written once into the frame. Bytes count when they are
/// acknowledged. Goes back to what is not acknowledged after three repeated ACKs or when 200 ms
/// have brought nothing.
void send(const BulkOptions& options);

}  // namespace conker::null
