// Checks the parameters of a call against the table of its verb.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/verb.hpp"

namespace conker::protocol {

/// One parameter as a call gave it.
struct Given {
  std::string_view name;
  Type type = Type::kString;
  std::int64_t integer = 0;  // of kInteger; of kBoolean 0 or 1
  std::string_view text{};   // of kString
};

/// The parameter of a name; null when there is none.
const Parameter* find(std::span<const Parameter> parameters, std::string_view name);
const Given* find(std::span<const Given> given, std::string_view name);

enum class Wrong : std::uint8_t { kNothing, kUnknown, kMissing, kType, kRange, kChoice };

struct Finding {
  Wrong wrong = Wrong::kNothing;
  std::string_view name{};               // of the parameter
  const Parameter* parameter = nullptr;  // null when there is none of that name
  Type given = Type::kString;
};

/// The first fault: given parameters are checked in order, then missing ones are looked for.
Finding check(std::span<const Parameter> parameters, std::span<const Given> given);

/// One line for a person, written into `out` and cut to its length: "strike: close must be one of
/// fin|rst".
std::string_view explain(std::string_view verb, std::span<const Parameter> parameters,
                         const Finding& finding, std::span<char> out);

}  // namespace conker::protocol
