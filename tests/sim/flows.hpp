// What the wire says about every conversation: each host's side of each four-tuple, kept by
// watching segments only. It finds a stack that says what it must not say.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tests/sim/seen.hpp"

namespace conker::sim {

class Flows {
 public:
  /// A host sends this segment, or hears it (after the checksums have been found right). The answer
  /// is what is wrong with it; null when nothing is. `unseen`: segments of this host may have been
  /// dropped before they came to the wire, while a neighbour was looked for.
  const char* said(std::uint32_t host, const Seen& seen, bool unseen, bool cookies);
  void heard(std::uint32_t host, const Seen& seen);
  /// The host has crashed: it remembers nothing of what it said.
  void forget(std::uint32_t host);

  /// Whether a host has lately heard a RST with exactly this sequence number on a four-tuple, or
  /// one that acknowledges its SYN `iss`.
  bool reset_at(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                std::uint16_t remote_port, std::uint32_t sequence) const;
  bool refused(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
               std::uint16_t remote_port, std::uint32_t iss) const;
  /// What a host has acknowledged last in the connection that it began with `iss`, and where what
  /// it sent ends.
  std::optional<std::uint32_t> last_ack(std::uint32_t host, std::uint32_t remote,
                                        std::uint16_t local_port, std::uint16_t remote_port,
                                        std::uint32_t iss) const;
  std::optional<std::uint32_t> end(std::uint32_t host, std::uint32_t remote,
                                   std::uint16_t local_port, std::uint16_t remote_port) const;
  /// The timestamp of the last segment that a host sent; 0: it had none.
  std::uint32_t last_timestamp(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                               std::uint16_t remote_port) const;

 private:
  struct Syn {
    std::uint32_t seq = 0;
    std::uint16_t mss = 536;
    std::uint8_t scale = Seen::kNoScale;
    bool sack = false, timestamps = false;
  };
  struct Span {
    std::uint32_t begin, end;
  };
  struct Reset {
    std::uint32_t seq, ack;
    bool has_ack;
  };
  /// One host's side of one conversation.
  struct Side {
    bool opened = false;  // it has sent a SYN
    bool passive = false;
    Syn syn;
    std::uint32_t end = 0;                    // of what it has sent
    std::optional<std::uint32_t> end_before;  // on the same four-tuple, in the connection before
    std::optional<std::uint32_t> fin;
    bool spoke = false;  // beyond its SYN
    bool blind = false;  // not enough was seen to judge it
    std::uint32_t last_timestamp = 0, syn_timestamp = 0;

    std::optional<Syn> peer;            // whose SYN it acknowledges
    std::uint32_t complete = 0;         // up to here it has heard everything
    std::vector<Span> beyond;           // what else it has heard
    bool lost_track = false;            // too much to remember
    std::uint32_t last_ack = 0;         // that it sent
    std::uint32_t promised = 0;         // the right edge that it announced
    std::optional<std::uint32_t> edge;  // the furthest that it was told
    std::array<std::uint32_t, 8>
        peer_ends{};  // behind the last FINs that it heard; some may be forged
    std::uint32_t fin_count = 0;

    std::vector<Syn> syns;  // heard
    std::array<Reset, 32> resets{};
    std::uint32_t reset_count = 0;

    void learn(std::uint32_t begin, std::uint32_t length);
    void complete_what_is_there();
    bool has_heard(std::uint32_t begin, std::uint32_t last) const;
    std::uint8_t shift_of_own() const { return scaled() ? syn.scale : 0; }
    std::uint8_t shift_of_peer() const { return scaled() ? peer->scale : 0; }
    bool scaled() const {
      return peer && syn.scale != Seen::kNoScale && peer->scale != Seen::kNoScale;
    }
  };

  static std::uint64_t key(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                           std::uint16_t remote_port) {
    return std::uint64_t{host} << 56 | std::uint64_t{remote & 0xff} << 48 |
           std::uint64_t{local_port} << 16 | remote_port;
  }
  const Side* find(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                   std::uint16_t remote_port) const;
  const char* said_syn(Side& side, const Seen& seen);
  const char* check_ack(Side& side, const Seen& seen);
  const char* check_data(Side& side, const Seen& seen);
  const char* check_options(Side& side, const Seen& seen);

  std::unordered_map<std::uint64_t, Side> sides_;
};

}  // namespace conker::sim
