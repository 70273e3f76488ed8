// What the HTTP server shows: the answers of the control protocol's verbs.
#pragma once

#include <functional>

#include "protocol/status.hpp"
#include "protocol/strikes.hpp"

namespace conker::daemon {

struct HttpFacts {
  protocol::Status::Result status;
  protocol::Stats::Result stats;
  protocol::StrikeList::Result strikes;  // those that run, and a few that have ended
};

using AskHttpFacts = std::function<HttpFacts()>;

}  // namespace conker::daemon
