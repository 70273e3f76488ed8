// Derived from the visit() of a structure (stack/base/field.hpp): the protocol's types of its
// members, the table of a verb's parameters, and a flat list of a result's fields.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "protocol/verb.hpp"
#include "stack/base/field.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"

namespace conker::protocol {

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <typename T>
concept Text = std::convertible_to<const T&, std::string_view>;
/// An enumeration with names in the protocol: choices_of(value) is "fin|rst", in order.
template <typename T>
concept Choice = std::is_enum_v<T> && requires(T value) {
  { choices_of(value) } -> std::convertible_to<std::string_view>;
};
template <typename T>
concept Sequence = !Text<T> && requires(const T& value) {
  value.begin();
  value.end();
};

template <Choice E>
constexpr std::string_view name_of(E value) {
  return choice_at(choices_of(value), static_cast<std::size_t>(value));
}
/// The value that has this name; nothing where none has.
template <Choice E>
constexpr std::optional<E> choice_named(std::string_view name) {
  const auto found = find_choice(choices_of(E{}), name);
  return found ? std::optional(static_cast<E>(*found)) : std::nullopt;
}

/// The type of a value in messages. A type without a rule here is a string.
template <typename T>
constexpr Type type_of() {
  if constexpr (kIsOptional<T>) {
    return type_of<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return Type::kBoolean;
  } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, Duration> ||
                       std::is_same_v<T, Seq>) {
    return Type::kInteger;
  } else if constexpr (std::is_floating_point_v<T>) {
    return Type::kNumber;
  } else if constexpr (Visitable<T> || kIsGroup<T>) {
    return Type::kObject;
  } else if constexpr (Sequence<T>) {
    return Type::kList;
  } else {
    return Type::kString;
  }
}

// ---- Parameters ----

namespace detail {

template <typename P>
consteval std::size_t count_fields() {
  std::size_t count = 0;
  P p{};
  P::visit(p, [&](std::string_view, auto&&, const About&) { ++count; });
  return count;
}

template <typename T>
constexpr Parameter parameter(std::string_view name, const T& value, const About& about) {
  Parameter made{name,       type_of<T>(),   about.required ? Need::kRequired : Need::kOptional,
                 about.help, about.fallback, about.min,
                 about.max,  about.choices};
  if constexpr (Choice<T>) {
    made.choices = choices_of(value);
    if (!about.required && made.fallback.empty()) made.fallback = name_of(value);
  } else if constexpr (kIsOptional<T>) {
    if constexpr (Choice<typename T::value_type>) {
      made.choices = choices_of(typename T::value_type{});
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!about.required && made.fallback.empty()) made.fallback = value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    if (!about.required && made.fallback.empty()) made.preset = static_cast<std::int64_t>(value);
  }
  return made;
}

template <typename P>
consteval auto make_parameters() {
  std::array<Parameter, count_fields<P>()> list{};
  P p{};
  std::size_t i = 0;
  P::visit(p, [&](std::string_view name, const auto& value, const About& about) {
    list[i++] = parameter(name, value, about);
  });
  return list;
}

}  // namespace detail

/// The parameters of a verb, from their structure.
template <typename P>
inline constexpr auto kParameters = detail::make_parameters<P>();

/// One parameter, by its member: parameter_of(&Open::Parameters::local).
template <typename P, typename M>
const Parameter& parameter_of(M P::*member) {
  P p{};
  std::size_t i = 0, found = 0;
  const void* wanted = &(p.*member);
  P::visit(p, [&](std::string_view, auto& value, const About&) {
    if (static_cast<const void*>(&value) == wanted) found = i;
    ++i;
  });
  return kParameters<P>[found];
}

// ---- Results ----

/// Receives every field of a result; the fields of nested structures follow those of the outer one.
class FieldSink {
 public:
  virtual void field(std::string_view name, Type type, const About& about) = 0;
  virtual void enter(std::string_view name) = 0;
  virtual void leave() = 0;

 protected:
  ~FieldSink() = default;
};

namespace detail {

template <typename T>
void describe_inside(std::string_view name, const T& value, FieldSink& sink);

struct Describe {
  FieldSink& sink;

  template <typename T>
  void operator()(std::string_view name, const T& value, const About& about) const {
    const bool seconds = std::is_same_v<T, Duration> && about.unit == Unit::kSeconds;
    sink.field(name, seconds ? Type::kNumber : type_of<T>(), about);
    describe_inside(name, value, sink);
  }
};

template <typename T>
void describe_inside(std::string_view name, const T& value, FieldSink& sink) {
  if constexpr (kIsOptional<T>) {
    describe_inside(name, typename T::value_type{}, sink);
  } else if constexpr (Visitable<T>) {
    sink.enter(name);
    T::visit(value, Describe{sink});
    sink.leave();
  } else if constexpr (kIsGroup<T>) {
    sink.enter(name);
    value.walk(Describe{sink});
    sink.leave();
  } else if constexpr (Sequence<T>) {
    describe_inside(name, std::remove_cvref_t<decltype(*value.begin())>{}, sink);
  }
}

}  // namespace detail

template <typename R>
void describe(FieldSink& sink) {
  const R result{};
  R::visit(result, detail::Describe{sink});
}

/// For verbs without parameters or without a result.
struct Nothing {
  static constexpr void visit(auto&, auto&&) {}
};

}  // namespace conker::protocol
