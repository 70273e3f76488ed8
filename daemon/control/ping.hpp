// The verb ping: one ICMP echo request and its reply.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "daemon/control/call.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

class Pings final : public Client {
 public:
  /// The most pings that wait for a reply.
  static constexpr std::size_t kMaxWaiting = 256;

  Pings(Engine& engine, Targets& targets, Verbs& verbs);

 private:
  struct Waiting {
    CallOf<protocol::Ping> call;
    IpAddress host;
    std::uint16_t sequence;
    std::uint16_t bytes;  // of payload
    Instant sent;
    Instant deadline;
  };

  void ping(CallOf<protocol::Ping> call, const IpAddress& host);
  void on_echo_reply(const EchoReply& reply) override;
  const char* name() const override { return "control"; }
  void expire();
  void arm();

  Engine& engine_;
  Targets& targets_;
  TimerWatch timer_;
  std::uint16_t next_identifier_ = 1;
  std::unordered_map<std::uint16_t, Waiting> waiting_;  // by ICMP identifier
};

}  // namespace conker::daemon
