#include "daemon/control/time_wait_probe.hpp"

#include <algorithm>

namespace conker::daemon {

void TimeWaitProbe::on_fin(const verdict::Segment& fin, Instant now) {
  Closed closed{.question = {.ours = fin.source,
                             .flags = TcpFlags::kFin | TcpFlags::kAck,
                             .seq = fin.end() - 1,
                             .ack = fin.ack},
                .at = now};
  if (fin.timestamps) closed.question.timestamps = TcpTimestamps{fin.timestamp, fin.echo};
  if (recorded_ < kFirst) first_[recorded_] = closed;
  last_[recorded_++ % kNewest] = closed;
}

void TimeWaitProbe::ask(const verdict::Judge& judge, TupleProbe& probe, Instant now) {
  begin_ = probe.questions().size();
  const std::size_t older = recorded_ - std::min(recorded_, kNewest);
  for (const Closed& closed : std::span(first_).first(std::min(older, kFirst)))
    ask_one(closed, judge, probe, now);
  asked_of_first_ = asked_;
  for (std::size_t n = older; n != recorded_; ++n) ask_one(last_[n % kNewest], judge, probe, now);
  if (older == 0) asked_of_first_ = asked_;  // all of them are asked
}

void TimeWaitProbe::ask_one(const Closed& closed, const verdict::Judge& judge, TupleProbe& probe,
                            Instant now) {
  const TupleProbe::Question& question = closed.question;
  if (!judge.ended_in_order(question.ours, question.seq + 1)) return;
  const auto asked = probe.questions().subspan(begin_);  // a FIN may have been sent twice
  if (std::ranges::find(asked, question.ours, &TupleProbe::Question::ours) != asked.end()) return;
  probe.ask(question);
  ++asked_;
  oldest_ = std::max(oldest_, now - closed.at);
  newest_ = std::min(newest_, now - closed.at);
}

void TimeWaitProbe::conclude(const TupleProbe& probe) {
  if (asked_ == 0) return;
  protocol::TimeWaitProbed& result = result_.emplace();
  for (const TupleProbe::Question& question : probe.questions().subspan(begin_, asked_)) {
    ++result.probed;
    if (question.is == TupleProbe::Is::kHeld) ++result.kept;
    if (question.is == TupleProbe::Is::kForgotten) ++result.forgotten;
  }
  result.silent = result.probed - result.kept - result.forgotten;
  result.newest = newest_;
  result.oldest = oldest_;
}

std::optional<verdict::Judge::Found> TimeWaitProbe::broken(const Endpoint& target,
                                                           const verdict::Judge& judge,
                                                           Instant now) const {
  if (!result_ || result_->kept != 0 || result_->forgotten < kLeast || asked_of_first_ < kLeast ||
      result_->newest > kFresh || result_->oldest > kOld)
    return std::nullopt;
  const TupleProbe::Question& last = last_[(recorded_ - 1) % kNewest].question;
  verdict::Finding finding{.rule = verdict::Rule::kTimeWaitForgotten, .tuple = {}, .seq = {}};
  finding.tuple = {target.address, last.ours.address, target.port, last.ours.port};
  finding.seq = last.ack;
  finding.expected = static_cast<std::uint32_t>(result_->probed);
  return verdict::Judge::Found{finding, judge.number(last.ours), now};
}

}  // namespace conker::daemon
