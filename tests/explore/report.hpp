// What the exploration says at its end.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/explore/search.hpp"

namespace conker::explore {

using Searches = std::vector<std::unique_ptr<Search>>;

/// For people: what was found and how to see it again, or that nothing was; then how much was
/// looked at.
void print_report(const Searches& searches, double seconds);
/// One line for programs.
void print_json(const Searches& searches, double seconds);
/// The same two where nothing but a finding is left to tell.
void print_finding(const Scene& scene, const std::string& what, const std::vector<Action>& path,
                   bool story);

/// Runs actions in a scene and tells what happens; whether something was wrong, and in `what` what.
bool tell_story(const Scene& scene, const std::vector<Action>& path, std::string& what);

std::string replay_text(const std::vector<Action>& path);
std::string json_text(const std::string& text);

}  // namespace conker::explore
