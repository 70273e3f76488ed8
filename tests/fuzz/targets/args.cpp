// Target: arguments of the CLI: shares, times, faults and states.
#include "ctl/args.hpp"

#include <string>

#include "ctl/error.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

template <typename F>
void refused_or(F&& f) {
  try {
    f();
  } catch (const ctl::Failure& failure) {
    check(failure.exit() == protocol::kExitUsage,
          "what makes no sense is another error than one of usage");
  }
}

}  // namespace

void run(Input input) {
  const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
  refused_or([&] {
    const auto share = ctl::parse_share("loss", text);
    check(share >= 0 && share <= 1'000'000, "a share above all or below nothing");
  });
  refused_or([&] {
    const auto us = ctl::parse_duration("delay", text);
    check(us >= 0 && us <= 10'000'000, "a time above ten seconds or below nothing");
  });
  refused_or([&] {
    nlohmann::ordered_json params = nlohmann::ordered_json::object();
    ctl::parse_fault(text, params);
    check(params.size() == 1, "one fault is not one parameter");
    for (const auto& [key, value] : params.items()) {
      check(value.is_string() || value.is_number_integer(),
            "a fault that is neither text nor a number");
      check(!value.is_number_integer() || value.get<std::int64_t>() >= 0, "a fault below nothing");
    }
    bool twice = false;
    try {
      ctl::parse_fault(text, params);
    } catch (const ctl::Failure&) {
      twice = true;
    }
    check(twice, "the same fault is taken twice");
  });
  check(ctl::parse_state(text).size() == text.size(), "a state changes its length");
}

}  // namespace conker::fuzz
