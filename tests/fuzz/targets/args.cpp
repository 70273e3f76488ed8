// Target: arguments of the CLI: shares, times, faults and states.
#include "ctl/args.hpp"

#include <string>

#include "ctl/error.hpp"
#include "daemon/control/rpc.hpp"
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
    protocol::FaultSet::Parameters params;
    ctl::parse_fault(text, params);
    const auto written = protocol::parameters_json(params);
    check(written.size() == 1, "one fault is not one parameter");
    protocol::FaultSet::Parameters again;
    check(protocol::read(daemon::given_in(written), again).wrong == protocol::Wrong::kNothing,
          "a fault that the daemon does not take");
    bool twice = false;
    try {
      ctl::parse_fault(text, params);
    } catch (const ctl::Failure&) {
      twice = true;
    }
    check(twice, "the same fault is taken twice");
  });
  refused_or([&] { (void)ctl::parse_state(text); });
}

}  // namespace conker::fuzz
