#include "config/loader.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

#include "config/links.hpp"
#include "config/sections.hpp"
#include "config/value.hpp"

namespace conker::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

Config read_config(const Value& root) {
  static constexpr std::array<std::string_view, 12> kKeys{
      "links",  "gateway", "capacities",       "tcp",    "services", "control",
      "strike", "log",     "shutdown_timeout", "routes", "ip",       "dns"};
  const Section section = root.section(kKeys);
  Config config;
  if (const auto capacities = section.find("capacities"))
    config.capacities = read_capacities(*capacities);
  if (const auto tcp = section.find("tcp")) read_tcp(*tcp, config);
  if (const auto ip = section.find("ip")) read_ip(*ip, config);
  config.links = read_links(section.at("links"), config.capacities);
  const std::vector<Prefix> direct = read_direct(section, config.links);
  if (const auto gateway = section.find("gateway"))
    config.gateway = read_gateway(*gateway, config.links, direct);
  if (const auto dns = section.find("dns")) config.dns_servers = read_dns(*dns);
  if (const auto routes = section.find("routes"))
    config.routes = read_routes(*routes, config, direct);
  if (const auto services = section.find("services"))
    config.services = read_services(*services, config.capacities);
  if (const auto control = section.find("control"))
    config.control = read_control(*control, config.links);
  if (const auto strike = section.find("strike")) config.strike = read_strike(*strike);
  if (const auto log = section.find("log")) config.log = read_log(*log);
  if (const auto timeout = section.find("shutdown_timeout"))
    config.shutdown_timeout = timeout->duration(0s, 10min);
  return config;
}

/// Hears a document, and keeps only where its first value stands.
class Beginning final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { here(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { here(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    here(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    here(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    here(mark);
  }
  void OnMapEnd() override {}

  YAML::Mark place = YAML::Mark::null_mark();

 private:
  void here(const YAML::Mark& mark) {
    if (place.is_null()) place = mark;
  }
};

/// Not YAML::LoadAll(): before a comma that belongs to no list it finds empty documents without
/// end.
YAML::Node load_only_document(const std::string& content, const std::string& name) {
  std::istringstream stream(content);
  YAML::Parser parser(stream);
  Beginning first, second;
  if (parser.HandleNextDocument(first) && parser.HandleNextDocument(second)) {
    Value(&name, {}, "", second.place).fail("a second document; there must be one");
  }
  return YAML::Load(content);
}

/// A quoted key or value may hold anything, a line break or what a terminal obeys.
std::string on_one_line(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 127) {
      line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

ConfigError::ConfigError(std::string_view text) : std::runtime_error(on_one_line(text)) {}

Config load_text(std::string_view text, const std::string& name) {
  const std::string content(text);
  try {
    const YAML::Node document = load_only_document(content, name);
    if (document.IsNull())
      throw ConfigError(name + ":1:1: the file is empty; the key links is missing");
    return read_config(Value(&name, document, ""));
  } catch (const YAML::DeepRecursion& error) {
    throw ConfigError(name + ":1:1: nested too deeply; is it the right file?");
  } catch (const YAML::Exception& error) {
    throw ConfigError(name + ":" + std::to_string(error.mark.line + 1) + ":" +
                      std::to_string(error.mark.column + 1) + ": not valid YAML: " + error.msg);
  }
}

Config load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw ConfigError(path + ": cannot be opened: " + std::generic_category().message(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw ConfigError(path + ": cannot be read; is it a file?");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes)
    throw ConfigError(path + ": longer than 1 MiB; is it the right file?");
  return load_text(text, path);
}

}  // namespace conker::config
