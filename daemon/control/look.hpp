// One look at a host: does its link answer ARP, its IP a ping, and its TCP one open of a port?
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/engine.hpp"
#include "protocol/look.hpp"
#include "stack/base/address.hpp"
#include "stack/host/client.hpp"
#include "stack/link/observer.hpp"

namespace conker::daemon {

class Look final : public Client, private FrameObserver {
 public:
  /// For an open and a ping: the SYN is sent again after 1 s and 3 s.
  static constexpr Duration kPatience = 3500ms;
  /// For the reply to the ping, when the open is done: a host need not answer it.
  static constexpr Duration kPingGrace = 50ms;
  /// For the end of the connection after our FIN, in which a host that accepts and resets does so.
  static constexpr Duration kCloseGrace = 300ms;
  /// An open that takes longer is slow.
  static constexpr Duration kSlow = 200ms;

  using Done = std::function<void(const protocol::Look&)>;

  explicit Look(Engine& engine);
  ~Look();

  /// Begins, where none is running; to be called in a turn or after Engine::enter(). `done` is
  /// called once, in a turn, after kPatience and kCloseGrace at the latest.
  void begin(const Endpoint& target, Done done);
  /// Ends without a call of `done`.
  void cancel();
  bool running() const { return running_; }
  /// When it wants a turn; kNever: only events matter.
  Instant due() const;

 private:
  enum class Opening : std::uint8_t { kWaits, kClosing, kTaken, kRefused, kReset, kSilent };

  void on_event(const Event& event) override;
  void on_echo_reply(const EchoReply& reply) override;
  void on_frame(const ObservedFrame& frame, Instant now) override;
  Instant step() override;
  const char* name() const override { return "look"; }
  void decide(Opening opening, Instant now);
  bool is_decided() const { return opening_ != Opening::kWaits && opening_ != Opening::kClosing; }
  protocol::PeerIs peer() const;
  std::int64_t since_sent(Instant now) const;

  Engine& engine_;
  bool running_ = false;
  Endpoint target_;
  Done done_;
  ObservedLink* link_ = nullptr;  // observed while it runs; null where none leads there
  IpAddress hop_;
  std::uint16_t sequence_ = 0;  // of the ping
  ConnectionId id_;
  Opening opening_ = Opening::kWaits;
  bool asked_ = false;        // who has the address
  Instant sent_{}, since_{};  // when it began; when the opening became what it is
  protocol::Look seen_;
};

}  // namespace conker::daemon
