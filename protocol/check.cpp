#include "protocol/check.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/visit.hpp"

namespace conker::protocol {
namespace {

Wrong check_value(const Parameter& parameter, const Given& given) {
  if (given.type != parameter.type) return Wrong::kType;
  if (given.type == Type::kInteger &&
      (given.integer < parameter.min || given.integer > parameter.max)) {
    return Wrong::kRange;
  }
  if (given.type == Type::kString && !parameter.choices.empty() &&
      !find_choice(parameter.choices, given.text)) {
    return Wrong::kChoice;
  }
  return Wrong::kNothing;
}

/// Appends pieces of text; what does not fit is cut off.
class Line {
 public:
  explicit Line(std::span<char> out) : out_(out) {}

  Line& operator<<(std::string_view text) {
    const std::size_t n = std::min(text.size(), out_.size() - size_);
    std::copy_n(text.begin(), n, out_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += n;
    return *this;
  }
  Line& operator<<(std::int64_t number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    return *this << std::string_view(digits, static_cast<std::size_t>(end.ptr - digits));
  }
  std::string_view text() const { return {out_.data(), size_}; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

/// Shortens a name of a client: a long one would displace the rest of the line.
std::string_view shortened(std::string_view name) {
  return name.substr(0, 40);
}

}  // namespace

// Plain loops: std::find_if takes four times the code.

const Parameter* find(std::span<const Parameter> parameters, std::string_view name) {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

const Given* find(std::span<const Given> given, std::string_view name) {
  for (const Given& one : given) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

Finding check(std::span<const Parameter> parameters, std::span<const Given> given) {
  for (const Given& one : given) {
    const Parameter* parameter = find(parameters, one.name);
    if (parameter == nullptr) return {Wrong::kUnknown, one.name, nullptr, one.type};
    const Wrong wrong = check_value(*parameter, one);
    if (wrong != Wrong::kNothing) return {wrong, one.name, parameter, one.type};
  }
  for (const Parameter& parameter : parameters) {
    if (parameter.need == Need::kRequired && find(given, parameter.name) == nullptr) {
      return {Wrong::kMissing, parameter.name, &parameter, parameter.type};
    }
  }
  return {};
}

std::string_view explain(std::string_view verb, std::span<const Parameter> parameters,
                         const Finding& finding, std::span<char> out) {
  Line line(out);
  line << verb << ": ";
  switch (finding.wrong) {
    case Wrong::kNothing:
      line << "nothing is wrong";
      break;
    case Wrong::kUnknown: {
      line << "there is no parameter " << shortened(finding.name);
      if (parameters.empty()) {
        line << ": it takes none";
        break;
      }
      std::string_view separator = ": it takes ";
      for (const Parameter& parameter : parameters) {
        line << separator << parameter.name;
        separator = ", ";
      }
      break;
    }
    case Wrong::kMissing:
      line << "the parameter " << finding.name << " is missing: " << finding.parameter->help;
      break;
    case Wrong::kType:
      line << finding.name << " must be of type " << to_string(finding.parameter->type) << ", not "
           << to_string(finding.given);
      break;
    case Wrong::kRange:
      line << finding.name << " must be from " << finding.parameter->min << " to "
           << finding.parameter->max;
      break;
    case Wrong::kChoice:
      line << finding.name << " must be one of " << finding.parameter->choices;
      break;
  }
  return line.text();
}

}  // namespace conker::protocol
