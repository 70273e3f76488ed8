// What the daemon's HTTP server did.
#pragma once

#include <cstdint>

#include "protocol/visit.hpp"

namespace conker::protocol {

struct HttpCounters {
  std::uint64_t clients = 0, streams = 0;
  std::uint64_t accepted = 0, refused = 0, turned_away = 0, made_room = 0;
  std::uint64_t requests = 0, errors = 0, bad_requests = 0, slow_requests = 0, unread = 0;
  std::uint64_t bytes_out = 0, events = 0, events_skipped = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("clients", self.clients, About{.help = "connected now", .now = true});
    field("streams", self.streams,
          About{.help = "of them: pages that are told what is new each second", .now = true});
    field("accepted", self.accepted, About{.help = "clients, in all"});
    field("refused", self.refused, About{.help = "clients reset that http.allow does not have"});
    field("turned_away", self.turned_away,
          About{.help = "clients reset at http.clients or http.per_address"});
    field("made_room", self.made_room,
          About{.help = "clients reset for others, while they kept us waiting for a request"});
    field("requests", self.requests, About{.help = "that were complete and understood"});
    field("errors", self.errors, About{.help = "answers with a status of 400 or above"});
    field("bad_requests", self.bad_requests,
          About{.help = "requests that were no HTTP, too long, or had a body"});
    field("slow_requests", self.slow_requests,
          About{.help = "clients whose request was not complete in time"});
    field("unread", self.unread, About{.help = "clients reset because they did not read"});
    field("bytes_out", self.bytes_out, About{.help = "of answers", .unit = Unit::kBytes});
    field("events", self.events, About{.help = "told to streams"});
    field("events_skipped", self.events_skipped,
          About{.help = "not told to streams that had not read the one before"});
  }
};

}  // namespace conker::protocol
