#include "stack/tcp/types.hpp"

#include <array>

namespace conker {

const char* to_string(State state) {
  switch (state) {
    case State::kClosed:
      return "CLOSED";
    case State::kListen:
      return "LISTEN";
    case State::kSynSent:
      return "SYN-SENT";
    case State::kSynReceived:
      return "SYN-RECEIVED";
    case State::kEstablished:
      return "ESTABLISHED";
    case State::kFinWait1:
      return "FIN-WAIT-1";
    case State::kFinWait2:
      return "FIN-WAIT-2";
    case State::kCloseWait:
      return "CLOSE-WAIT";
    case State::kClosing:
      return "CLOSING";
    case State::kLastAck:
      return "LAST-ACK";
    case State::kTimeWait:
      return "TIME-WAIT";
    case State::kDestroy:
      return "DESTROY";
  }
  return "?";
}

const char* to_string(CongestionAlgorithm algorithm) {
  return algorithm == CongestionAlgorithm::kCubic ? "cubic" : "newreno";
}

const char* to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kNotClosed:
      return "not closed";
    case CloseReason::kClosed:
      return "closed by both sides";
    case CloseReason::kReset:
      return "reset by the peer";
    case CloseReason::kAborted:
      return "reset by our side";
    case CloseReason::kRefused:
      return "refused by the peer";
    case CloseReason::kTimedOut:
      return "timed out";
    case CloseReason::kUnreachable:
      return "unreachable, as ICMP said";
    case CloseReason::kNoResources:
      return "out of resources";
  }
  return "?";
}

const char* to_string(Cause cause) {
  switch (cause) {
    case Cause::kActiveOpen:
      return "active open";
    case Cause::kPassiveOpen:
      return "passive open";
    case Cause::kSegmentSyn:
      return "SYN received";
    case Cause::kSegmentAck:
      return "ACK received";
    case Cause::kSegmentFin:
      return "FIN received";
    case Cause::kSegmentReset:
      return "RST received";
    case Cause::kClose:
      return "close";
    case Cause::kShutdown:
      return "half-close";
    case Cause::kAbort:
      return "abort";
    case Cause::kConnectTimeout:
      return "connect timeout";
    case Cause::kRetransmitTimeout:
      return "no answer to retransmissions";
    case Cause::kFinWait2Timeout:
      return "peer's FIN never came";
    case Cause::kUnreachable:
      return "ICMP unreachable";
    case Cause::kListenerClosed:
      return "listener closed";
    case Cause::kDataAfterClose:
      return "data after close";
    case Cause::kKeepaliveTimeout:
      return "no answer to keepalive probes";
    case Cause::kUserTimeout:
      return "user timeout";
    case Cause::kLingerTimeout:
      return "close took too long";
    case Cause::kPoolExhausted:
      return "buffers exhausted";
  }
  return "?";
}

}  // namespace conker
