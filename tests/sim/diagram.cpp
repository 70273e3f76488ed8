#include "tests/sim/diagram.hpp"

namespace conker::sim {
namespace {

template <typename... Causes>
constexpr std::uint32_t by(Causes... causes) {
  return (0u | ... | (1u << static_cast<unsigned>(causes)));
}

using C = Cause;
// Causes that end a connection that the peer has.
constexpr std::uint32_t kFailures = by(C::kSegmentReset, C::kAbort, C::kRetransmitTimeout,
                                       C::kKeepaliveTimeout, C::kUserTimeout, C::kPoolExhausted);
// Causes that end a connection after close().
constexpr std::uint32_t kClosing = by(C::kLingerTimeout, C::kDataAfterClose);

using S = State;
constexpr std::array kEdges{
    Edge{S::kClosed, S::kSynSent, by(C::kActiveOpen)},
    Edge{S::kClosed, S::kEstablished, by(C::kPassiveOpen)},
    Edge{S::kClosed, S::kDestroy,
         by(C::kClose, C::kAbort)},  // after LAST-ACK, when the application closes
    Edge{S::kSynSent, S::kSynReceived, by(C::kSegmentSyn)},
    Edge{S::kSynSent, S::kEstablished, by(C::kSegmentSyn)},
    Edge{S::kSynSent, S::kDestroy,
         by(C::kSegmentReset, C::kClose, C::kAbort, C::kConnectTimeout, C::kUnreachable)},
    Edge{S::kSynReceived, S::kEstablished, by(C::kSegmentAck)},
    Edge{S::kSynReceived, S::kDestroy,
         by(C::kSegmentReset, C::kAbort, C::kConnectTimeout, C::kLingerTimeout)},
    Edge{S::kEstablished, S::kFinWait1, by(C::kClose, C::kShutdown)},
    Edge{S::kEstablished, S::kCloseWait, by(C::kSegmentFin)},
    Edge{S::kEstablished, S::kDestroy, kFailures | by(C::kListenerClosed)},
    Edge{S::kFinWait1, S::kFinWait2, by(C::kSegmentAck)},
    Edge{S::kFinWait1, S::kClosing, by(C::kSegmentFin)},
    Edge{S::kFinWait1, S::kDestroy, kFailures | kClosing},
    Edge{S::kFinWait2, S::kTimeWait, by(C::kSegmentFin)},
    Edge{S::kFinWait2, S::kDestroy,
         (kFailures & ~by(C::kRetransmitTimeout, C::kUserTimeout, C::kPoolExhausted)) | kClosing |
             by(C::kFinWait2Timeout)},
    Edge{S::kCloseWait, S::kLastAck, by(C::kClose, C::kShutdown)},
    Edge{S::kCloseWait, S::kDestroy, kFailures | by(C::kListenerClosed)},
    Edge{S::kClosing, S::kTimeWait, by(C::kSegmentAck)},
    Edge{S::kClosing, S::kDestroy, kFailures | by(C::kLingerTimeout)},
    Edge{S::kLastAck, S::kClosed, by(C::kSegmentAck)},
    Edge{S::kLastAck, S::kDestroy, kFailures | by(C::kSegmentAck, C::kLingerTimeout)},
    Edge{S::kTimeWait, S::kDestroy, by(C::kSegmentAck, C::kSegmentFin, C::kClose, C::kAbort)},
};

std::string arrow(State from, State to) {
  return std::string(to_string(from)) + " -> " + to_string(to);
}

}  // namespace

const Edge* find_edge(State from, State to) {
  for (const Edge& edge : kEdges) {
    if (edge.from == from && edge.to == to) return &edge;
  }
  return nullptr;
}

void Taken::add(const Taken& other) {
  for (std::size_t f = 0; f < kStateCount; ++f) {
    for (std::size_t t = 0; t < kStateCount; ++t) {
      for (std::size_t c = 0; c < kCauses; ++c) count[f][t][c] += other.count[f][t][c];
    }
  }
}

std::uint32_t Taken::distinct() const {
  std::uint32_t n = 0;
  for (const auto& from : count) {
    for (const auto& to : from) {
      for (const std::uint64_t c : to) n += c > 0 ? 1 : 0;
    }
  }
  return n;
}

namespace {

bool taken(const Taken& t, const Edge& edge) {
  for (const std::uint64_t c :
       t.count[static_cast<std::size_t>(edge.from)][static_cast<std::size_t>(edge.to)]) {
    if (c > 0) return true;
  }
  return false;
}

}  // namespace

std::uint32_t Taken::edges() const {
  std::uint32_t n = 0;
  for (const Edge& edge : kEdges) n += taken(*this, edge) ? 1 : 0;
  return n;
}

std::uint32_t Taken::edges_there_are() {
  return static_cast<std::uint32_t>(kEdges.size());
}

std::string Taken::edges_not_taken() const {
  std::string text;
  for (const Edge& edge : kEdges) {
    if (!taken(*this, edge)) text += (text.empty() ? "" : ", ") + arrow(edge.from, edge.to);
  }
  return text;
}

std::string Taken::triples_not_taken() const {
  std::string text;
  for (const Edge& edge : kEdges) {
    const auto& causes =
        count[static_cast<std::size_t>(edge.from)][static_cast<std::size_t>(edge.to)];
    for (std::size_t c = 0; c < kCauses; ++c) {
      if ((edge.causes >> c & 1) == 0 || causes[c] > 0) continue;
      text += (text.empty() ? "" : ", ") + arrow(edge.from, edge.to) + " (" +
              to_string(static_cast<Cause>(c)) + ")";
    }
  }
  return text;
}

}  // namespace conker::sim
