// Messages as JSON, on a host: any structure with a visit() is written and parsed by it.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "protocol/text.hpp"
#include "protocol/visit.hpp"

namespace conker::protocol {

using json = nlohmann::ordered_json;

// ---- Writing ----

/// The count in milliseconds or microseconds, as `unit` says.
constexpr std::int64_t count_of(Duration duration, Unit unit) {
  return unit == Unit::kMilliseconds ? duration.count() / 1000 : duration.count();
}

/// Writes a value as JSON. `unit` is that of a duration. A type without a rule here is written by
/// its to_string().
template <typename T>
json to_json(const T& value, Unit unit = Unit::kPlain) {
  if constexpr (kIsOptional<T>) {
    return value ? to_json(*value, unit) : json(nullptr);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return value;
  } else if constexpr (std::is_same_v<T, Duration>) {
    if (unit == Unit::kSeconds) return static_cast<double>(value.count()) / 1e6;
    return count_of(value, unit);
  } else if constexpr (std::is_same_v<T, Seq>) {
    return value.value();
  } else if constexpr (Choice<T>) {
    return name_of(value);
  } else if constexpr (std::is_same_v<T, const char*>) {
    return value == nullptr ? json(nullptr) : json(value);
  } else if constexpr (Text<T>) {
    return std::string_view(value);
  } else if constexpr (Visitable<T> || kIsGroup<T>) {
    json object = json::object();
    const auto write = [&](std::string_view name, const auto& member, const About& about) {
      json written = to_json(member, about.unit);
      if (about.left_out && written.is_null()) return;
      object[std::string(name)] = std::move(written);
    };
    if constexpr (Visitable<T>) {
      T::visit(value, write);
    } else {
      if (!value.there) return nullptr;
      value.walk(write);
    }
    return object;
  } else if constexpr (Sequence<T>) {
    json list = json::array();
    for (const auto& entry : value) list.push_back(to_json(entry, unit));
    return list;
  } else {
    return to_string(value);
  }
}

/// Writes a call's parameters; absent ones are left out.
template <typename P>
json parameters_json(const P& parameters) {
  json object = json::object();
  P::visit(parameters, [&](std::string_view name, const auto& value, const About& about) {
    json written = to_json(value, about.unit);
    if (!written.is_null()) object[std::string(name)] = std::move(written);
  });
  return object;
}

// ---- Parsing ----

/// The error of a message that cannot be parsed: "connections[2].id: must be of type string".
class Unreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

[[noreturn]] inline void unreadable(const std::string& where, std::string_view what) {
  throw Unreadable(where + ": " + std::string(what));
}

template <typename T>
void take(const json& from, T& out, Unit unit, const std::string& where);

template <typename T>
void take_members(const json& from, T& out, const std::string& where) {
  T::visit(out, [&]<typename M>(std::string_view name, M&& member, const About& about) {
    // Members that the structure computes from others are not parsed.
    if constexpr (std::is_lvalue_reference_v<M> && !std::is_const_v<std::remove_reference_t<M>>) {
      const std::string place = where.empty() ? std::string(name) : where + "." + std::string(name);
      const auto found = from.find(std::string(name));
      if (found != from.end()) return take(*found, member, about.unit, place);
      if (!about.left_out) unreadable(place, "is missing");
    }
  });
}

/// Parses a value; an Unreadable with its place when that fails.
template <typename T>
void take(const json& from, T& out, Unit unit, const std::string& where) {
  constexpr auto wrong_type = [] {
    return "must be of type " + std::string(to_string(type_of<T>()));
  };
  if constexpr (kIsOptional<T>) {
    if (from.is_null()) {
      out.reset();
    } else {
      take(from, out.emplace(), unit, where);
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!from.is_boolean()) unreadable(where, wrong_type());
    out = from.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!from.is_number_integer()) unreadable(where, wrong_type());
    const bool fits = from.is_number_unsigned() ? std::in_range<T>(from.get<std::uint64_t>())
                                                : std::in_range<T>(from.get<std::int64_t>());
    if (!fits) unreadable(where, "is out of range");
    out = from.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!from.is_number()) unreadable(where, wrong_type());
    out = from.get<T>();
  } else if constexpr (std::is_same_v<T, Duration>) {
    double count = 0;
    take(from, count, unit, where);
    count *= unit == Unit::kSeconds ? 1e6 : unit == Unit::kMilliseconds ? 1e3 : 1;
    if (!(std::abs(count) < 0x1p63)) unreadable(where, "is out of range");
    out = Duration(std::llround(count));
  } else if constexpr (Visitable<T>) {
    if (!from.is_object()) unreadable(where, wrong_type());
    take_members(from, out, where);
  } else if constexpr (Choice<T>) {
    if (!from.is_string()) unreadable(where, wrong_type());
    const auto found = choice_named<T>(from.get_ref<const std::string&>());
    if (!found) unreadable(where, "must be one of " + std::string(choices_of(out)));
    out = *found;
  } else if constexpr (std::is_same_v<T, const char*>) {
    if (!from.is_string() && !from.is_null()) unreadable(where, wrong_type());
    out = from.is_null() ? nullptr : from.get_ref<const std::string&>().c_str();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!from.is_string()) unreadable(where, wrong_type());
    out = from.get_ref<const std::string&>();
  } else if constexpr (Sequence<T>) {
    if (!from.is_array()) unreadable(where, wrong_type());
    out.clear();
    for (const json& entry : from) {
      const std::string place = where + "[" + std::to_string(out.size()) + "]";
      take(entry, out.emplace_back(), unit, place);
    }
  } else {
    if (!from.is_string()) unreadable(where, wrong_type());
    if (!from_string(from.get_ref<const std::string&>(), out)) unreadable(where, "makes no sense");
  }
}

}  // namespace detail

/// Parses a message into a structure. Throws Unreadable. A plain `const char*` is a view into the
/// message. Fields that the structure does not have are ignored.
template <typename T>
T from_json(const json& message) {
  T out{};
  detail::take(message, out, Unit::kPlain, {});
  return out;
}

}  // namespace conker::protocol
