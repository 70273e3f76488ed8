#include "daemon/control/server.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "daemon/control/capture.hpp"
#include "daemon/control/connections.hpp"
#include "daemon/control/datagrams.hpp"
#include "daemon/control/faults.hpp"
#include "daemon/control/forwards.hpp"
#include "daemon/control/listeners.hpp"
#include "daemon/control/ping.hpp"
#include "daemon/control/status.hpp"
#include "daemon/control/strikes.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/given_sockets.hpp"
#include "daemon/log_field.hpp"
#include "protocol/verbs.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

std::string_view words_for(Session::End end) {
  switch (end) {
    case Session::End::kByClient:
      return "it went away";
    case Session::End::kLineTooLong:
      return "it sent a line without end";
    case Session::End::kDoesNotRead:
      return "it does not read its answers";
    case Session::End::kQuiet:
      return "it was quiet, and another client wanted its place";
    case Session::End::kFailed:
      return "its socket failed";
    case Session::End::kByDaemon:
      return "the daemon stops";
  }
  return "";
}

/// Whether a text of a client may stand in the log as it is: it cannot end a line, nor be long.
bool is_plain(const std::string& text) {
  constexpr std::size_t kMost = 64;
  return text.size() <= kMost &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

ControlServer::ControlServer(Engine& engine, Services& services, UdpServices& udp_services,
                             HostLookup& host_lookup, const DhcpClients& dhcp_clients,
                             Reload& reload)
    : engine_(engine),
      control_path_(engine.config().control.socket.text),
      deferred_(engine.loop()),
      targets_(std::make_unique<Targets>(engine, host_lookup)),
      connections_(std::make_unique<Connections>(engine, *targets_, *this, deferred_)),
      forwards_(std::make_unique<Forwards>(engine, *targets_, *this, *this, deferred_)),
      strikes_(std::make_unique<Strikes>(engine, *targets_, *this)),
      captures_(std::make_unique<Captures>(engine, *this)),
      faults_(std::make_unique<Faults>(engine, *this)),
      pings_(std::make_unique<Pings>(engine, *targets_, *this)),
      datagrams_(std::make_unique<Datagrams>(engine, *targets_, *this)),
      listeners_(std::make_unique<Listeners>(engine, services, udp_services, *this)),
      status_(std::make_unique<Status>(engine, services, udp_services, host_lookup, dhcp_clients,
                                       *this, *strikes_, *captures_, *this)),
      subscriptions_(std::make_unique<Subscriptions>(engine, *this)) {
  Verbs::serve<protocol::Reload>([&reload](CallOf<protocol::Reload> call) {
    Reload::Outcome outcome = reload.reload();
    if (outcome.refused.empty()) return call.reply({reload.path(), std::move(outcome.changed)});
    call.fail(protocol::Code::kFailed, outcome.refused + "; nothing was changed");
  });
  for (const protocol::Verb& verb : protocol::kVerbs) {
    if (handlers_.find(verb.name) == handlers_.end()) {
      throw std::logic_error(fmt::format("nothing serves the verb {}", verb.name));
    }
  }
  const auto door = [&](const char* name, const std::string& path, const std::string& group,
                        unsigned mode, Rights rights) {
    const auto take = [this, rights](Descriptor client) { admit(std::move(client), rights); };
    if (Descriptor given = given_listener(name)) {
      sockets_.push_back(std::make_unique<ControlSocket>(engine.loop(), std::move(given), take));
    } else if (!path.empty()) {
      sockets_.push_back(std::make_unique<ControlSocket>(engine.loop(), path, group, mode, take));
    }
  };
  const config::Control& config = engine.config().control;
  door("control", config.socket.text, config.group, config.mode.bits, Rights::kAll);
  door("status", config.status_socket.text, "", kStatusMode, Rights::kReading);
}

std::string ControlServer::summary() const {
  const auto& links = engine_.links();
  const auto up = std::ranges::count_if(
      links, [](const EngineLink& link) { return link.device->state() == LinkState::kUp; });
  return fmt::format("{}, {} up; {}; {} running", counted(links.size(), "link"), up,
                     counted(engine_.stack().tcp().connection_count(), "connection"),
                     counted(strikes_->status().size(), "strike"));
}

ControlServer::~ControlServer() {
  stop();
}

void ControlServer::admit(Descriptor client, Rights rights) {
  Caller caller{.rights = rights, .heard = engine_.clock()};
  socklen_t size = sizeof caller.who;
  (void)::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &caller.who, &size);
  if (!has_place(caller)) {
    ++counters_.turned_away;
    const std::string line = error_line(
        nullptr, protocol::Code::kBusy,
        fmt::format("{} clients are connected, or {} of one user at the status socket: try again "
                    "when one has gone",
                    kMaxClients, kMaxOfUser));
    // A client whose socket does not take the line gets only the end of the stream.
    (void)::send(client.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  ++counters_.accepted;
  const SessionId id = next_session_++;
  spdlog::debug("control: client {} is process {} of user {}, group {}", id, caller.who.pid,
                caller.who.uid, caller.who.gid);
  sessions_.emplace(id, std::make_unique<Session>(engine_.loop(), std::move(client), id, *this));
  callers_.emplace(id, caller);
}

/// Whether there is room for a client, or a quiet one gives its place: of the same user, where that
/// has too many. Those of one socket take no room of the other.
bool ControlServer::has_place(const Caller& caller) {
  std::size_t beside = 0, of_user = 0;
  Session* quiet = nullptr;
  Session* quiet_of_user = nullptr;
  Instant heard = caller.heard - kQuiet, heard_of_user = heard;
  for (const auto& [id, other] : callers_) {
    if (other.rights != caller.rights) continue;
    Session* const session = find_session(id);
    const bool same_user = other.who.uid == caller.who.uid;
    ++beside;
    if (same_user) ++of_user;
    if (session->calls != 0 || session->keeps) continue;
    if (other.heard <= heard) {
      heard = other.heard;
      quiet = session;
    }
    if (same_user && other.heard <= heard_of_user) {
      heard_of_user = other.heard;
      quiet_of_user = session;
    }
  }
  const bool limited = caller.rights == Rights::kReading && caller.who.uid != 0;
  if (limited && of_user >= kMaxOfUser) {
    quiet = quiet_of_user;
  } else if (beside < kMaxClients) {
    return true;
  }
  if (quiet == nullptr) return false;
  quiet->end(Session::End::kQuiet);
  return true;
}

void ControlServer::on_line(Session& session, std::string_view line) {
  callers_.at(session.id()).heard = engine_.clock();
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
  protocol::Code code{};
  if (const std::string why = refused(session, *request.verb, code); !why.empty()) {
    ++counters_.errors;
    session.send(error_line(request.id, code, why));
    return;
  }
  if (request.verb->effect == protocol::Effect::kChanges) tell_change(session, request);
  const std::string_view verb = request.verb->name;
  try {
    handler->second(Call(*this, session.id(), std::move(request)));
  } catch (const std::bad_alloc&) {
    // The call has been answered by its destructor.
    spdlog::error("control: no memory for {}", verb);
  }
}

/// Why a call is refused, with the error code; empty when it is served.
std::string ControlServer::refused(const Session& session, const protocol::Verb& verb,
                                   protocol::Code& code) {
  const Caller& caller = callers_.at(session.id());
  const bool reader = caller.rights == Rights::kReading;
  code = protocol::Code::kBusy;
  if (session.calls >= Session::kMaxCalls)
    return fmt::format("{} calls are under way: wait for an answer first", session.calls);
  if (reader && !reading_.take(caller.who.uid, engine_.clock()))
    return "too many calls at the status socket: try again in a second";
  if (verb.effect == protocol::Effect::kReads) return "";
  code = protocol::Code::kNotAllowed;
  if (reader) {
    return fmt::format(
        "{}: this socket answers verbs that only read: join the group that owns the "
        "control socket, {}, or use sudo",
        verb.name, control_path_);
  }
  return "";
}

/// Logs who changes something, with the connection or the peer that the call names.
void ControlServer::tell_change(const Session& session, const Request& request) {
  const ucred& who = callers_.at(session.id()).who;
  const auto given = [&](const char* parameter) {
    const auto found = request.params.find(parameter);
    const std::string text =
        found != request.params.end() && found->is_string() ? found->get<std::string>() : "";
    return is_plain(text) ? text : "";
  };
  const std::string id = given("id"), target = given("target");
  std::optional<LogField> connection, peer;
  if (!id.empty()) connection.emplace("CONKER_CONNECTION", id);
  if (!target.empty()) peer.emplace("CONKER_PEER", target);
  spdlog::info("control: {}{}{}{}{} by user {}, process {}", request.verb->name,
               id.empty() ? "" : " ", id, target.empty() ? "" : " ", target, who.uid, who.pid);
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
  if (end == Session::End::kQuiet) ++counters_.gave_way;
  const bool by_daemon = end == Session::End::kDoesNotRead || end == Session::End::kLineTooLong;
  spdlog::log(by_daemon ? spdlog::level::warn : spdlog::level::debug, "control: client {} ends: {}",
              id, words_for(end));
  const auto found = sessions_.find(id);
  deferred_.add(std::move(found->second));
  sessions_.erase(found);
  callers_.erase(id);
  for (const auto& gone : gone_) gone(id);
}

Session* ControlServer::find_session(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void ControlServer::serve(std::string_view verb, Handler handler) {
  handlers_.emplace(verb, std::move(handler));
}

protocol::Status::Result ControlServer::status() const {
  return status_->status();
}

protocol::Stats::Result ControlServer::stats() const {
  return status_->stats();
}

protocol::StrikeList::Result ControlServer::strikes(std::size_t most_ended) const {
  return strikes_->list(most_ended);
}

void ControlServer::count_http(std::function<std::optional<protocol::HttpCounters>()> counters) {
  status_->http_counters = std::move(counters);
}

void ControlServer::stop() {
  if (std::exchange(stopped_, true)) return;
  for (const auto& socket : sockets_) socket->stop();
  captures_->stop();
  strikes_->cut("the daemon ends");
  while (!sessions_.empty()) sessions_.begin()->second->end(Session::End::kByDaemon);
}

}  // namespace conker::daemon
