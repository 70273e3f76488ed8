#include "daemon/control/server.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "daemon/control/capture.hpp"
#include "daemon/control/connections.hpp"
#include "daemon/control/datagrams.hpp"
#include "daemon/control/faults.hpp"
#include "daemon/control/listeners.hpp"
#include "daemon/control/ping.hpp"
#include "daemon/control/status.hpp"
#include "daemon/control/strikes.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/unix_socket.hpp"
#include "protocol/verbs.hpp"

namespace conker::daemon {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsAtATime = 16;  // then other watchers of the loop run
constexpr double kAcceptPause = 1;   // seconds without accept() when descriptors have run out

/// Removes the socket file, which must be this daemon's, and throws.
[[noreturn]] void give_up(const std::string& path, std::string_view what) {
  ::unlink(path.c_str());
  throw std::runtime_error(fmt::format("control socket {}: {}", path, what));
}

void give_to_group(const std::string& path, const std::string& name) {
  if (name.empty()) return;
  const group* found = ::getgrnam(name.c_str());
  if (found == nullptr) {
    give_up(path,
            fmt::format("there is no group {}: make it (groupadd -r {}) or change control.group",
                        name, name));
  }
  if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
    give_up(path, fmt::format("cannot give it to group {}: {}", name, std::strerror(errno)));
  }
}

std::string_view words_for(Session::End end) {
  switch (end) {
    case Session::End::kByClient:
      return "it went away";
    case Session::End::kLineTooLong:
      return "it sent a line without end";
    case Session::End::kDoesNotRead:
      return "it does not read its answers";
    case Session::End::kFailed:
      return "its socket failed";
    case Session::End::kByDaemon:
      return "the daemon stops";
  }
  return "";
}

}  // namespace

ControlServer::ControlServer(Engine& engine, Services& services, UdpServices& udp_services,
                             HostLookup& host_lookup, const DhcpClients& dhcp_clients,
                             const config::Control& config)
    : engine_(engine),
      path_(config.socket.text),
      accept_(engine.loop(), [this](int) { accept(); }),
      accept_again_(engine.loop(), [this] { accept_.watch(listener_.get(), EV_READ); }),
      deferred_(engine.loop()),
      targets_(std::make_unique<Targets>(engine, host_lookup)),
      connections_(std::make_unique<Connections>(engine, *targets_, *this, deferred_)),
      strikes_(std::make_unique<Strikes>(engine, *targets_, *this)),
      captures_(std::make_unique<Captures>(engine, *this)),
      faults_(std::make_unique<Faults>(engine, *this)),
      pings_(std::make_unique<Pings>(engine, *targets_, *this)),
      datagrams_(std::make_unique<Datagrams>(engine, *targets_, *this)),
      listeners_(std::make_unique<Listeners>(engine, services, udp_services, *this)),
      status_(std::make_unique<Status>(engine, services, udp_services, host_lookup, dhcp_clients,
                                       *this, *strikes_, *captures_, *this)) {
  for (const protocol::Verb& verb : protocol::kVerbs) {
    if (handlers_.find(verb.name) == handlers_.end()) {
      throw std::logic_error(fmt::format("nothing serves the verb {}", verb.name));
    }
  }
  listen(config);
}

ControlServer::~ControlServer() {
  stop();
  struct stat now {};
  if (listener_ && ::lstat(path_.c_str(), &now) == 0 && now.st_ino == file_.st_ino &&
      now.st_dev == file_.st_dev) {
    ::unlink(path_.c_str());
  }
}

void ControlServer::listen(const config::Control& config) {
  // Mode 0600 until the group is set: no client of another user may connect before.
  listener_ = listen_at(path_, 0600, kBacklog);
  ::lstat(path_.c_str(), &file_);
  give_to_group(path_, config.group);
  if (::chmod(path_.c_str(), config.mode.bits) != 0) give_up(path_, std::strerror(errno));
  accept_.watch(listener_.get(), EV_READ);
}

void ControlServer::accept() {
  for (int i = 0; i < kAcceptsAtATime; ++i) {
    Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      admit(std::move(client));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The client stays in the listen queue; a watched listener would make the loop spin.
      spdlog::warn("control: cannot take a client: {}; trying again in a second",
                   std::strerror(errno));
      accept_.stop();
      accept_again_.start(kAcceptPause);
    }
    return;
  }
}

void ControlServer::admit(Descriptor client) {
  if (sessions_.size() >= kMaxClients) {
    ++counters_.turned_away;
    const std::string line = error_line(
        nullptr, protocol::Code::kBusy,
        fmt::format("{} clients are connected: try again when one has gone", kMaxClients));
    // A client whose socket does not take the line gets only the end of the stream.
    (void)::send(client.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  ++counters_.accepted;
  const SessionId id = next_session_++;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
    spdlog::debug("control: client {} is process {} of user {}, group {}", id, peer.pid, peer.uid,
                  peer.gid);
  }
  sessions_.emplace(id, std::make_unique<Session>(engine_.loop(), std::move(client), id, *this));
}

void ControlServer::on_line(Session& session, std::string_view line) {
  auto parsed = parse_request(line);
  if (auto* bad = std::get_if<BadRequest>(&parsed)) {
    ++counters_.bad_lines;
    ++counters_.errors;
    spdlog::debug("control: client {}: {}", session.id(), bad->message);
    // JSON-RPC 2.0, 4.1: notifications get no answer. A line that cannot be parsed may be a
    // request.
    if (!bad->notification || bad->code != protocol::Code::kInvalidParameters) {
      session.send(error_line(bad->id, bad->code, bad->message));
    }
    return;
  }
  ++counters_.requests;
  Request& request = std::get<Request>(parsed);
  spdlog::debug("control: client {}: {}", session.id(), request.verb->name);
  const auto handler = handlers_.find(request.verb->name);
  if (session.calls >= Session::kMaxCalls) {
    ++counters_.errors;
    session.send(
        error_line(request.id, protocol::Code::kBusy,
                   fmt::format("{} calls are under way: wait for an answer first", session.calls)));
    return;
  }
  handler->second(Call(*this, session.id(), std::move(request)));
}

void ControlServer::on_long_line(Session& session) {
  ++counters_.long_lines;
  ++counters_.errors;
  session.send(
      error_line(nullptr, protocol::Code::kInvalidRequest,
                 fmt::format("a request may have {} bytes at most", protocol::kMaxRequestBytes)));
}

void ControlServer::on_end(Session& session, Session::End end) {
  const SessionId id = session.id();
  if (end == Session::End::kDoesNotRead) ++counters_.cut_off;
  const bool by_daemon = end == Session::End::kDoesNotRead || end == Session::End::kLineTooLong;
  spdlog::log(by_daemon ? spdlog::level::warn : spdlog::level::debug, "control: client {} ends: {}",
              id, words_for(end));
  const auto found = sessions_.find(id);
  deferred_.add(std::move(found->second));
  sessions_.erase(found);
  for (const auto& gone : gone_) gone(id);
}

Session* ControlServer::find_session(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void ControlServer::serve(std::string_view verb, Handler handler) {
  handlers_.emplace(verb, std::move(handler));
}

void ControlServer::stop() {
  if (std::exchange(stopped_, true)) return;
  accept_.stop();
  accept_again_.stop();
  captures_->stop();
  strikes_->cut("the daemon ends");
  while (!sessions_.empty()) sessions_.begin()->second->end(Session::End::kByDaemon);
}

}  // namespace conker::daemon
