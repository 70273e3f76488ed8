// Whether the target keeps TIME-WAIT (RFC 9293, 3.6.1): the probe, after a strike, of connections
// that it has closed first. Our FIN comes once more: a host in TIME-WAIT answers by an ACK, one
// that has forgotten the connection by a RST.
//
// Hosts that are short of room for TIME-WAIT forget the oldest ones, as most do, or take no more,
// as Linux does beyond tcp_max_tw_buckets. So the newest are asked and the first, and a rule is
// told only of a host that has none of all. It is a note: its room may have been taken before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "daemon/control/tuple_probe.hpp"
#include "protocol/look.hpp"
#include "stack/base/time.hpp"
#include "stack/verdict/judge.hpp"
#include "stack/verdict/segment.hpp"

namespace conker::daemon {

class TimeWaitProbe {
 public:
  /// How many are asked: of the newest, and of the first ones.
  static constexpr std::size_t kNewest = 256, kFirst = 32;
  /// A rule is told where so many were forgotten, and of the first ones so many asked; where the
  /// newest had ended no longer ago than kFresh, and none was older than kOld. RFC 9293 has 4
  /// minutes, Linux 1.
  static constexpr std::size_t kLeast = 16;
  static constexpr Duration kFresh = 1s, kOld = 30s;

  /// A FIN of ours for which the judge says that the target has closed before.
  void on_fin(const verdict::Segment& fin, Instant now);
  /// The strike is over: asks of all that have ended in order, and were opened once.
  void ask(const verdict::Judge& judge, TupleProbe& probe, Instant now);
  /// All is asked: counts the answers.
  void conclude(const TupleProbe& probe);
  /// That the target keeps none; nothing where that is not certain.
  std::optional<verdict::Judge::Found> broken(const Endpoint& target, const verdict::Judge& judge,
                                              Instant now) const;

  /// None where nothing was asked.
  const std::optional<protocol::TimeWaitProbed>& result() const { return result_; }

 private:
  struct Closed {
    TupleProbe::Question question;
    Instant at{};  // our FIN
  };
  void ask_one(const Closed& closed, const verdict::Judge& judge, TupleProbe& probe, Instant now);

  std::array<Closed, kFirst> first_{};
  std::array<Closed, kNewest> last_{};  // a ring
  std::size_t recorded_ = 0;
  // Of `probe`.
  std::size_t begin_ = 0, asked_ = 0, asked_of_first_ = 0;
  Duration oldest_{0}, newest_ = Duration::max();
  std::optional<protocol::TimeWaitProbed> result_;
};

}  // namespace conker::daemon
