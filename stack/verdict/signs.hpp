// What a host can tell of its peers' TCP without seeing a frame: from the counters of its own
// stack, and from the initial sequence numbers of its connections. For those that have no room for
// a judge (judge.hpp), as the firmware.
//
// Of the counters only those serve that a right peer leaves at 0 on whatever network: what else the
// stack refuses may be late, repeated or of a connection before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "stack/base/counters.hpp"
#include "stack/verdict/isn_sequence.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class Signs {
 public:
  /// Looks at what is counted from now on.
  void begin(const Counters& counters);
  /// The ISN of the peer's next connection, in the order of opening; `ours`: its other end.
  void add_isn(const Endpoint& ours, Seq isn);
  /// Calls tell(rule, times) for each rule that was broken.
  void visit(const Counters& counters, auto&& tell) const {
    for (std::size_t i = 0; i < kSigns.size(); ++i) {
      const auto times = static_cast<std::uint32_t>(counters[kSigns[i].count]) - before_[i];
      if (times != 0) tell(kSigns[i].rule, times);
    }
    if (isn_) tell(isn_->rule, isn_->seen);
  }

 private:
  struct Sign {
    Count count;
    Rule rule;
  };
  static constexpr std::array<Sign, 4> kSigns{{
      {Count::drop_ip_malformed, Rule::kBadLength},
      {Count::drop_ip_checksum, Rule::kBadIpChecksum},
      {Count::drop_segment_checksum, Rule::kBadTcpChecksum},
      {Count::drop_segment_malformed, Rule::kBadOptions},
  }};

  std::array<std::uint32_t, kSigns.size()> before_{};
  IsnSequence sequence_;
  std::optional<Broken> isn_;
};

}  // namespace conker::verdict
