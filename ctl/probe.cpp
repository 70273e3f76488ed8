#include "ctl/probe.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string>
#include <utility>

#include "ctl/child.hpp"
#include "ctl/client.hpp"
#include "ctl/format.hpp"
#include "ctl/watch_lines.hpp"

namespace conker::ctl {
namespace {

using ProbeKind = ProbeOutcome::Kind;

/// How much later than its deadline a probe may be looked at: if it was later, the outcome says
/// that this machine was busy, and nothing of the target.
constexpr Duration kProbeGrace = 1s;

ProbeOutcome probe_failed(std::string why) {
  return {ProbeKind::kFailed, Duration(0), std::move(why)};
}
ProbeOutcome probe_not_made(std::string why) {
  return {ProbeKind::kOurs, Duration(0), std::move(why)};
}
std::string in_time(Duration timeout) {
  return "within " + to_string(timeout);
}

// ---- Through the daemon ----

/// A ping, a connection, or a connection and a GET: calls of the daemon, one after the other.
class DaemonProbe final : public Probe {
 public:
  DaemonProbe(const MonitorSpec& spec, const std::string& socket, Duration timeout)
      : spec_(spec), began_(moment_now()), timeout_(timeout), client_(socket, std::nullopt) {
    begin();
  }

  void wait_for(PollSet& polls) const override {
    polls.by(began_ + timeout_ + (answered_ ? Duration(0) : kProbeGrace));
    polls.read(client_.fd());
    if (bytes_) polls.read(bytes_.get());
  }

  std::optional<ProbeOutcome> step(Moment now) override {
    try {
      while (auto message = client_.receive(now)) {
        if (auto outcome = on_message(*message)) return outcome;
      }
    } catch (const Failure& failure) {
      return probe_not_made(failure.what());
    }
    if (bytes_) {
      if (auto outcome = read_bytes()) return outcome;
    }
    return overdue(now);
  }

 private:
  std::int64_t timeout_ms() const { return timeout_.count() / 1000; }

  void begin() {
    if (spec_.kind == MonitorSpec::Kind::kPing) {
      call_ = client_.send<Ping>({.host = spec_.where, .timeout_ms = timeout_ms()});
    } else {
      Open::Parameters parameters;
      parameters.remote = spec_.where;
      parameters.timeout_ms = timeout_ms();
      parameters.hold = true;
      call_ = client_.send<Open>(parameters);
    }
  }

  std::optional<ProbeOutcome> on_message(Client::Message& message) {
    if (message.descriptor && connection_) send_get(std::move(message.descriptor));
    const auto error = message.body.find("error");
    if (error != message.body.end()) return refused(*error);
    if (message.body.value("id", 0) != call_ || connection_) return std::nullopt;
    const json result = message.body.value("result", json::object());
    answered_ = true;
    if (spec_.kind == MonitorSpec::Kind::kPing)
      return ProbeOutcome{ProbeKind::kGood, Duration(result.value("rtt_us", std::int64_t{0}))};
    if (spec_.kind == MonitorSpec::Kind::kTcp)
      return ProbeOutcome{ProbeKind::kGood, Duration(result.value("connect_us", std::int64_t{0}))};
    connection_ = result.value("id", std::string());
    client_.send<Relay>({.id = *connection_, .mode = Relay::Mode::kBoth});
    return std::nullopt;
  }

  /// An error is the target's doing where the target refused, was silent, or reset a connection
  /// that was there: others are of our own stack and daemon.
  ProbeOutcome refused(const json& error) const {
    const auto code = static_cast<Code>(error.value("code", 0));
    std::string why = error.value("message", std::string("the daemon gave no reason"));
    const bool theirs = code == Code::kTimedOut || code == Code::kConnectionRefused ||
                        (connection_ && code == Code::kFailed);
    return theirs ? finished(std::move(why)) : probe_not_made(std::move(why));
  }

  void send_get(OwnedFd bytes) {
    bytes_ = std::move(bytes);
    const std::string get = fmt::format(
        "GET {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: conkerctl\r\nConnection: close\r\n\r\n",
        spec_.path, spec_.where);
    // A new socket has room for it.
    (void)::send(bytes_.get(), get.data(), get.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// Takes the status line, and the rest of the answer so that the connection can close in order.
  std::optional<ProbeOutcome> read_bytes() {
    std::array<char, 4096> bytes;
    ssize_t n = 0;
    while (taken_ <= kMostBytes &&
           (n = ::recv(bytes_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0) {
      taken_ += static_cast<std::size_t>(n);
      if (!status_) take_status(std::string_view(bytes.data(), static_cast<std::size_t>(n)));
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
    return finished("the connection was closed without an answer");
  }

  void take_status(std::string_view bytes) {
    head_.append(bytes.substr(0, kMostHead - std::min(head_.size(), kMostHead)));
    const std::size_t end = head_.find('\n');
    if (end == std::string::npos && head_.size() < kMostHead) return;
    status_ = 0;
    latency_ = between(began_, moment_now());
    const bool http = head_.starts_with("HTTP/") && head_.find(' ') != std::string::npos;
    for (std::size_t i = http ? head_.find(' ') + 1 : head_.size();
         i < head_.size() && std::isdigit(static_cast<unsigned char>(head_[i])) && *status_ < 1000;
         ++i)
      status_ = *status_ * 10 + (head_[i] - '0');
  }

  /// The outcome where no more will come; `why` where the answer has not come.
  ProbeOutcome finished(std::string why) const {
    if (!status_) return probe_failed(std::move(why));
    if (*status_ >= 200 && *status_ < 400) return {ProbeKind::kGood, latency_};
    return probe_failed(*status_ == 0 ? "the answer is not HTTP"
                                      : fmt::format("HTTP status {}", *status_));
  }

  std::optional<ProbeOutcome> overdue(Moment now) {
    const Moment deadline = began_ + timeout_;
    if (now < deadline || (!answered_ && now < deadline + kProbeGrace)) return std::nullopt;
    if (!answered_) return probe_not_made("the daemon did not answer in time");
    if (now >= deadline + kProbeGrace && !status_)
      return probe_not_made("conkerctl itself did not run for a while");
    // The target shall not hold a slot for what nobody waits for.
    client_.send<Abort>({*connection_});
    return finished("no answer to GET " + in_time(timeout_));
  }

  static constexpr std::size_t kMostHead = 512, kMostBytes = std::size_t{64} * 1024;

  const MonitorSpec& spec_;
  Moment began_;
  Duration timeout_;
  Client client_;
  int call_ = 0;
  bool answered_ = false;  // the daemon has answered the first call
  // Of http: the connection's id, its bytes, what has come, and the answer's status (0: no HTTP).
  std::optional<std::string> connection_;
  OwnedFd bytes_;
  std::string head_;
  std::size_t taken_ = 0;
  std::optional<int> status_;
  Duration latency_{0};
};

// ---- By a command ----

class ExecProbe final : public Probe {
 public:
  ExecProbe(const MonitorSpec& spec, Duration timeout)
      : began_(moment_now()), timeout_(timeout), child_(spec.where) {}

  void wait_for(PollSet& polls) const override {
    polls.read(child_.end());
    if (!silent_) polls.read(child_.output());
    polls.by(began_ + timeout_);
  }

  std::optional<ProbeOutcome> step(Moment now) override {
    drain();
    if (const auto code = child_.exit_code()) {
      if (*code == 0) return ProbeOutcome{ProbeKind::kGood, between(began_, now)};
      return probe_failed(fmt::format("exit code {}{}", *code, said()));
    }
    if (now < began_ + timeout_) return std::nullopt;
    return now < began_ + timeout_ + kProbeGrace
               ? probe_failed("the command did not end " + in_time(timeout_) + said())
               : probe_not_made("conkerctl itself did not run for a while");
  }

 private:
  static constexpr std::size_t kMostKept = 200, kMostReads = 16;

  /// Takes what the command writes, so that it does not wait for us; keeps the begin.
  void drain() {
    std::array<char, 4096> bytes;
    for (std::size_t i = 0; i < kMostReads && !silent_; ++i) {
      const ssize_t n = ::read(child_.output(), bytes.data(), bytes.size());
      if (n < 0) return;
      silent_ = n == 0;
      const std::size_t room = kMostKept - output_.size();
      output_.append(bytes.data(), std::min(static_cast<std::size_t>(n), room));
    }
  }
  /// The first line of the output.
  std::string said() const {
    const std::string line = fit_for_terminal(output_.substr(0, output_.find('\n')));
    return line.empty() ? "" : ": " + line;
  }

  Moment began_;
  Duration timeout_;
  Child child_;
  bool silent_ = false;  // its output has ended
  std::string output_;
};

}  // namespace

std::unique_ptr<Probe> begin_probe(const MonitorSpec& spec, const std::string& socket,
                                   Duration timeout) {
  if (spec.kind == MonitorSpec::Kind::kExec) return std::make_unique<ExecProbe>(spec, timeout);
  return std::make_unique<DaemonProbe>(spec, socket, timeout);
}

}  // namespace conker::ctl
