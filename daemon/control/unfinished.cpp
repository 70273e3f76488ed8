#include "daemon/control/unfinished.hpp"

namespace conker::daemon {

std::optional<verdict::Judge::Found> syn_ack_once(const Unfinished& unfinished,
                                                  const verdict::Judge& judge, Instant now) {
  if (unfinished.counts().repeated != 0) return std::nullopt;
  const Unfinished::Watched watched = unfinished.watched(now);
  if (watched.count < kLeastWatched) return std::nullopt;
  const FourTuple& ours = watched.tuple;
  verdict::Finding finding{.rule = verdict::Rule::kSynAckOnce, .tuple = {}, .seq = {}};
  finding.tuple = {ours.remote, ours.local, ours.remote_port, ours.local_port};
  finding.seq = watched.irs;
  finding.length = 1;
  finding.seen = watched.count;
  return verdict::Judge::Found{finding, judge.number({ours.local, ours.local_port}), now};
}

std::optional<protocol::StrikeTimeline::Unfinished> unfinished_of(const Unfinished& unfinished) {
  const Unfinished::Counts& counts = unfinished.counts();
  if (counts.left == 0) return std::nullopt;
  return protocol::StrikeTimeline::Unfinished{counts.left, counts.repeated};
}

}  // namespace conker::daemon
