// The verbs about UDP and host lookup: udp_send, udp_listen, resolve.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "daemon/control/call.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

class Datagrams final : public Client {
 public:
  /// The most udp_listen calls at a time.
  static constexpr std::size_t kMaxListening = 64;

  Datagrams(Engine& engine, Targets& targets, Verbs& verbs);

 private:
  using Key = std::uint64_t;
  static Key key(UdpId id) { return std::uint64_t{id.slot} << 32 | id.generation; }
  static UdpId id_of(Key key) {
    return {static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)};
  }
  struct Listening {
    CallOf<protocol::UdpListen> call;
    std::uint64_t wanted;    // datagrams; 0: no limit
    std::uint64_t told = 0;  // datagrams
  };

  void send(CallOf<protocol::UdpSend> call, const Endpoint& remote);
  void listen(CallOf<protocol::UdpListen> call);
  void resolve(CallOf<protocol::Resolve> call);
  void on_datagrams(const UdpEvent& event) override;
  const char* name() const override { return "control"; }
  void end(Key key);

  Engine& engine_;
  Targets& targets_;
  std::unordered_map<Key, Listening> listening_;
};

}  // namespace conker::daemon
