#include "stack/net/icmp_error.hpp"

namespace conker {

const char* to_string(IcmpKind kind) {
  switch (kind) {
    case IcmpKind::kNetworkUnreachable:
      return "network unreachable";
    case IcmpKind::kHostUnreachable:
      return "host unreachable";
    case IcmpKind::kProtocolUnreachable:
      return "protocol unreachable";
    case IcmpKind::kPortUnreachable:
      return "port unreachable";
    case IcmpKind::kTooBig:
      return "packet too big for a link on the way";
    case IcmpKind::kSourceRouteFailed:
      return "source route failed";
    case IcmpKind::kNetworkUnknown:
      return "network unknown";
    case IcmpKind::kHostUnknown:
      return "host unknown";
    case IcmpKind::kSourceIsolated:
      return "source host isolated";
    case IcmpKind::kNetworkProhibited:
      return "network administratively prohibited";
    case IcmpKind::kHostProhibited:
      return "host administratively prohibited";
    case IcmpKind::kNetworkUnreachableForService:
      return "network unreachable for this service";
    case IcmpKind::kHostUnreachableForService:
      return "host unreachable for this service";
    case IcmpKind::kProhibited:
      return "communication administratively prohibited";
    case IcmpKind::kPrecedenceViolation:
      return "precedence violation";
    case IcmpKind::kPrecedenceCutoff:
      return "precedence cutoff";
    case IcmpKind::kUnreachable:
      return "unreachable";
    case IcmpKind::kTimeExceeded:
      return "time to live exceeded on the way";
    case IcmpKind::kFragmentsLost:
      return "fragments were lost on the way";
    case IcmpKind::kParameterProblem:
      return "parameter problem";
  }
  return "?";
}

bool is_permanent(IcmpKind kind) {
  switch (kind) {
    case IcmpKind::kProtocolUnreachable:
    case IcmpKind::kPortUnreachable:
    case IcmpKind::kNetworkProhibited:
    case IcmpKind::kHostProhibited:
    case IcmpKind::kProhibited:
      return true;
    default:
      return false;
  }
}

}  // namespace conker
