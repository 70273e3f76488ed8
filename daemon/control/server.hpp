// The control server: a unix socket on which clients call the verbs of protocol. No client may
// disturb others or the stack by what it sends or does not read.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.hpp"
#include "daemon/control/call.hpp"
#include "daemon/control/control_socket.hpp"
#include "daemon/control/deferred_deletion.hpp"
#include "daemon/control/reading_limits.hpp"
#include "daemon/control/session.hpp"
#include "daemon/control/subscriptions.hpp"
#include "daemon/descriptor.hpp"
#include "daemon/dhcp_clients.hpp"
#include "daemon/engine.hpp"
#include "daemon/host_lookup.hpp"
#include "daemon/reload.hpp"
#include "daemon/services/services.hpp"
#include "daemon/services/udp_services.hpp"
#include "stack/base/time.hpp"

namespace conker::daemon {

class Captures;
class Connections;
class Datagrams;
class Faults;
class Forwards;
class Listeners;
class Pings;
class Status;
class Strikes;
class Targets;

class ControlServer final : public Session::Owner, public Sessions, public Verbs {
 public:
  static constexpr std::size_t kMaxClients = 64;  // at each socket
  static constexpr std::size_t kMaxOfUser = 16;   // of them at the status socket, but for root
  /// A client that has said nothing for so long, and waits for no answer, gives its place to
  /// another that finds none.
  static constexpr Duration kQuiet = 5s;

  /// Listens at once; replaces a socket file on which no process listens. Throws
  /// std::runtime_error: one line, with advice. The arguments must outlive it.
  ControlServer(Engine& engine, Services& services, UdpServices& udp_services,
                HostLookup& host_lookup, const DhcpClients& dhcp_clients, Reload& reload);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// What there is just now, in one line.
  std::string summary() const;

  /// Begins the shutdown: disconnects all clients, accepts no more, stops the strike, and ends a
  /// capture.
  void stop();

  /// What the verbs that read answer, for those who show it elsewhere.
  protocol::Status::Result status() const;
  protocol::Stats::Result stats() const;
  /// Those that run, and of the others the newest.
  protocol::StrikeList::Result strikes(std::size_t most_ended) const;
  /// Who is asked for what the HTTP server did.
  void count_http(std::function<std::optional<protocol::HttpCounters>()> counters);

  protocol::Status::Control counters() const override {
    protocol::Status::Control now = counters_;
    now.clients = sessions_.size();
    now.watching = subscriptions_->size();
    now.events_dropped = subscriptions_->dropped();
    return now;
  }

 private:
  // Session::Owner
  void on_line(Session& session, std::string_view line) override;
  void on_long_line(Session& session) override;
  void on_end(Session& session, Session::End end) override;
  // Sessions
  Session* find_session(SessionId id) override;
  bool is_reader(SessionId id) const override {
    const auto found = callers_.find(id);
    return found != callers_.end() && found->second.rights == Rights::kReading;
  }
  void count_error() override { ++counters_.errors; }
  // Verbs
  void serve(std::string_view verb, Handler handler) override;
  void on_gone(std::function<void(SessionId)> handler) override {
    gone_.push_back(std::move(handler));
  }

  /// What a client may do, by the socket at which it came.
  enum class Rights : std::uint8_t { kAll, kReading };
  struct Caller {
    ucred who{};
    Rights rights = Rights::kReading;
    Instant heard{};  // when it connected, or its last line came
  };
  static constexpr unsigned kStatusMode = 0666;

  void admit(Descriptor client, Rights rights);
  bool has_place(const Caller& caller);
  std::string refused(const Session& session, const protocol::Verb& verb, protocol::Code& code);
  void tell_change(const Session& session, const Request& request);

  Engine& engine_;
  std::string control_path_;
  std::vector<std::unique_ptr<ControlSocket>> sockets_;
  DeferredDeletion deferred_;
  protocol::Status::Control counters_;  // without the number of connected clients
  SessionId next_session_ = 1;
  std::unordered_map<SessionId, std::unique_ptr<Session>> sessions_;
  std::unordered_map<SessionId, Caller> callers_;  // of the sessions
  ReadingLimits reading_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<std::function<void(SessionId)>> gone_;
  bool stopped_ = false;

  std::unique_ptr<Targets> targets_;
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<Forwards> forwards_;
  std::unique_ptr<Strikes> strikes_;
  std::unique_ptr<Captures> captures_;
  std::unique_ptr<Faults> faults_;
  std::unique_ptr<Pings> pings_;
  std::unique_ptr<Datagrams> datagrams_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<Status> status_;
  std::unique_ptr<Subscriptions> subscriptions_;
};

}  // namespace conker::daemon
