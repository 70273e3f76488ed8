#include "config/keys.hpp"

namespace conker::config {

void read(const Value& value, bool& out, const About& about) {
  out = about.choices.empty() ? value.boolean() : value.choice(about.choices) != 0;
}

void read(const Value& value, Duration& out, const About& about) {
  out = value.duration(Duration(about.min), Duration(about.max));
}

void read(const Value& value, std::string& out, const About&) {
  out = value.text();
}

void read(const Value& value, InterfaceName& out, const About&) {
  out.text = value.interface_name();
}

void read(const Value& value, SocketPath& out, const About&) {
  out.text = value.socket_path();
}

void read(const Value& value, Directory& out, const About&) {
  out.text = value.text();
  if (!out.text.starts_with('/')) value.fail("must be an absolute path");
}

void read(const Value& value, FileMode& out, const About&) {
  out.bits = value.mode();
}

void read(const Value& value, PerFamily<Prefix>& out, const About&) {
  out = read_per_family<Prefix>(value, [](const Value& one) { return one.host(); });
}

void read(const Value& value, std::vector<Prefix>& out, const About&) {
  for (const Value& entry : value.list()) out.push_back(entry.prefix(true));
}

}  // namespace conker::config
