// Two reports of strikes beside each other: what is new in the second, what is gone, and how its
// figures compare with those of the first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/error.hpp"
#include "protocol/judgement.hpp"

namespace conker::ctl {

struct ReportDiff {
  /// A figure of both. `noise`: two standard errors of the ratio, as far as the seconds of each
  /// strike differ among themselves; null where they do not tell.
  struct Figure {
    std::string name, unit;
    double a = 0, b = 0;
    std::optional<double> ratio{}, noise{};

    /// Whether the two differ by more than their noise.
    bool differs() const { return ratio && noise && (*ratio < 1 - *noise || *ratio > 1 + *noise); }

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "what is compared"});
      field("unit", self.unit, About{.help = "of a and b"});
      field("a", self.a, About{.help = "of the first strike"});
      field("b", self.b, About{.help = "of the second one"});
      field("ratio", self.ratio, About{.help = "b / a; null where a is 0"});
      field("noise", self.noise,
            About{.help = "two standard errors of the ratio, by the seconds of both; null where "
                          "there are too few, or they do not have the figure"});
    }
  };
  /// A rule that was broken for certain, or a kind of failed cycle.
  struct Entry {
    std::string name, severity;
    std::uint64_t a = 0, b = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "a rule, or a kind of failed cycle"});
      field("severity", self.severity, About{.help = "fault, weakness, note, or failure"});
      field("a", self.a, About{.help = "connections of the first strike"});
      field("b", self.b, About{.help = "connections of the second one"});
    }
  };
  /// What was asked of the two that is not the same.
  struct Asked {
    std::string name, a, b;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "a parameter"});
      field("a", self.a, About{.help = "of the first strike"});
      field("b", self.b, About{.help = "of the second one"});
    }
  };

  protocol::Verdict verdict_a{}, verdict_b{};
  std::uint64_t cycles_a = 0, cycles_b = 0;
  std::vector<Asked> asked;
  std::vector<Figure> figures;
  std::vector<Entry> appeared{}, gone{}, both{};

  static ReportDiff of(const protocol::Strike::Result& a, const protocol::Strike::Result& b);
  /// kExitFail where the second one is worse: its verdict is, or more than a note is new.
  Exit exit() const;
  std::string text() const;

  static constexpr void visit(auto& self, auto&& field) {
    field("verdict_a", self.verdict_a, About{.help = "of the first strike"});
    field("verdict_b", self.verdict_b, About{.help = "of the second one"});
    field("cycles_a", self.cycles_a, About{.help = "begun by the first strike"});
    field("cycles_b", self.cycles_b, About{.help = "begun by the second one"});
    field("asked", self.asked, About{.help = "parameters that are not the same"});
    field("figures", self.figures, About{.help = "both have"});
    field("new", self.appeared, About{.help = "in the second strike alone"});
    field("gone", self.gone, About{.help = "in the first one alone"});
    field("both", self.both, About{.help = "in both"});
  }
};

}  // namespace conker::ctl
