// What a structure says about its members, for code that walks them: a writer, a reader, a printer,
// the schema. A structure that can be walked has one static function, which names each member once:
//
//     struct Counted {
//       std::uint64_t sent = 0;
//       static constexpr void visit(auto& self, auto&& field) {
//         field("sent", self.sent, About{.help = "segments sent", .unit = Unit::kPlain});
//       }
//     };
//
// Nothing here is code that an image carries: what no visitor looks at is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "stack/base/time.hpp"

namespace conker {

/// What a number counts. Of a Duration it decides how it is written, too.
enum class Unit : std::uint8_t {
  kPlain,    // a count
  kNominal,  // a number that counts nothing: a port, a seed, a sequence number
  kBytes,
  kMicroseconds,
  kMilliseconds,
  kSeconds,
  kPerSecond,
  kMillionths,  // of the frames of each direction
};

/// As schemas and help have it: "us"; empty for plain counts and texts.
constexpr std::string_view to_string(Unit unit) {
  switch (unit) {
    case Unit::kBytes:
      return "bytes";
    case Unit::kMicroseconds:
      return "us";
    case Unit::kMilliseconds:
      return "ms";
    case Unit::kSeconds:
      return "s";
    case Unit::kPerSecond:
      return "1/s";
    case Unit::kMillionths:
      return "millionths";
    case Unit::kPlain:
    case Unit::kNominal:
      break;
  }
  return {};
}

struct About {
  std::string_view help;
  Unit unit = Unit::kPlain;
  std::string_view column{};  // title in a table; empty: not shown there
  bool left_out = false;      // where it is null it is not there at all
  bool now = false;           // how many there are now: it may fall. Other counts only rise
  // Of parameters only.
  bool required = false;
  std::string_view fallback{};  // what holds when it is not given, where no default says it
  std::int64_t min = 0;         // of integers, both included
  std::int64_t max = INT64_MAX;
  std::string_view choices{};  // of texts: "debug|info"; empty: anything
};

/// The range of a number, both included.
constexpr About within(std::int64_t low, std::int64_t high) {
  return {.help = {}, .min = low, .max = high};
}
/// The range of a time, which About has in microseconds.
constexpr About within(Duration low, Duration high) {
  return {.help = {}, .unit = Unit::kMicroseconds, .min = low.count(), .max = high.count()};
}

namespace detail {
struct AnyField {
  constexpr void operator()(std::string_view, auto&&, const About&) const {}
};
}  // namespace detail

// ---- Choices, as one text ----

/// The n-th of "a|b|c"; empty when there are fewer.
constexpr std::string_view choice_at(std::string_view choices, std::size_t n) {
  for (; n > 0; --n) {
    const std::size_t bar = choices.find('|');
    if (bar == std::string_view::npos) return {};
    choices.remove_prefix(bar + 1);
  }
  return choices.substr(0, choices.find('|'));
}
/// Where "b" stands in "a|b|c"; nothing when it does not.
constexpr std::optional<std::size_t> find_choice(std::string_view choices, std::string_view text) {
  for (std::size_t n = 0; !choices.empty(); ++n) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == text) return n;
    if (bar == std::string_view::npos) break;
    choices.remove_prefix(bar + 1);
  }
  return std::nullopt;
}

/// A structure that can be walked.
template <typename T>
concept Visitable = requires(T& value) {
  T::visit(value, detail::AnyField{});
};

/// Members that stand together under one name without being a structure of their own. Only for
/// those who look: nothing can be read into them.
template <typename Walk>
struct Group {
  Walk walk;          // takes a visitor
  bool there = true;  // else null
};

/// members([&](auto&& field) { field("send", self.send_queue, About{...}); })
template <typename Walk>
constexpr Group<Walk> members(Walk walk, bool there = true) {
  return {std::move(walk), there};
}

template <typename T>
inline constexpr bool kIsGroup = false;
template <typename Walk>
inline constexpr bool kIsGroup<Group<Walk>> = true;

}  // namespace conker
