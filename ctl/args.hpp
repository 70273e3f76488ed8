// Parses arguments of the command line. Invalid ones are a Failure with kExitUsage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ctl/error.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

/// Checks "ADDRESS:PORT" or "NAME:PORT" and returns it.
std::string check_endpoint(const std::string& text);
/// Checks "ADDRESS" or "ADDRESS:PORT" and returns it.
std::string check_local(const std::string& text);
/// Checks an IP address or a name and returns it.
std::string check_host(const std::string& text);
/// Checks "SLOT.GENERATION" and returns it.
std::string check_id(const std::string& text);

/// "1%", "0.25%": in millionths.
std::int64_t parse_share(std::string_view key, const std::string& text);
/// "5ms", "200us", "1.5s": in microseconds, up to 10 s; a number without a unit is refused.
std::int64_t parse_duration(std::string_view key, const std::string& text);
/// "90s", "8h", "50ms", "5min"; a plain number is in seconds. In milliseconds, rounded; from
/// `least` to `most` milliseconds. `option` begins the error, if it is not empty.
std::int64_t parse_time_ms(std::string_view option, const std::string& text, std::int64_t least,
                           std::int64_t most);
/// "512", "64k", "64KiB", "1.5MiB": in bytes, from `least` to `most`; k is 1024, kB is 1000.
/// `option` begins the error, if it is not empty.
std::int64_t parse_size(std::string_view option, const std::string& text, std::int64_t least,
                        std::int64_t most);
/// Seconds as a decimal number above 0, in milliseconds.
std::int64_t seconds_to_ms(double seconds);

/// Adds one KEY=VALUE of `fault set` to the call's parameters.
void parse_fault(const std::string& text, FaultSet::Parameters& parameters);
/// "TIME_WAIT", "time-wait" or "FIN-WAIT-1", as RFC 9293 writes it.
State parse_state(const std::string& text);

}  // namespace conker::ctl
