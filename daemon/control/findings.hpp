// What the judge has found of a strike's target: counted by rule, with the first of each, and what
// speaks against our own side.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/control/timeline.hpp"
#include "protocol/judgement.hpp"
#include "stack/base/time.hpp"
#include "stack/strike/ladder.hpp"
#include "stack/verdict/judge.hpp"

namespace conker::daemon {

class Evidence;

class Findings final : public verdict::Judge::Sink {
 public:
  /// How often running() is called.
  static constexpr Duration kHeartbeat = 20ms;
  /// How late it may be called before what was taken for late or lost may be the daemon's own
  /// doing.
  static constexpr Duration kStall = 30ms;

  /// Called with the first finding of a rule, and with the first that is not inconclusive.
  using OnFirst = std::function<void(const protocol::Strike::Finding&)>;

  /// `evidence`: what keeps the frames of findings; null for none.
  explicit Findings(Instant began, Evidence* evidence = nullptr, const Before& before = {},
                    OnFirst on_first = {})
      : began_(began),
        ran_at_(began),
        evidence_(evidence),
        before_(before),
        on_first_(std::move(on_first)) {}

  void on_finding(const verdict::Judge::Found& found) override;
  /// The daemon runs; when it is not called for long, it did not. `lost`: how our own link has not
  /// been up since the last call, "link lab was gone"; empty where it was. What failed meanwhile,
  /// or was waited for since then, proves nothing about the target.
  void running(Instant now, std::string lost = {});
  /// The link loses, delays or changes frames on purpose (conkerctl fault): what is found while it
  /// does, or did lately, proves nothing about the target.
  void impaired(Instant now) { impaired_at_ = now; }

  /// What is slow or silent because more at a time were tried than the target bears is not counted
  /// while the ladder learns how many those are. It must outlive the strike.
  void while_learning(const Ladder& ladder) { ladder_ = &ladder; }

  /// From here on no frame proves a finding.
  void without_evidence() { evidence_ = nullptr; }

  /// The worst that is not inconclusive; nothing where there is none.
  std::optional<verdict::Severity> worst() const;
  bool any_inconclusive() const;
  /// Whether the link was made worse on purpose.
  bool any_impairment() const { return impaired_at_.has_value(); }
  /// For how long our own link was not up, in words; empty where it was up all the time.
  std::string loss_of_link() const;
  /// How many there are that are not inconclusive.
  std::uint64_t conclusive() const { return conclusive_; }
  /// How many rules were found broken.
  std::uint64_t rules() const;
  /// The first of a rule that is not inconclusive; null where there is none.
  const verdict::Judge::Found* first_of(verdict::Rule rule) const;
  /// All of them, the worst first.
  std::vector<protocol::Strike::Finding> list() const;

 private:
  struct Tally {
    std::uint64_t count = 0, inconclusive = 0;
    const char* because = "";
    verdict::Judge::Found first{};  // the first that is not inconclusive, if there is one
  };
  const char* doubt(const verdict::Judge::Found& found) const;
  protocol::Strike::Finding finding(verdict::Rule rule) const;

  Instant began_;
  Instant ran_at_;
  Evidence* evidence_;
  const Ladder* ladder_ = nullptr;
  Before before_;
  OnFirst on_first_;
  std::optional<Instant> stalled_to_, impaired_at_, link_lost_at_;
  Duration link_lost_for_{0};
  std::string link_lost_how_;
  std::uint64_t conclusive_ = 0;
  std::array<Tally, verdict::kRules> tallies_{};
};

/// What bears upon a verdict beside figures and findings.
struct Circumstances {
  std::optional<protocol::Stopped> stopped = std::nullopt;
  std::string loss = "";                                // of the target, as looks show it
  std::optional<Quantiles> connect_due = std::nullopt;  // with a rate, what connect's limit is of
  std::uint64_t excused = 0;                            // failed cycles that are no fault
  std::uint64_t turned_away = 0;                        // peers that may not come
};

/// The verdict of a strike that is over, and why.
struct Judgement {
  protocol::Verdict verdict;
  std::string why;

  static Judgement of(const protocol::Strike::Parameters& limits, const StrikeSummary& summary,
                      const Findings& findings, bool interrupted, const Circumstances& beside = {});
};

}  // namespace conker::daemon
