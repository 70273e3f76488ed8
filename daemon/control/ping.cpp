#include "daemon/control/ping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/control/refusals.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

constexpr std::uint16_t kIcmpHeader = 8;

}  // namespace

Pings::Pings(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine), targets_(targets), timer_(engine.loop(), [this] { expire(); }) {
  engine_.add(*this);
  verbs.serve<protocol::Ping>([this](CallOf<protocol::Ping> call) {
    targets_.host(std::move(call), &protocol::Ping::Parameters::host,
                  [this](CallOf<protocol::Ping> found, const IpAddress& host) {
                    ping(std::move(found), host);
                  });
  });
  verbs.on_gone([this](SessionId session) {
    std::erase_if(waiting_,
                  [&](const auto& entry) { return entry.second.call.session() == session; });
  });
}

void Pings::ping(CallOf<protocol::Ping> call, const IpAddress& host) {
  if (waiting_.size() >= kMaxWaiting) {
    call.fail(Code::kBusy,
              fmt::format("{} pings are waiting for an answer: try again later", kMaxWaiting));
    return;
  }
  if (const std::string wrong = not_a_peer(engine_, host); !wrong.empty()) {
    call.fail(Code::kFailed, fmt::format("cannot ping {}: {}", to_string(host), wrong));
    return;
  }
  while (waiting_.count(next_identifier_) != 0) ++next_identifier_;
  const std::uint16_t identifier = next_identifier_++;
  const protocol::Ping::Parameters parameters = call.parameters();
  std::vector<std::byte> payload(parameters.bytes);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(i);

  engine_.enter();
  const Instant now = engine_.clock();
  const Error error = engine_.stack().ping(host, identifier, parameters.sequence, payload);
  if (error != Error::kOk) {
    call.fail(Code::kFailed,
              fmt::format("cannot ping {}: {}", to_string(host), refusal(engine_, host, error)));
    return;
  }
  const Instant deadline = now + std::chrono::milliseconds(parameters.timeout_ms);
  waiting_.emplace(identifier, Waiting{std::move(call), host, parameters.sequence, parameters.bytes,
                                       now, deadline});
  arm();
}

void Pings::on_echo_reply(const EchoReply& reply) {
  const auto found = waiting_.find(reply.identifier);
  if (found == waiting_.end() || found->second.sequence != reply.sequence ||
      found->second.host != reply.from)
    return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  waiting.call.reply({to_string(reply.from), reply.sequence,
                      static_cast<std::uint32_t>(reply.payload_length + kIcmpHeader), reply.ttl,
                      std::max<std::int64_t>((reply.received - waiting.sent).count(), 0)});
}

void Pings::expire() {
  const Instant now = engine_.clock();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.deadline > now) {
      ++it;
      continue;
    }
    Waiting waiting = std::move(it->second);
    it = waiting_.erase(it);
    waiting.call.fail(Code::kTimedOut, fmt::format("no answer from {}{}", to_string(waiting.host),
                                                   why_silent(engine_, waiting.host)));
  }
  arm();
}

/// Sets the timer to the earliest deadline, or stops it. The timer may fire for a ping that was
/// answered meanwhile; expire() then does nothing.
void Pings::arm() {
  if (waiting_.empty()) {
    timer_.stop();
    return;
  }
  Instant first = kNever;
  for (const auto& [identifier, waiting] : waiting_) first = std::min(first, waiting.deadline);
  const double left = static_cast<double>((first - engine_.clock()).count()) / 1e6;
  timer_.start(std::max(left, 0.0) + 0.001);
}

}  // namespace conker::daemon
