// Target: ids and endpoints, as the daemon parses them and as the CLI checks them.
#include <string>

#include "ctl/args.hpp"
#include "ctl/error.hpp"
#include "protocol/text.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

/// Whether the CLI accepts the text; it must refuse others by a usage error.
template <typename F>
bool lets_through(F&& f, const std::string& text) {
  try {
    check(f(text) == text, "the CLI changes what it lets through");
    return true;
  } catch (const ctl::Failure& failure) {
    check(failure.exit() == protocol::kExitUsage && failure.what()[0] != 0,
          "the CLI refuses without a usage error");
    return false;
  }
}

void check_daemon(const std::string& text) {
  if (const auto id = parse_id(text)) {
    check(parse_id(to_string(*id)) == id, "an id is not written as it was read");
  }
  for (const auto& endpoint : {Endpoint::parse(text), parse_local(text)}) {
    if (!endpoint || endpoint->address.is_unspecified() || endpoint->port.value == 0) continue;
    check(Endpoint::parse(to_string(*endpoint)) == endpoint,
          "an endpoint is not written as it was read");
  }
}

/// Text that the daemon refuses must not pass the CLI as an address.
void check_both(const std::string& text) {
  const bool endpoint = Endpoint::parse(text).has_value();
  const bool local = parse_local(text).has_value();
  check(!endpoint || lets_through(ctl::check_endpoint, text),
        "the CLI refuses an endpoint that the daemon takes");
  check(local == lets_through(ctl::check_local, text),
        "CLI and daemon disagree about an address of the stack");
  check(!parse_id(text) || lets_through(ctl::check_id, text),
        "the CLI refuses an id that the daemon takes");
  (void)lets_through(ctl::check_host, text);
  (void)lets_through(ctl::check_endpoint, text);
}

}  // namespace

void run(Input input) {
  const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
  check_daemon(text);
  // An argument of a command line holds no NUL.
  if (text.find('\0') == std::string::npos) check_both(text);
}

}  // namespace conker::fuzz
