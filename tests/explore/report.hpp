// Output of the exploration's results.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/explore/search.hpp"

namespace conker::explore {

using Searches = std::vector<std::unique_ptr<Search>>;

/// Prints for people: what was found and how to replay it, or that nothing was; then how much was
/// explored.
void print_report(const Searches& searches, double seconds);
/// Prints one line of JSON.
void print_json(const Searches& searches, double seconds);
/// Print one finding only, in the same two forms.
void print_finding(const Scene& scene, const std::string& what, const std::vector<Action>& path,
                   bool story);

/// Runs actions in a scene and prints what happens; true when something is wrong, and `what` says
/// what.
bool tell_story(const Scene& scene, const std::vector<Action>& path, std::string& what);

std::string to_string(const std::vector<Action>& path);
std::string json_string(const std::string& text);

}  // namespace conker::explore
