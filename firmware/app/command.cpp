#include "firmware/app/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "protocol/check.hpp"
#include "protocol/read.hpp"
#include "protocol/strike.hpp"

namespace conker::app {
namespace {

constexpr std::size_t kMostParameters = 10;

// The settings and the verb crash, which only the firmware has; declared like the protocol's verbs.
enum class Ending : std::uint8_t { kYes, kNo };
constexpr std::string_view choices_of(Ending) {
  return "yes|no";
}
struct SettingParameters {
  std::optional<std::string_view> ip, mac, gateway;
  Ending exit = Ending::kNo;

  static constexpr void visit(auto& self, auto&& field) {
    field("ip", self.ip, About{.help = "our address and prefix"});
    field("mac", self.mac, About{.help = "our link address"});
    field("gateway", self.gateway, About{.help = "where everything else goes"});
    field("exit", self.exit, About{.help = "end when the command is done"});
  }
};
constexpr std::string_view kSettings = "settings";

struct CrashParameters {
  Crash how = Crash::kAssertion;

  static constexpr void visit(auto& self, auto&& field) {
    field("how", self.how, About{.help = "assertion, null, stack or undefined", .required = true});
  }
};
constexpr std::string_view kCrash = "crash";

using StrikeParameters = protocol::StrikeParameters<std::string_view>;

/// The parameters of one verb as given.
struct Given {
  std::array<protocol::Given, kMostParameters> list;
  std::size_t count = 0;

  std::span<const protocol::Given> all() const { return std::span(list).first(count); }
};

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Parses a line word by word. An error is one line of text.
class Parser {
 public:
  Parser(std::string_view line, std::span<char> buffer, std::string_view& complaint)
      : rest_(line), buffer_(buffer), complaint_(complaint) {}

  bool run(Command& command) {
    SettingParameters given;
    if (!parameters(kSettings, given) || !settings(given, command)) return false;
    const std::string_view verb = word();
    if (verb.empty()) return true;
    if (verb == protocol::kStrikeName) {
      StrikeParameters strike_given;
      return parameters(verb, strike_given) && at_end() && strike(strike_given, command);
    }
    if (verb == kCrash) {
      CrashParameters crash_given;
      if (!parameters(verb, crash_given) || !at_end()) return false;
      command.verb = Verb::kCrash;
      command.crash = crash_given.how;
      return true;
    }
    return wrong({"no verb '", verb, "'; there are strike and crash"});
  }

 private:
  /// The next word, without consuming it; empty at the end.
  std::string_view look() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_.substr(0, rest_.find(' '));
  }
  std::string_view word() {
    const std::string_view next = look();
    rest_.remove_prefix(next.size());
    return next;
  }

  /// Parses the NAME=VALUE words that follow into the verb's structure.
  template <typename P>
  bool parameters(std::string_view verb, P& out) {
    Given given;
    if (!words(verb, protocol::kParameters<P>, given)) return false;
    const protocol::Finding finding = protocol::read(given.all(), out);
    if (finding.wrong == protocol::Wrong::kNothing) return true;
    complaint_ = protocol::explain(verb, protocol::kParameters<P>, finding, buffer_);
    return false;
  }

  bool words(std::string_view verb, std::span<const protocol::Parameter> known, Given& given) {
    for (;;) {
      const std::size_t equals = look().find('=');
      if (equals == std::string_view::npos) return true;
      const std::string_view both = word();
      if (given.count == given.list.size()) return wrong({verb, ": too many parameters"});
      const std::string_view name = both.substr(0, equals);
      if (protocol::find(given.all(), name) != nullptr)
        return wrong({verb, ": ", name, " is given twice"});
      protocol::Given& one = given.list[given.count++];
      one = {name, protocol::Type::kString, 0, both.substr(equals + 1)};
      const protocol::Parameter* parameter = protocol::find(known, name);
      if (parameter == nullptr || parameter->type != protocol::Type::kInteger) continue;
      if (const auto number = parse_number(one.text)) {
        one.type = protocol::Type::kInteger;
        one.integer = *number;
      }
    }
  }

  bool at_end() {
    const std::string_view more = look();
    return more.empty() || wrong({"'", more, "': NAME=VALUE was expected"});
  }

  bool settings(const SettingParameters& given, Command& command) {
    if (given.ip) {
      const auto ip = Prefix::parse_v4(*given.ip);
      if (!ip) return wrong({"settings: ip must be ADDRESS/LENGTH, as in 10.7.0.2/24"});
      command.ip = *ip;
    }
    if (given.mac) {
      command.mac = MacAddress::parse(*given.mac);
      if (!command.mac || command.mac->is_group()) {
        return wrong({"settings: mac must be the address of one host, as in 02:00:00:00:00:42"});
      }
    }
    if (given.gateway) {
      command.gateway = IpAddress::parse_v4(*given.gateway);
      if (!command.gateway) return wrong({"settings: gateway must be an IPv4 address"});
    }
    command.exit = given.exit == Ending::kYes;
    return true;
  }

  bool strike(const StrikeParameters& given, Command& command) {
    const auto target = Endpoint::parse_v4(given.target);
    if (!target) return wrong({"strike: target must be ADDRESS:PORT, a port from 1 to 65535"});
    if (const auto complaint = given.complaint(); !complaint.empty()) return wrong({complaint});
    command.verb = Verb::kStrike;
    command.strike = given.request(*target);
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
