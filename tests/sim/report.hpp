// Output: lines for people, and one JSON object for programs.
#pragma once

#include <string>

#include "tests/sim/search.hpp"

namespace conker::sim {

void tell_person(const SearchResult& result, const std::string& stem);
void tell_program(const SearchResult& result);
/// The number as text, grouped: 12,345,678.
std::string grouped(std::uint64_t n);
std::string quoted(const std::string& text);

}  // namespace conker::sim
