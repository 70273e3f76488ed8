// conkerd: reads the configuration, builds the daemon, and runs until SIGTERM or SIGINT.
#include <ev.h>
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "config/default_path.hpp"
#include "config/loader.hpp"
#include "daemon/check_system.hpp"
#include "daemon/control/server.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/dhcp_clients.hpp"
#include "daemon/engine.hpp"
#include "daemon/host_lookup.hpp"
#include "daemon/http/http.hpp"
#include "daemon/log.hpp"
#include "daemon/notify.hpp"
#include "daemon/reload.hpp"
#include "daemon/services/services.hpp"
#include "daemon/services/udp_services.hpp"
#include "daemon/shutdown.hpp"
#include "daemon/table_watch.hpp"
#include "protocol/standard_streams.hpp"
#include "protocol/text.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;

/// All parts of the daemon, in the order of construction.
class Daemon {
 public:
  /// `path` is the file that the configuration was read from.
  Daemon(std::string path, const config::Config& config)
      : loop_(ev_default_loop(EVFLAG_AUTO)),
        engine_(loop_, config),
        services_(engine_),
        udp_services_(engine_),
        tables_(engine_, [this](bool full) { services_.hurry_keepalive(full); }),
        host_lookup_(engine_),
        dhcp_clients_(engine_, host_lookup_),
        reload_(std::move(path), engine_, services_, udp_services_, host_lookup_),
        control_(engine_, services_, udp_services_, host_lookup_, dhcp_clients_, reload_),
        http_(engine_,
              [this] {
                return HttpFacts{control_.status(), control_.stats(), control_.strikes(kShown)};
              }),
        shutdown_(engine_, [this] { return dhcp_clients_.stop(); }),
        notifier_(loop_),
        log_catch_up_(loop_, [this] {
          if (log_catch_up()) log_catch_up_.stop();
        }) {
    start_services();
    control_.count_http([this] { return http_.counters(); });
    for (std::size_t i = 0; i < signals_.size(); ++i) {
      ev_signal_init(&signals_[i], &Daemon::on_signal, kSignals[i]);
      signals_[i].data = this;
      ev_signal_start(loop_, &signals_[i]);
    }
    on_log_loss([this] {
      if (!log_catch_up_.active()) log_catch_up_.start(kLogCatchUpEvery, kLogCatchUpEvery);
    });
  }

  ~Daemon() {
    on_log_loss({});
    for (ev_signal& watcher : signals_) ev_signal_stop(loop_, &watcher);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void run() {
    const std::string status = summary();
    spdlog::info("conkerd {} is ready: {}", CONKER_VERSION, status);
    notifier_.ready(status);
    notifier_.keep_telling([this] { return control_.summary(); });
    ev_run(loop_, 0);
    spdlog::info("conkerd ends");
  }

 private:
  static constexpr std::array<int, 3> kSignals{SIGTERM, SIGINT, SIGHUP};
  static constexpr double kLogCatchUpEvery = 1;  // seconds, while log lines are lost
  static constexpr std::size_t kShown = 5;       // strikes that have ended, on the dashboard

  std::string summary() {
    return fmt::format("{}, {}, control at {}", counted(engine_.links().size(), "link"),
                       counted(services_.list().size(), "service"),
                       engine_.config().control.socket.text);
  }

  void start_services() {
    engine_.enter();
    for (const config::Service& service : engine_.config().services) {
      const Error error = service.udp ? udp_services_.start(service.kind, service.port)
                                      : services_.start(service.kind, service.port);
      if (error == Error::kOk) continue;
      throw std::runtime_error(std::string("service ") + to_string(service.kind) + " on port " +
                               std::to_string(service.port.value) + ": " + to_string(error));
    }
  }

  static void on_signal(struct ev_loop*, ev_signal* watcher, int) {
    static_cast<Daemon*>(watcher->data)->signalled(watcher->signum);
  }

  void signalled(int number) {
    if (number == SIGHUP) {
      hung_up();
    } else if (shutdown_.begun()) {
      spdlog::info("told to end again: connections are reset");
      shutdown_.hurry();
    } else {
      end(::strsignal(number));
    }
  }

  /// SIGHUP: reopens the log file, which logrotate may have renamed, and takes over a changed
  /// configuration.
  void hung_up() {
    notifier_.reloading();
    std::string why;
    switch (reopen_log(why)) {
      case Reopened::kReopened:
        spdlog::info("SIGHUP: the log file is opened anew");
        break;
      case Reopened::kFailed:
        spdlog::error("SIGHUP: the log file cannot be opened anew: {}; the old one stays in use",
                      why);
        break;
      case Reopened::kNoFile:
        break;
    }
    reload_.reload();
    notifier_.ready(summary());
  }

  void end(const char* why) {
    engine_.enter();
    const std::string status = fmt::format(
        "{}: closing {}", why, counted(engine_.stack().tcp().connection_count(), "connection"));
    spdlog::info("{}", status);
    notifier_.stopping(status);
    control_.stop();
    services_.stop_all();
    http_.stop();
    shutdown_.begin(engine_.config().shutdown_timeout);
  }

  struct ev_loop* loop_;
  Engine engine_;
  Services services_;
  UdpServices udp_services_;
  TableWatch tables_;
  HostLookup host_lookup_;
  DhcpClients dhcp_clients_;
  Reload reload_;
  ControlServer control_;
  Http http_;
  Shutdown shutdown_;
  Notifier notifier_;
  TimerWatch log_catch_up_;
  std::array<ev_signal, kSignals.size()> signals_{};
};

std::optional<config::Config> load(const std::string& path) {
  try {
    return config::load_file(path);
  } catch (const config::ConfigError& error) {
    std::fprintf(stderr, "conkerd: %s\n", error.what());
    return std::nullopt;
  }
}

/// Flushes standard output; the exit code says whether all of it was written.
int printed() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return kExitOk;
  std::fprintf(stderr, "conkerd: standard output: %s\n", std::strerror(errno));
  return kExitFailed;
}

/// Says what the machine lacks for a good configuration.
int check(const std::string& path, const config::Config& config) {
  const SystemCheck found = check_system(config);
  for (const std::string& text : found.warnings)
    std::fprintf(stderr, "conkerd: warning: %s\n", text.c_str());
  for (const std::string& text : found.problems)
    std::fprintf(stderr, "conkerd: %s\n", text.c_str());
  std::printf("%s: %s\n", path.c_str(),
              found.problems.empty() ? "ok" : "good, but conkerd would not start on this machine");
  const int code = printed();
  return found.problems.empty() ? code : kExitFailed;
}

int run(const std::string& path, bool check_only) {
  const auto config = load(path);
  if (!config) return kExitUsage;
  if (check_only) return check(path, *config);
  try {
    set_up_log(config->log);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conkerd: %s\n", error.what());
    return kExitFailed;
  }
  try {
    // Without these signals, write() to a closed pipe or beyond RLIMIT_FSIZE returns an error.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    Daemon daemon(path, *config);
    daemon.run();
  } catch (const std::exception& error) {
    spdlog::critical("{}", error.what());
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace
}  // namespace conker::daemon

int main(int argc, char** argv) {
  conker::protocol::open_standard_streams();
  // What a strike takes for its judge, some 17 MiB, goes back to the host when it is over: glibc
  // keeps blocks of a size that was freed once, unless it is told from where on it does not.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  CLI::App app("conkerd: a TCP/IP stack of its own on TAP devices, packet sockets and unix sockets",
               "conkerd");
  std::string path = conker::config::default_path();
  bool check_only = false;
  app.add_option("--config", path, "the configuration, in YAML")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--check-config", check_only,
               "only says whether the configuration is good, and what this machine lacks for it");
  app.set_version_flag("--version", "conkerd " CONKER_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? conker::daemon::printed() : conker::daemon::kExitUsage;
  }
  return conker::daemon::run(path, check_only);
}
