// A host: a stack with its links and clients, and the turn that serves them all (stack/stack.hpp).
//
//     Host host(stack, {clients, batch});
//     host.add(client);
//     for (;;) {
//       const Host::Turn turn = host.turn(now);
//       if (!turn.again) sleep until turn.deadline, or until a frame arrives
//     }
#pragma once

#include <span>

#include "stack/base/result.hpp"
#include "stack/host/client.hpp"
#include "stack/stack.hpp"

namespace conker {

class Host {
 public:
  struct Storage {
    std::span<Client*> clients;  // places: up to 255 clients, counting those that have left
    std::span<FrameIn> batch;    // frames that are taken from a link in one turn
  };
  struct Turn {
    bool again;        // there is something to do at once: frames have come in, and more may
    Instant deadline;  // of stack, links and clients: when the next turn is due at the latest
  };

  /// Says that no client wants other events than those of TCP.
  struct TcpOnly {};

  /// Stack and storage must outlive it.
  Host(Stack& stack, const Storage& storage)
      : stack_(stack), storage_(storage), tell_network_events_(&Host::tell_network_events) {}
  /// An image without another host does not link what takes the other events.
  Host(Stack& stack, const Storage& storage, TcpOnly) : stack_(stack), storage_(storage) {}
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// From here on the client is told of its events, and has its id. Clients are served in the order
  /// in which they were added. kTableFull; kInvalidArgument for one that is at a host already.
  [[nodiscard]] Error add(Client& client);
  /// Its id is not given out again, and events of what it has opened are dropped.
  void remove(ClientPlace& client);
  /// Whose id it is; null when the client has left, and for kNobody.
  const Client* client(ClientId id) const { return find(id); }

  /// One turn: a batch of frames from each link, timers, events to the clients and their steps,
  /// output, reaping. Not to be called by a client.
  Turn turn(Instant now);
  /// Tells the stack and every client (Stack::link_up()). Between turns, after Stack::begin().
  void link_up(InterfaceId interface);

  Stack& stack() { return stack_; }

 private:
  bool take_in(Instant now);
  void tell_events();
  void tell_network_events();
  Instant step_clients();
  Instant next_deadline() const;
  Client* find(ClientId id) const {
    const auto place = static_cast<std::size_t>(id);
    return place == 0 || place > count_ ? nullptr : storage_.clients[place - 1];
  }
  template <typename F>
  void for_each_client(F&& f) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (storage_.clients[i] != nullptr) f(*storage_.clients[i]);
    }
  }

  Stack& stack_;
  Storage storage_;
  void (Host::*tell_network_events_)() = nullptr;
  std::size_t count_ = 0;  // places given out
};

}  // namespace conker
