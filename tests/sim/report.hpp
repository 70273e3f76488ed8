// What is told to whoever started it: lines for a person, one JSON object for a program.
#pragma once

#include <string>

#include "tests/sim/search.hpp"

namespace conker::sim {

void tell_person(const SearchResult& result, const std::string& stem);
void tell_program(const SearchResult& result);
/// 12,345,678.
std::string grouped(std::uint64_t n);
std::string quoted(const std::string& text);

}  // namespace conker::sim
