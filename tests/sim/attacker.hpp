// A blind attacker (RFC 5961, RFC 5927): it receives nothing, and forges segments and ICMP at a
// rate, in bursts of the script. Forged segments must not end, stall or slow down any connection.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/sim/context.hpp"
#include "tests/sim/forged.hpp"
#include "tests/sim/host.hpp"
#include "tests/sim/script.hpp"

namespace conker::sim {

class Attacker {
 public:
  /// The kinds of a burst: one shape of segments, or one of these. kAny mixes all of them.
  enum Family : std::uint32_t { kIcmp = kShapes, kTooBig, kStray, kKnock, kAny, kFamilies };
  /// What the attacker knows.
  enum Knows : std::uint32_t { kAddresses, kPorts, kNumbers, kKnowledge };
  static constexpr std::uint32_t kMostASecond = 1000;

  Attacker(Context& context, std::vector<std::unique_ptr<Host>>& hosts)
      : context_(context), hosts_(hosts) {}

  /// Starts a burst. The arguments are those of Do::kAttack.
  void begin(const Op& op);
  void step();
  Instant next() const;
  void stop() { bursts_.clear(); }

 private:
  struct Burst {
    std::uint32_t host, knows, family;
    Duration every;
    Instant next, end;
    Dice dice;
  };

  void send_one(Burst& burst);
  void send(const Burst& burst, const char* what, const test::Bytes& frame);
  std::vector<Mark> marks(std::uint32_t host) const;
  Mark mark_of(const ConnectionInfo& info) const;
  void stray(Burst& burst);
  void knock(Burst& burst);

  Context& context_;
  std::vector<std::unique_ptr<Host>>& hosts_;
  std::vector<Burst> bursts_;
};

}  // namespace conker::sim
