// The command forward: joins sockets of the host with connections of the stack. It accepts and
// connects the sockets, and hands them over to the daemon, through which the bytes pass.
#include "protocol/forward.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/poll_set.hpp"

namespace conker::ctl {
namespace {

constexpr auto kLook = std::chrono::seconds(1);          // a signal before poll() is seen then
constexpr auto kEnd = std::chrono::seconds(2);           // for the figures of what is cut
constexpr auto kPause = std::chrono::milliseconds(100);  // where descriptors have run out
constexpr auto kConnect = std::chrono::seconds(10);
// Calls under way: the daemon takes 64 of a client.
constexpr std::size_t kMostCalls = 48;

struct ForwardOptions {
  std::uint16_t port = 0;
  std::string target;  // HOST:PORT
  std::string bind = "127.0.0.1";
  std::uint32_t most = 128;
  bool reverse = false;
};

struct ForwardTally {
  std::uint64_t connections = 0, failed = 0, cut = 0, sent = 0, received = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("connections", self.connections, About{.help = "joined"});
    field("failed", self.failed, About{.help = "that could not be joined"});
    field("cut", self.cut, About{.help = "that were reset, by either side or at the end"});
    field("sent", self.sent, About{.help = "to the target", .unit = Unit::kBytes});
    field("received", self.received, About{.help = "from the target", .unit = Unit::kBytes});
  }
};

// ---- Sockets of the host ----

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Addresses addresses_of(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_flags = flags;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) throw Failure(kExitFailed, fmt::format("{}: {}", host, ::gai_strerror(error)));
  return {found, ::freeaddrinfo};
}

std::string endpoint_of(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(address, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "somebody";
  const bool v6 = address->sa_family == AF_INET6;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host.data(), v6 ? "]" : "", port.data());
}

OwnedFd stream_socket(const addrinfo& address) {
  OwnedFd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw Failure(kExitFailed, fmt::format("no socket: {}", std::strerror(errno)));
  return socket;
}

/// What small pieces the peer sends is passed on at once.
void pass_on_at_once(const OwnedFd& socket) {
  constexpr int kOn = 1;
  (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
}

OwnedFd listen_at(const ForwardOptions& options, std::string& name) {
  const auto found = addresses_of(options.bind, std::to_string(options.port),
                                  AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE);
  OwnedFd socket = stream_socket(*found);
  constexpr int kOn = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn);
  if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    throw Failure(kExitFailed, fmt::format("cannot listen on {} port {}: {}", options.bind,
                                           options.port, std::strerror(errno)));
  }
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  (void)::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size);
  name = endpoint_of(reinterpret_cast<const sockaddr*>(&own), size);
  return socket;
}

// ---- The loop ----

class Forwarding {
 public:
  Forwarding(const Context& context, const ForwardOptions& options)
      : context_(context),
        options_(options),
        client_(context.connect_to_wait()),
        deadline_(client_.lift_deadline()),
        target_(nullptr, ::freeaddrinfo) {}

  int run() {
    begin();
    catch_interrupt();
    while (!interrupted() && !expired()) {
      wait();
      hear();
      if (!options_.reverse) accept();
      finish_connects();
    }
    const bool by_time = !interrupted();
    end();
    tell();
    return by_time ? kExitTimedOut : kExitDone;
  }

 private:
  /// A socket of the host on its way to the target, for a connection of the stack.
  struct Connect {
    OwnedFd socket;
    std::string id, peer;
    Moment until;
  };

  void begin() {
    if (!options_.reverse) {
      std::string name;
      listener_ = listen_at(options_, name);
      std::fprintf(stderr, "conkerctl: %s leads to %s; Ctrl-C ends\n", name.c_str(),
                   options_.target.c_str());
      return;
    }
    const std::size_t colon = options_.target.rfind(':');
    target_ = addresses_of(options_.target.substr(0, colon), options_.target.substr(colon + 1), 0);
    (void)client_.call<ForwardListen>({options_.port});
    std::fprintf(stderr, "conkerctl: port %d of the stack leads to %s; Ctrl-C ends\n",
                 options_.port, options_.target.c_str());
  }

  bool expired() const { return deadline_ && moment_now() >= *deadline_; }

  /// Connections that are joined, or will be unless that fails.
  std::size_t count() const { return calls_.size() + joined_.size() + connects_.size(); }
  bool has_room() const { return count() < options_.most && calls_.size() < kMostCalls; }

  void wait() {
    PollSet polls;
    polls.read(client_.fd());
    const Moment now = moment_now();
    if (!options_.reverse && has_room()) {
      if (now >= accept_again_) polls.read(listener_.get());
      if (now < accept_again_) polls.by(accept_again_);
    }
    for (const Connect& one : connects_) polls.write(one.socket.get());
    polls.by(now + kLook);
    if (deadline_) polls.by(*deadline_);
    polls.wait();
  }

  // ---- From the host to the stack ----

  void accept() {
    while (has_room() && moment_now() >= accept_again_) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      auto* const address = reinterpret_cast<sockaddr*>(&from);
      const OwnedFd socket(
          ::accept4(listener_.get(), address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
          accept_again_ = moment_now() + kPause;
        return;
      }
      pass_on_at_once(socket);
      const int call = client_.send<Forward>({options_.target}, {socket.get()});
      calls_.emplace(call, endpoint_of(address, size));
    }
  }

  // ---- From the stack to the host ----

  void offered(const ForwardOffer& offer) {
    OwnedFd socket = stream_socket(*target_);
    const int done = ::connect(socket.get(), target_->ai_addr, target_->ai_addrlen);
    if (done != 0 && errno != EINPROGRESS)
      return refuse(offer.id, offer.remote, std::strerror(errno));
    connects_.push_back({std::move(socket), offer.id, offer.remote, moment_now() + kConnect});
  }

  /// Hands over the sockets that are connected, and gives up those that are not in time.
  void finish_connects() {
    std::vector<Connect> waiting;
    for (Connect& one : std::exchange(connects_, {})) {
      int error = 0;
      socklen_t size = sizeof error;
      (void)::getsockopt(one.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      sockaddr_storage peer{};
      socklen_t length = sizeof peer;
      if (error != 0) {
        refuse(one.id, one.peer, std::strerror(error));
      } else if (::getpeername(one.socket.get(), reinterpret_cast<sockaddr*>(&peer), &length) ==
                 0) {
        pass_on_at_once(one.socket);
        calls_.emplace(client_.send<ForwardTake>({one.id}, {one.socket.get()}), one.peer);
      } else if (moment_now() >= one.until) {
        refuse(one.id, one.peer, "no answer in time");
      } else {
        waiting.push_back(std::move(one));
      }
    }
    connects_ = std::move(waiting);
  }

  /// The host's side cannot be reached: resets the connection that asked for it.
  void refuse(const std::string& id, const std::string& peer, const char* why) {
    ++tally_.failed;
    std::fprintf(stderr, "conkerctl: %s: %s: %s\n", peer.c_str(), options_.target.c_str(), why);
    (void)client_.send<Abort>({id});
  }

  // ---- From the daemon ----

  void hear() {
    while (const auto message = client_.receive(moment_now())) {
      if (const auto offer = Client::notification<ForwardOffer>(*message)) offered(*offer);
      if (const auto over = Client::notification<Forwarded>(*message)) {
        ended(*over);
      } else {
        answered(*message);
      }
    }
  }

  void answered(const Client::Message& message) {
    const auto id = message.body.find("id");
    const auto call = id == message.body.end() || !id->is_number_integer()
                          ? calls_.end()
                          : calls_.find(id->get<int>());
    if (call == calls_.end()) return;
    const std::string peer = std::move(calls_.extract(call).mapped());
    try {
      const auto result = Client::result_in(message, id->get<int>());
      joined_.emplace(result->value("id", std::string()), peer);
      ++tally_.connections;
    } catch (const Failure& failure) {
      ++tally_.failed;
      std::fprintf(stderr, "conkerctl: %s: %s\n", peer.c_str(), failure.what());
    }
  }

  void ended(const Forwarded& over) {
    tally_.sent += options_.reverse ? over.received : over.sent;
    tally_.received += options_.reverse ? over.sent : over.received;
    const auto found = joined_.find(over.id);
    if (found == joined_.end()) return;
    if (over.reason) {
      ++tally_.cut;
      std::fprintf(stderr, "conkerctl: %s: %s\n", found->second.c_str(), over.reason->c_str());
    }
    joined_.erase(found);
  }

  /// Cuts what is left, and waits for its figures.
  void end() {
    listener_.reset();
    for (const auto& [id, peer] : joined_) (void)client_.send<Abort>({id});
    const Moment last = moment_now() + kEnd;
    while (!joined_.empty() && moment_now() < last && interrupts() < 2) {
      PollSet polls;
      polls.read(client_.fd());
      polls.by(last);
      polls.wait();
      hear();
    }
    tally_.cut += joined_.size();
    tally_.failed += calls_.size() + connects_.size();
  }

  void tell() const {
    if (context_.json) return print_json(protocol::to_json(tally_));
    print(fmt::format("{} forwarded, {} to {}, {} back; {} failed, {} cut\n",
                      counted(tally_.connections, "connection"), bytes_to_string(tally_.sent),
                      options_.target, bytes_to_string(tally_.received), grouped(tally_.failed),
                      grouped(tally_.cut)));
  }

  const Context& context_;
  const ForwardOptions& options_;
  Client client_;
  Deadline deadline_;
  OwnedFd listener_;
  Addresses target_;  // of --reverse
  Moment accept_again_{};
  std::vector<Connect> connects_;
  std::map<int, std::string> calls_;           // under way: whom for
  std::map<std::string, std::string> joined_;  // by the connection's id: whom for
  ForwardTally tally_;
};

}  // namespace

void add_forward_verb(CLI::App& app, Context& context) {
  const auto options = std::make_shared<ForwardOptions>();
  CLI::App* verb = add_verb(
      app, context, "forward",
      "Join a TCP port of this host with HOST:PORT, which the stack connects to",
      [&context, options] {
        if (options->reverse && options->port == 0)
          throw Failure(kExitUsage, "forward: --reverse needs a port of the stack, 1 to 65535");
        (void)check_endpoint(options->target);
        return Forwarding(context, *options).run();
      });
  verb->add_option("LISTEN-PORT", options->port, "where to listen; 0: any free port")
      ->required()
      ->type_name("");
  verb->add_option("HOST:PORT", options->target, "where connections lead, each opened anew")
      ->required()
      ->type_name("");
  verb->add_option("--bind", options->bind,
                   "the address of this host to listen at (unless given: 127.0.0.1, for this host "
                   "alone)")
      ->type_name("ADDRESS");
  verb->add_option("--most", options->most,
                   "connections at a time; others wait (unless given: 128)")
      ->check(CLI::Range(std::int64_t{1}, protocol::kMostForwarded))
      ->type_name("N");
  verb->add_flag("--reverse", options->reverse,
                 "listen at LISTEN-PORT of the stack, and connect to HOST:PORT from this host");
}

}  // namespace conker::ctl
