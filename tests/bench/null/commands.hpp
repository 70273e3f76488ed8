// The commands of conker_null. Each runs for its time or until SIGTERM arrives, and ends with one
// line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::null {

/// Options of a strike. IPv4 addresses and ports are in host order.
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

/// Opens and closes connections without a stack: each segment of the peer is answered from a
/// template, filled with numbers of the segment. The only state is the next port and the number in
/// flight. A cycle ends when the peer's FIN has been acknowledged. There is no cycle by RST: no
/// segment of the peer would tell that the RST has arrived.
void strike(const StrikeOptions& options);

/// The same frames and system calls from the smallest loop possible, to measure how much of a
/// strike's cost is the null peer's own.
///
/// Recorded frames cannot be played again: the kernel chooses other sequence numbers each time. So
/// three frames are computed before the clock starts, and only what differs is written in place,
/// with precomputed sums. The loop reads no clock (a signal ends it), does not count connections in
/// flight (each frame received decides the next one sent, so a lost frame is never made up for),
/// and checks nothing. Both were measured to need the same processor time a cycle within 2 %, and
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

/// Receives from up to 1,024 connections of the kernel: copies each payload once, as a stack does
/// from frame to buffer, and acknowledges every second segment, and each that is as long as two.
/// The only state of a connection is the next sequence number. The window is always 2 MiB.
void receive(const BulkOptions& options);

/// Sends on each of up to 1,024 connections what its window allows, without a congestion window.
/// The payload, consecutive numbers, is written once into the frame. Bytes count when they are
/// acknowledged. Retransmits from SND.UNA after three duplicate ACKs or when 200 ms brought no
/// progress.
void send(const BulkOptions& options);

}  // namespace conker::null
