// The HTTP server: a client of the stack that listens on a port of all its addresses. It knows no
// system calls: what it shows comes from its site.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/config.hpp"
#include "daemon/http/client.hpp"
#include "stack/host/client.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {

class HttpServer final : public Client {
 public:
  /// All arguments must outlive it.
  HttpServer(Stack& stack, const config::Http& config, HttpSite& site);

  /// Listens; it must be at the host. Errors of Stack::listen().
  Error start();
  /// Closes all connections, and accepts no more.
  void stop();

  protocol::HttpCounters counters() const;

 private:
  /// The token of the listener; that of a connection is its place.
  static constexpr std::uint32_t kListener = Token::kMaxValue;

  void on_event(const Event& event) override;
  Instant step() override;
  const char* name() const override { return "http"; }

  void accept_all();
  void admit(ConnectionId id);
  bool make_room(const IpAddress* of);
  std::size_t connected(const IpAddress* of) const;
  void tell_streams();
  /// Frees the place of a client that has gone, else notes when it is due.
  void look_after(std::unique_ptr<HttpClient>& place);

  HttpCommon common_;
  ListenerId listener_{};
  bool listening_ = false;
  std::vector<std::unique_ptr<HttpClient>> places_;  // http.clients
  Instant due_ = kNever;                             // of all clients
  Instant next_event_ = kNever;
};

}  // namespace conker::daemon
