// A passive strike: peers open the connections. What is of no use to it is refused.
#pragma once

#include <string_view>

#include "protocol/look.hpp"
#include "stack/strike/door.hpp"
#include "stack/strike/expect.hpp"

namespace conker::protocol {

/// What is wrong with a passive strike's parameters, in one line; empty when nothing is.
template <typename Parameters>
constexpr std::string_view passive_complaint(const Parameters& p) {
  if (p.rate || p.ramp_ms)
    return "strike: passive takes connections as peers open them: leave out rate and ramp_ms";
  if (p.concurrency_auto)
    return "strike: passive opens nothing, so that concurrency_auto has nothing to learn: give "
           "concurrency";
  if (p.max_opening)
    return "strike: max_opening is of connections that the strike opens: leave it out with passive";
  if (p.connect_timeout_ms != Parameters{}.connect_timeout_ms)
    return "strike: connect_timeout_ms is of connections that the strike opens: leave it out with "
           "passive";
  if (p.max_connect_p99_us)
    return "strike: max_connect_p99_us is of connections that the strike opens: leave it out with "
           "passive";
  if (p.from_port)
    return "strike: from_port is of connections that the strike opens: leave it out with passive";
  if (p.expect != Expect::kNothing)
    return "strike: expect is of a server's answers: leave it out with passive";
  if (p.look == LookHow::kFull)
    return "strike: look full opens a connection to the target, and passive has none: leave it out";
  if (!fits_passive(p.ways()))
    return "strike: close or mix has a way that is only for connections that the strike opens, as "
           "abort-connecting: leave it out with passive";
  return "";
}

}  // namespace conker::protocol
