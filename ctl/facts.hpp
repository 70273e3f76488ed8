// A generic form of results for people: a line for each member of the structure, by its visit(), so
// that new members are shown without further code.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "ctl/client.hpp"
#include "ctl/format.hpp"

namespace conker::ctl {

namespace detail {

inline std::string spaced(std::string_view name) {
  for (const std::string_view unit : {"_ms", "_us", "_s"}) {
    if (name.ends_with(unit)) name.remove_suffix(unit.size());
  }
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

/// The text of a number, a string or a list of them.
inline std::string value_to_string(const json& value, Unit unit) {
  if (value.is_number_integer()) return in_unit(value.get<std::int64_t>(), unit);
  if (value.is_string()) return value.get<std::string>();
  std::string text;
  if (value.is_array()) {
    for (const json& entry : value) {
      text += (text.empty() ? "" : entry.is_array() ? ", " : "-") + value_to_string(entry, unit);
    }
    return text;
  }
  return value.dump();
}

/// "name value" of each member, in one line. Members that are null or false are left out; of true
/// ones only the name is given.
struct Inside {
  const json& object;
  std::string text{};

  template <typename T>
  void operator()(std::string_view name, const T& member, const About& about) {
    const auto found = object.find(std::string(name));
    if (found == object.end() || found->is_null() || *found == false) return;
    std::string words = spaced(name);
    if constexpr (kIsGroup<T>) {
      Inside inside{*found};
      member.walk(inside);
      if (inside.text.empty()) return;
      words += " " + inside.text;
    } else if (!found->is_boolean()) {
      const std::string value = value_to_string(*found, about.unit);
      if (value.empty()) return;
      words += " " + value;
    }
    text += (text.empty() ? "" : ", ") + words;
  }
};

}  // namespace detail

/// A line for each member of T that `result` has; lists of structures are left out.
template <typename T>
std::string facts_to_string(const json& result) {
  Table facts({{""}, {""}});
  const T shape{};
  T::visit(shape, [&]<typename M>(std::string_view name, const M& member, const About& about) {
    const auto found = result.find(std::string(name));
    if (found == result.end() || found->is_null()) return;
    if constexpr (kIsGroup<M>) {
      detail::Inside inside{*found};
      member.walk(inside);
      facts.add({detail::spaced(name), inside.text.empty() ? "none" : inside.text});
    } else if constexpr (protocol::type_of<M>() != protocol::Type::kList) {
      const std::string text = found->is_boolean() ? (*found == true ? "yes" : "no")
                                                   : detail::value_to_string(*found, about.unit);
      facts.add({detail::spaced(name), text});
    }
  });
  return facts.to_string();
}

}  // namespace conker::ctl
