#include "tests/sim/script.hpp"

#include <fstream>
#include <sstream>

#include "tests/sim/config.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/siege.hpp"

namespace conker::sim {
namespace {

struct Form {
  const char* name;
  std::uint8_t arguments;
  bool of_host;  // the first argument is a host that acts, so it may be done in an event
  std::uint32_t weight;
};

// In the order of Do. Weights are those of the ordinary run; a seed raises some of them and sets
// some to zero.
constexpr std::array<Form, kDoCount> kForms{{
    {"wait", 1, false, 40},  {"open", 5, true, 16},   {"meet", 4, false, 3},
    {"reopen", 2, true, 3},  {"listen", 4, true, 3},  {"unlisten", 2, true, 1},
    {"accept", 2, true, 3},  {"send", 3, true, 12},   {"read", 3, true, 6},
    {"shut", 2, true, 4},    {"close", 3, true, 10},  {"abort", 2, true, 2},
    {"tune", 4, true, 1},    {"stale", 2, true, 2},   {"habits", 2, true, 1},
    {"deaf", 2, true, 1},    {"busy", 2, true, 1},    {"crash", 1, true, 1},
    {"impair", 6, false, 1}, {"cut", 2, false, 1},    {"heal", 0, false, 1},
    {"forge", 4, true, 2},   {"knock", 3, true, 1},   {"icmp", 3, true, 1},
    {"visit", 6, false, 0},  {"attack", 6, false, 0}, {"hostile", 3, false, 0},
}};

const Form& form(Do what) {
  return kForms[static_cast<std::size_t>(what)];
}

constexpr std::array<std::uint32_t, 3> kPorts{80, 81, 82};

class Drawing {
 public:
  Drawing(std::uint64_t seed, std::uint32_t hosts) : dice_(seed ^ 0x736372697074), hosts_(hosts) {
    const bool calm = dice_.one_in(4);  // no impairments and no crashes
    for (std::size_t i = 0; i < kDoCount; ++i) {
      weights_[i] = kForms[i].weight * dice_.of({0u, 1u, 2u, 4u, 8u});
      if (dice_.one_in(3)) weights_[i] = kForms[i].weight * 2;
    }
    const auto weight = [this](Do what) -> std::uint32_t& {
      return weights_[static_cast<std::size_t>(what)];
    };
    weight(Do::kWait) = dice_.of({20u, 40u, 80u, 160u});
    weight(Do::kOpen) = dice_.of({8u, 16u, 32u});
    weight(Do::kHeal) = weight(Do::kCut);
    if (calm) {
      for (const Do what : {Do::kImpair, Do::kCut, Do::kCrash, Do::kForge, Do::kKnock, Do::kIcmp,
                            Do::kBusy, Do::kDeaf}) {
        weight(what) = 0;
      }
    }
    for (const std::uint32_t w : weights_) total_ += w;
    in_event_ = dice_.of({0u, 100u, 300u});
    longest_wait_ = dice_.of({3u, 4u, 4u, 5u});
    big_ = dice_.one_in(3);
  }

  std::uint32_t length() { return 100 + dice_.below(dice_.of({200u, 600u, 1500u})); }

  Op draw() {
    std::uint32_t at = dice_.below(total_);
    std::size_t what = 0;
    while (at >= weights_[what]) at -= weights_[what++];
    return draw(static_cast<Do>(what));
  }

  Op draw(Do what) {
    Op op;
    op.what = what;
    if (form(what).of_host) {
      op.a[0] = dice_.below(hosts_);
      op.in_event = dice_.per_mille(in_event_) && what != Do::kCrash;
      op.a[1] = dice_.below(1000);
    }
    switch (what) {
      case Do::kWait:
        op.a[0] = wait();
        break;
      case Do::kOpen:
        op.a[1] = other(op.a[0]);
        op.a[2] = kPorts[dice_.one_in(4) ? dice_.below(3) : 0];
        op.a[3] = dice_.one_in(5) ? 7000 + dice_.below(4) : 0;
        op.a[4] = dice_.one_in(6) ? 1 + dice_.below(2000) : 0;
        break;
      case Do::kMeet:
        op.a[0] = dice_.below(hosts_);
        op.a[1] = other(op.a[0]);
        op.a[2] = 7100 + dice_.below(4);
        op.a[3] = 7200 + dice_.below(4);
        break;
      case Do::kListen:
        op.a[1] = kPorts[dice_.below(3)];
        op.a[2] = dice_.of({1u, 2u, 8u});
        op.a[3] = dice_.of({1u, 2u, 8u});
        break;
      case Do::kSend:
      case Do::kRead:
        op.a[2] = dice_.of({1u, 10u, 500u, 1460u, 3000u, big_ ? 40'000u : 8192u});
        break;
      case Do::kClose:
        op.a[2] = dice_.one_in(5) ? 1 + dice_.below(3000) : 0;
        break;
      case Do::kTune:
        op.a[2] = dice_.below(3);
        op.a[3] = dice_.below(3000);
        break;
      case Do::kHabits:
        op.a[1] = dice_.below(32);
        break;
      case Do::kDeaf:
        op.a[1] = dice_.one_in(3) ? 1 : 0;
        break;
      case Do::kBusy:
        op.a[1] = dice_.of({100u, 3000u, 500'000u});
        break;
      case Do::kImpair:
        for (std::size_t i = 0; i < 4; ++i)
          op.a[i] = dice_.one_in(2) ? dice_.of({10u, 50u, 150u, 300u}) : 0;
        op.a[4] = dice_.of({20u, 100u, 2000u, 30'000u});
        op.a[5] = dice_.of({0u, 0u, 100u, 5000u});
        break;
      case Do::kCut:
        op.a[0] = dice_.below(hosts_);
        op.a[1] = other(op.a[0]);
        break;
      case Do::kForge:
        op.a[2] = dice_.below(11);
        op.a[3] = dice_.below(3000);
        break;
      case Do::kKnock:
        op.a[1] = kPorts[0];
        op.a[2] = static_cast<std::uint32_t>(dice_());
        break;
      case Do::kIcmp:
        op.a[1] = dice_.of({3u, 2u, 4u, 1u});
        op.a[2] = dice_.of({0u, 576u, 1000u, 68u});
        break;
      default:
        break;
    }
    return op;
  }

 private:
  std::uint32_t other(std::uint32_t host) { return (host + 1 + dice_.below(hosts_ - 1)) % hosts_; }
  std::uint32_t wait() {
    std::uint32_t most = 100;
    for (std::uint32_t i = dice_.below(longest_wait_); i > 0; --i) most *= 20;
    return 1 + dice_.below(std::min(most, 8'000'000u));
  }

  Dice dice_;
  std::uint32_t hosts_;
  std::array<std::uint32_t, kDoCount> weights_{};
  std::uint32_t total_ = 0, in_event_ = 0, longest_wait_ = 4;
  bool big_ = false;
};

}  // namespace

Script draw_script(std::uint64_t seed, std::uint32_t hosts, std::uint32_t steps) {
  Script script;
  script.seed = seed;
  if (is_siege(seed)) {
    script.ops = draw_siege(seed, hosts, steps);
    return script;
  }
  Drawing drawing(seed, hosts);
  const std::uint32_t length = steps != 0 ? steps : drawing.length();
  script.ops.reserve(length + 2 * hosts);
  for (std::uint32_t host = 0; host < hosts; ++host) {
    script.ops.push_back({Do::kListen, false, {host, kPorts[0], 8, 8}});
  }
  while (script.ops.size() < length + hosts) script.ops.push_back(drawing.draw());
  return script;
}

// ---- Text ----

std::string to_string(const Op& op) {
  std::string text = form(op.what).name;
  if (op.in_event) text += '!';
  for (std::size_t i = 0; i < form(op.what).arguments; ++i) text += ' ' + std::to_string(op.a[i]);
  return text;
}

std::optional<Op> parse_op(const std::string& line) {
  std::istringstream in(line);
  std::string name;
  in >> name;
  Op op;
  if (!name.empty() && name.back() == '!') {
    op.in_event = true;
    name.pop_back();
  }
  for (std::size_t i = 0; i < kDoCount; ++i) {
    if (name != kForms[i].name) continue;
    op.what = static_cast<Do>(i);
    if (op.in_event && !kForms[i].of_host) return std::nullopt;
    for (std::size_t n = 0; n < kForms[i].arguments; ++n) {
      if (!(in >> op.a[n])) return std::nullopt;
    }
    return op;
  }
  return std::nullopt;
}

bool write_script(const Script& script, const std::string& path, const std::string& about) {
  std::ofstream out(path);
  std::istringstream lines(about);
  for (std::string line; std::getline(lines, line);) out << "# " << line << '\n';
  out << "seed " << script.seed << '\n';
  if (script.alter_payload) out << "break payload\n";
  if (script.scarce) out << "scarce\n";
  for (const Op& op : script.ops) out << to_string(op) << '\n';
  return static_cast<bool>(out.flush());
}

std::optional<Script> read_script(const std::string& path, std::string& error) {
  std::ifstream in(path);
  if (!in) {
    error = path + ": cannot be read";
    return std::nullopt;
  }
  Script script;
  bool seeded = false;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line.rfind("seed ", 0) == 0) {
      std::istringstream(line.substr(5)) >> script.seed;
      seeded = true;
    } else if (line == "break payload") {
      script.alter_payload = true;
    } else if (line == "scarce") {
      script.scarce = true;
    } else if (const auto op = parse_op(line)) {
      script.ops.push_back(*op);
    } else {
      error = path + ":" + std::to_string(number) + ": not a step: " + line;
      return std::nullopt;
    }
  }
  if (!seeded) {
    error = path + ": has no seed, is it a script?";
    return std::nullopt;
  }
  return script;
}

}  // namespace conker::sim
