// ICMP errors as transport protocols see them: what happened to a packet, whichever version of ICMP
// said so.
#pragma once

#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"

namespace conker {

/// What an ICMP error says. The first sixteen are the codes of "destination unreachable" (RFC 792;
/// RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1), in their order.
enum class IcmpKind : std::uint8_t {
  kNetworkUnreachable,
  kHostUnreachable,
  kProtocolUnreachable,
  kPortUnreachable,
  kTooBig,  // larger than the MTU of a link on the way
  kSourceRouteFailed,
  kNetworkUnknown,
  kHostUnknown,
  kSourceIsolated,
  kNetworkProhibited,
  kHostProhibited,
  kNetworkUnreachableForService,
  kHostUnreachableForService,
  kProhibited,
  kPrecedenceViolation,
  kPrecedenceCutoff,
  kUnreachable,  // a code without a meaning of its own
  kTimeExceeded,
  kFragmentsLost,  // the reassembly time was exceeded
  kParameterProblem,
};
/// In plain words: "host unreachable".
const char* to_string(IcmpKind kind);

/// Whether waiting does not mend what the error says (RFC 1122, 4.2.3.9): the other kinds are
/// transient, about routes, or obsolete.
bool is_permanent(IcmpKind kind);

/// An ICMP error about a packet of this host.
struct IcmpError {
  IcmpKind kind = IcmpKind::kUnreachable;
  std::uint8_t type = 0, code = 0;  // as received
  IpAddress from;                   // the router or host that sent it
};

/// An ICMP error about a TCP segment or a UDP datagram that this host may have sent, as received.
struct IcmpErrorIn {
  IcmpError error;
  std::uint8_t protocol = 0;
  std::uint32_t mtu = 0;  // of kTooBig, in bytes; 0 from a router older than RFC 1191
  FourTuple tuple;        // as this host writes it: `local` is its own
  Seq sequence;           // sequence number of the quoted segment; meaningless for a datagram
};

}  // namespace conker
