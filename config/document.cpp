#include "config/document.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <fstream>
#include <sstream>

namespace conker::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

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

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw ConfigError(path + ": cannot be opened: " + std::generic_category().message(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw ConfigError(path + ": cannot be read; is it a file?");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes)
    throw ConfigError(path + ": longer than 1 MiB; is it the right file?");
  return text;
}

void read_document(std::string_view text, const std::string& name, std::string_view first,
                   const std::function<void(const Value& document)>& read) {
  const std::string content(text);
  try {
    const YAML::Node document = load_only_document(content, name);
    if (document.IsNull()) {
      throw ConfigError(name + ":1:1: the file is empty; the key " + std::string(first) +
                        " is missing");
    }
    read(Value(&name, document, ""));
  } catch (const YAML::DeepRecursion& error) {
    throw ConfigError(name + ":1:1: nested too deeply; is it the right file?");
  } catch (const YAML::Exception& error) {
    throw ConfigError(name + ":" + std::to_string(error.mark.line + 1) + ":" +
                      std::to_string(error.mark.column + 1) + ": not valid YAML: " + error.msg);
  }
}

}  // namespace conker::config
