// What the looks at a strike's target say against it.
#include "daemon/control/looks.hpp"

#include <gtest/gtest.h>

#include "daemon/control/findings.hpp"

namespace conker::daemon {
namespace {

using protocol::PeerIs;

std::vector<protocol::Look> looks(PeerIs before, std::vector<PeerIs> after) {
  std::vector<protocol::Look> seen(1);
  seen[0].before = true;
  seen[0].peer = before;
  for (std::size_t i = 0; i < after.size(); ++i) {
    seen.emplace_back().peer = after[i];
    seen.back().after = Looks::kAfter[i];
  }
  return seen;
}

TEST(Looks, ATargetThatIsWhatItWasHasLostNothing) {
  EXPECT_EQ(loss({}), "");
  EXPECT_EQ(loss(looks(PeerIs::kAlive, {})), "");
  EXPECT_EQ(loss(looks(PeerIs::kAlive, {PeerIs::kAlive})), "");
  EXPECT_EQ(loss(looks(PeerIs::kAlive, {PeerIs::kSlow})), "");
  EXPECT_EQ(loss(looks(PeerIs::kSlow, {PeerIs::kAlive})), "");
  EXPECT_EQ(loss(looks(PeerIs::kRefuses, {PeerIs::kGone})), "") << "it never served";
}

TEST(Looks, ATargetThatWasAliveAndIsNot) {
  EXPECT_EQ(loss(looks(PeerIs::kAlive, {PeerIs::kGone, PeerIs::kGone, PeerIs::kSilent})),
            "the peer was alive before and gone right after the strike: not back after 30.0 s");
  EXPECT_EQ(loss(looks(PeerIs::kSlow, {PeerIs::kSilent, PeerIs::kAlive})),
            "the peer was slow before and silent right after the strike: back within 5.0 s");
  EXPECT_EQ(
      loss(looks(PeerIs::kAlive, {PeerIs::kAcceptsAndResets, PeerIs::kRefuses, PeerIs::kAlive})),
      "the peer was alive before and accepts connections and resets them right after the "
      "strike: back within 30.0 s");
}

TEST(Looks, ALossFailsUnlessOurOwnLinkMayHaveMadeIt) {
  StrikeSummary summary;
  summary.cycles = summary.completed = summary.audit.opened = summary.audit.closed = 10;
  summary.audit.balanced = true;
  Findings findings{Instant(1s)};
  const auto judged = [&] {
    return Judgement::of({}, summary, findings, false, {.loss = "the peer is gone"});
  };
  EXPECT_EQ(judged().verdict, protocol::Verdict::kFail);
  EXPECT_EQ(judged().why, "the peer is gone");
  findings.impaired(Instant(2s));
  EXPECT_EQ(judged().verdict, protocol::Verdict::kInconclusive);
  EXPECT_EQ(judged().why, "the peer is gone; but faults were set on the link");
}

}  // namespace
}  // namespace conker::daemon
