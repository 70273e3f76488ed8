// The commands of conker_lwip, which run lwIP on its tapif through its raw API. Each ends with one
// line of JSON.
#pragma once

#include <netinet/in.h>

#include <string>

namespace conker::lwip {

/// Starts lwIP with one interface on an existing TAP device; once in a process. Throws
/// std::runtime_error when there is no such device; lwIP itself ends the process when it cannot
/// attach to it.
void start(const std::string& device, const std::string& address);

struct StrikeOptions {
  sockaddr_in to{};
  unsigned flight = 64;
  double seconds = 0;
  bool reset = true;  // close by RST instead of FIN
};

/// Opens and closes connections. By RST a cycle ends when lwIP aborts the connection it has just
/// established; the RST takes the place of the last ACK of the handshake, so the peer's application
/// never sees the connection. By FIN it ends when the peer's FIN has arrived; but all of lwIP's
/// 16,384 ports are soon in TIME-WAIT, for two minutes: then it cannot open any more, and the
/// report says when that was. Throws std::runtime_error when the target does not answer ARP.
void strike(const StrikeOptions& options);

/// Options of sink(), source() and serve(). The first two run for `seconds` from the first
/// connection, until all connections have ended or SIGTERM arrives.
struct BulkOptions {
  sockaddr_in local{};
  double seconds = 0;
  bool closes = false;  // serve(): as soon as it has accepted
};

/// Accepts connections and discards what they send.
void sink(const BulkOptions& options);
/// Accepts connections and sends on each as fast as lwIP allows. Bytes count when they are
/// acknowledged.
void source(const BulkOptions& options);
/// Accepts connections, discards what they send, and closes after the peer, or first: for
/// `seconds`, or until SIGTERM arrives.
void serve(const BulkOptions& options);

}  // namespace conker::lwip
