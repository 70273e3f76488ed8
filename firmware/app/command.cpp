#include "firmware/app/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "protocol/check.hpp"
#include "protocol/table.hpp"

namespace conker::app {
namespace {

constexpr std::size_t kMostParameters = 10;

// The settings and the verb that only the chip has, written down as the protocol's verbs are.
constexpr std::array kSettingParameters{
    protocol::Parameter{"ip", protocol::Type::kString, protocol::Need::kOptional,
                        "our address and prefix"},
    protocol::Parameter{"mac", protocol::Type::kString, protocol::Need::kOptional,
                        "our link address"},
    protocol::Parameter{"gateway", protocol::Type::kString, protocol::Need::kOptional,
                        "where everything else goes"},
    protocol::Parameter{"exit", protocol::Type::kString, protocol::Need::kOptional,
                        "end when the command is done", "no", 0, 0, "yes|no"},
};
constexpr protocol::Verb kSettings{
    "settings", "What the image starts with", kSettingParameters, {}};
constexpr std::array kCrashParameters{
    protocol::Parameter{"how",
                        protocol::Type::kString,
                        protocol::Need::kRequired,
                        "assertion, null, stack or undefined",
                        {},
                        0,
                        0,
                        "assertion|null|stack|undefined"},
};
constexpr protocol::Verb kCrash{
    "crash", "Fail on purpose, to see that it is noticed", kCrashParameters, {}};
// A copy: a reference would bring the whole table into the image.
constexpr protocol::Verb kStrike = *protocol::find_verb("strike");

/// The parameters of one verb, as given.
struct Given {
  std::array<protocol::Given, kMostParameters> list;
  std::size_t count = 0;

  const protocol::Given* find(std::string_view name) const {
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(count);
    const auto at =
        std::find_if(list.begin(), end, [&](const protocol::Given& g) { return g.name == name; });
    return at == end ? nullptr : &*at;
  }
  std::string_view text(std::string_view name) const {
    const protocol::Given* given = find(name);
    return given == nullptr ? std::string_view() : given->text;
  }
  std::int64_t integer(const protocol::Verb& verb, std::string_view name) const {
    const protocol::Given* given = find(name);
    return given == nullptr ? protocol::default_integer(verb, name) : given->integer;
  }
};

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, colon));
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!address || !port || *port == 0) return std::nullopt;
  return Endpoint{*address, Port{*port}};
}

/// Reads a line word by word, and says in one line what is wrong with it.
class Parser {
 public:
  Parser(std::string_view line, std::span<char> buffer, std::string_view& complaint)
      : rest_(line), buffer_(buffer), complaint_(complaint) {}

  bool run(Command& command) {
    Given given;
    if (!parameters(kSettings, given) || !settings(given, command)) return false;
    const std::string_view verb = word();
    if (verb.empty()) return true;
    given = Given();
    if (verb == kStrike.name)
      return parameters(kStrike, given) && at_end() && strike(given, command);
    if (verb == kCrash.name) return parameters(kCrash, given) && at_end() && crash(given, command);
    return wrong({"no verb '", verb, "'; there are strike and crash"});
  }

 private:
  /// The next word without taking it; empty at the end.
  std::string_view look() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_.substr(0, rest_.find(' '));
  }
  std::string_view word() {
    const std::string_view next = look();
    rest_.remove_prefix(next.size());
    return next;
  }

  /// Every NAME=VALUE from here on, checked against the verb's table.
  bool parameters(const protocol::Verb& verb, Given& given) {
    for (;;) {
      const std::size_t equals = look().find('=');
      if (equals == std::string_view::npos) break;
      const std::string_view both = word();
      if (given.count == given.list.size()) return wrong({verb.name, ": too many parameters"});
      protocol::Given& one = given.list[given.count];
      one = {both.substr(0, equals), protocol::Type::kString, 0, both.substr(equals + 1)};
      if (given.find(one.name) != nullptr)
        return wrong({verb.name, ": ", one.name, " is given twice"});
      const protocol::Parameter* parameter = protocol::find_parameter(verb, one.name);
      if (parameter != nullptr && parameter->type == protocol::Type::kInteger) {
        if (const auto number = parse_number<std::int64_t>(one.text)) {
          one.type = protocol::Type::kInteger;
          one.integer = *number;
        }
      }
      ++given.count;
    }
    const protocol::Finding finding =
        protocol::check(verb, std::span(given.list).first(given.count));
    if (finding.wrong == protocol::Wrong::kNothing) return true;
    complaint_ = protocol::explain(verb, finding, buffer_);
    return false;
  }

  bool at_end() {
    const std::string_view more = look();
    return more.empty() || wrong({"'", more, "': NAME=VALUE was expected"});
  }

  bool settings(const Given& given, Command& command) {
    if (given.find("ip") != nullptr) {
      const auto ip = Prefix::parse(given.text("ip"));
      if (!ip) return wrong({"settings: ip must be ADDRESS/LENGTH, as in 10.7.0.2/24"});
      command.ip = *ip;
    }
    if (given.find("mac") != nullptr) {
      command.mac = MacAddress::parse(given.text("mac"));
      if (!command.mac || command.mac->is_group()) {
        return wrong({"settings: mac must be the address of one host, as in 02:00:00:00:00:42"});
      }
    }
    if (given.find("gateway") != nullptr) {
      command.gateway = IpAddress::parse(given.text("gateway"));
      if (!command.gateway) return wrong({"settings: gateway must be an IPv4 address"});
    }
    command.exit = given.text("exit") == "yes";
    return true;
  }

  bool strike(const Given& given, Command& command) {
    const auto target = parse_endpoint(given.text("target"));
    if (!target) return wrong({"strike: target must be ADDRESS:PORT, a port from 1 to 65535"});
    if (given.find("cycles") == nullptr && given.find("duration_ms") == nullptr) {
      return wrong({"strike: give cycles or duration_ms, or it would never end"});
    }
    command.verb = Verb::kStrike;
    StrikeRequest& request = command.strike;
    request.target = *target;
    request.cycles = static_cast<std::uint64_t>(given.integer(kStrike, "cycles"));
    request.duration = Duration(given.integer(kStrike, "duration_ms") * 1000);
    request.concurrency = static_cast<std::uint32_t>(given.integer(kStrike, "concurrency"));
    request.rate = static_cast<std::uint32_t>(given.integer(kStrike, "rate"));
    request.close =
        given.text("close") == "rst" ? StrikeRequest::Close::kReset : StrikeRequest::Close::kFin;
    request.seed = static_cast<std::uint64_t>(given.integer(kStrike, "seed"));
    return true;
  }

  bool crash(const Given& given, Command& command) {
    constexpr std::array<std::string_view, 4> kHow{"assertion", "null", "stack", "undefined"};
    const auto how = std::find(kHow.begin(), kHow.end(), given.text("how"));
    command.verb = Verb::kCrash;
    command.crash = static_cast<Crash>(how - kHow.begin());
    return true;
  }

  bool wrong(std::initializer_list<std::string_view> pieces) {
    std::size_t size = 0;
    for (const std::string_view piece : pieces) {
      const std::size_t n = std::min(piece.size(), buffer_.size() - size);
      std::copy_n(piece.begin(), n, buffer_.begin() + static_cast<std::ptrdiff_t>(size));
      size += n;
    }
    complaint_ = {buffer_.data(), size};
    return false;
  }

  std::string_view rest_;
  std::span<char> buffer_;
  std::string_view& complaint_;
};

}  // namespace

bool parse_command(std::string_view line, Command& command, std::span<char> buffer,
                   std::string_view& complaint) {
  return Parser(line, buffer, complaint).run(command);
}

}  // namespace conker::app
