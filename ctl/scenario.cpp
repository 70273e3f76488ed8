#include "ctl/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

/// A word of a command line as a shell takes it.
std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_=.,:/%+@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string ScenarioPhase::label() const {
  return repeats == 1 ? name : fmt::format("{} ({} of {})", name, repetition, repeats);
}

std::string ScenarioPhase::stem() const {
  return repeats == 1 ? fmt::format("{:02}-{}", number, name)
                      : fmt::format("{:02}-{}-{}", number, name, repetition);
}

std::string ScenarioPhase::command() const {
  std::string text = "conkerctl strike";
  if (!target.empty() || !open_target.empty())
    text += " " + (target.empty() ? "HOST:PORT" : shell_word(target));
  for (const std::string& word : words) text += " " + shell_word(word);
  return text;
}

std::optional<Duration> ScenarioPhase::expected() const {
  if (parameters.duration_ms) return pause + std::chrono::milliseconds(*parameters.duration_ms);
  if (!parameters.rate || !parameters.cycles) return std::nullopt;
  const double seconds = static_cast<double>(*parameters.cycles) / *parameters.rate;
  // The rate grows to it from 0: half of the cycles are missing meanwhile.
  const auto ramp = std::chrono::milliseconds(parameters.ramp_ms.value_or(0) / 2);
  return pause + ramp +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string ScenarioPhase::whom() const {
  return parameters.passive ? "whoever connects to " + parameters.target : target;
}

Scenario::Length Scenario::length() const {
  Length sum;
  for (const ScenarioPhase& phase : phases) {
    if (const auto expected = phase.expected()) {
      sum.known += *expected;
    } else {
      sum.known += phase.pause;
      ++sum.open;
    }
  }
  return sum;
}

std::string Scenario::extent() const {
  const Length of = length();
  std::string text = fmt::format("{} phase{}, ", phases.size(), phases.size() == 1 ? "" : "s");
  if (of.open == phases.size()) return text + "as long as their cycles take";
  text += "about " + to_string(of.known);
  if (of.open != 0) text += fmt::format(" and what the cycles of {} of them take", of.open);
  return text;
}

}  // namespace conker::ctl
