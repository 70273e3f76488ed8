// What lwIP is asked to do, on its tapif, through its raw API. Each command ends with one line of
// JSON.
#pragma once

#include <netinet/in.h>

#include <string>

namespace conker::lwip {

/// Brings lwIP up with one interface on a TAP device that stands already. Only once in a process.
/// Throws std::runtime_error when there is no such device; lwIP itself ends the process when it
/// cannot have it.
void start(const std::string& device, const std::string& address);

struct StrikeOptions {
  sockaddr_in to{};
  unsigned flight = 64;
  double seconds = 0;
  bool reset = true;  // close by RST instead of FIN
};

/// Opens and closes connections. By RST a cycle is over when lwIP aborts the connection it has just
/// established; the RST takes the place of the last ACK of the handshake, so the peer's application
/// never hears of it. By FIN it is over when the peer's FIN has come; but all of lwIP's 16,384
/// ports are soon in TIME-WAIT, for two minutes: then it stands still, and when that was is
/// reported. Throws std::runtime_error when the target does not answer ARP.
void strike(const StrikeOptions& options);

/// Both go on for `seconds` from the first connection, until all that connected have gone or
/// SIGTERM comes.
struct BulkOptions {
  sockaddr_in local{};
  double seconds = 0;
};

/// Accepts connections and throws away what they send.
void sink(const BulkOptions& options);
/// Accepts connections and sends to each as fast as lwIP takes it. Bytes count when they are
/// acknowledged.
void source(const BulkOptions& options);

}  // namespace conker::lwip
