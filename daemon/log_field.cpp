#include "daemon/log_field.hpp"

#include <algorithm>

namespace conker::daemon {
namespace {

std::string present;

}  // namespace

const std::string& LogField::lines() {
  return present;
}

LogField::LogField(std::string_view name, std::string value) : before_(present.size()) {
  std::ranges::replace(value, '\n', ' ');  // which would begin another field
  present.append(name).append("=").append(value).append("\n");
}

LogField::~LogField() {
  present.resize(before_);
}

}  // namespace conker::daemon
