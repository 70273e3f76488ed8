// Reads a call's parameters into the structure of its verb. Freestanding: they may come from JSON
// or from words NAME=VALUE.
#pragma once

#include <span>
#include <string_view>

#include "protocol/check.hpp"
#include "protocol/visit.hpp"

namespace conker::protocol {

namespace detail {

/// Reads one value; check() has verified its type.
template <typename T>
void assign(T& out, const Given& given) {
  if constexpr (kIsOptional<T>) {
    assign(out.emplace(), given);
  } else if constexpr (std::is_same_v<T, bool>) {
    out = given.integer != 0;
  } else if constexpr (std::is_integral_v<T>) {
    out = static_cast<T>(given.integer);
  } else if constexpr (Choice<T>) {
    out = choice_named<T>(given.text).value_or(T{});
  } else {
    out = T(given.text);
  }
}

}  // namespace detail

/// Reads the given parameters into `out`, whose other members keep their defaults. On an error
/// `out` is not changed.
template <typename P>
Finding read(std::span<const Given> given, P& out) {
  const Finding finding = check(kParameters<P>, given);
  if (finding.wrong != Wrong::kNothing) return finding;
  for (const Given& one : given) {
    P::visit(out, [&](std::string_view name, auto& value, const About&) {
      if (name == one.name) detail::assign(value, one);
    });
  }
  return finding;
}

}  // namespace conker::protocol
