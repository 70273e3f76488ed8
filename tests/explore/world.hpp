// A stack at a fixed address, its application and its peers. All of its state is plain bytes, so
// that a snapshot is a memcpy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "stack/stack.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "tests/explore/peer.hpp"
#include "tests/explore/scene.hpp"

namespace conker::explore {

/// The state of the application and the link. Part of the snapshot, so plain bytes.
struct Ledger {
  struct Held {
    ConnectionId id;
    bool open = false;  // the application has the id, and was not told of the connection's end
  };
  std::array<Held, kMostSlots> held;
  std::array<std::uint32_t, kMostSlots> newest{};  // last generation given out, of each slot
  ListenerId listener;
  ListenerId last_listener;  // a listener that was closed
  bool listening = false;
  bool link_busy = false;
  std::uint8_t peers_met = 0;  // peers that have acted; the others are alike, so only the next may
  Instant now{};
};

/// The link: keeps nothing but the frames sent during one action.
class Wire final : public Link {
 public:
  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant) override;

  bool busy = false;  // takes no frames but ARP
  bool arp = false;   // an ARP frame was sent
  std::uint32_t segments = 0, resets = 0;
};

class World {
 public:
  /// The link is up, the host's address is announced, the peers' link address is resolved. The
  /// caller runs the scene's prologue.
  explicit World(const Scene& scene);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::size_t snapshot_bytes() const { return size_; }
  void save(std::byte* to) const { std::memcpy(to, block_.data(), size_); }
  void restore(const std::byte* from) { std::memcpy(block_.data(), from, size_); }

  /// Whether the action is possible now and may change the state.
  bool possible(const Action& action) const;
  /// Performs the action. Null, or what is wrong with the stack's behaviour.
  const char* run(const Action& action);
  /// The state in one line of text.
  std::string describe() const;

  const Scene& scene() const { return scene_; }
  Stack& stack() { return *stack_; }
  const Stack& stack() const { return *stack_; }
  const Ledger& ledger() const { return *ledger_; }

 private:
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes;
  };

  void set_up();
  void hear_from_neighbour();
  void act(const Action& action);
  void arrive(const Action& action);
  void connect(std::uint32_t peer);
  void call(const Action& action, ConnectionId id);
  void meet_waiting(const Action& action);
  void listen();
  void accept();
  void go_on();
  bool take_event();
  void take_all_events();
  void output();
  void reap();
  void quiesce(const Action& how);

  void give(ConnectionId id);
  void complain(const char* what) {
    if (complaint_ == nullptr) complaint_ = what;
  }

  const Scene& scene_;
  Wire wire_;
  SackRecovery recovery_;  // where the scene's settings have SACK
  std::vector<Peer> peers_;
  std::vector<Line> block_;  // the stack, its storage, the ledger
  std::size_t size_ = 0;     // bytes of it that are used
  Stack* stack_ = nullptr;
  Ledger* ledger_ = nullptr;
  const char* complaint_ = nullptr;
};

}  // namespace conker::explore
