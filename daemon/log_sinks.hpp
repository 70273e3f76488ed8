// Sinks of the log that never block the daemon: a line that a sink cannot take at once is lost,
// counted, and reported as soon as there is room again.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <sys/un.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// The priority of a level, as syslog(3) numbers them; the journal sorts by it.
char priority_of(spdlog::level::level_enum level);

/// A sink that may lose lines. For one thread, as the daemon has.
class LossySink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// Lines lost so far.
  std::uint64_t lost() const { return lost_; }
  /// Called with the first line that is lost after a time without losses.
  void on_loss(std::function<void()> handler) { on_loss_ = std::move(handler); }
  /// Tries to log how many lines were lost. True when no report is left.
  bool catch_up();

 protected:
  /// Writes the line, or its beginning and keeps the rest; false: nothing was written. Never
  /// blocks.
  virtual bool put(const spdlog::details::log_msg& message) = 0;
  void lose();

 private:
  void sink_it_(const spdlog::details::log_msg& message) final;
  void flush_() final {}

  std::uint64_t lost_ = 0;
  std::uint64_t unsaid_ = 0;  // of them not reported yet
  std::function<void()> on_loss_;
};

/// Lines to a descriptor: stderr as it was inherited, or a file.
class StreamSink final : public LossySink {
 public:
  /// Standard error, or another descriptor `fd`; it stays open. Its file description is shared with
  /// other processes and keeps its flags, O_NONBLOCK among them.
  explicit StreamSink(int fd);
  /// A file, created where there is none. Throws std::runtime_error with one line when it cannot be
  /// opened.
  explicit StreamSink(const std::string& path);

  /// Reopens the file of that name, since the open one may have been renamed. Empty on success or
  /// without a file; else the reason, and the open one stays in use.
  std::string reopen();

 private:
  enum class How : std::uint8_t {
    kWrite,   // a file, or a non-blocking file description of its own
    kSend,    // a socket
    kPolled,  // may block: polled before each write, and given no more than a pipe has room for
  };

  bool put(const spdlog::details::log_msg& message) override;
  bool put_rest();
  ssize_t write(std::string_view bytes) const;

  std::string path_;  // empty for an inherited descriptor
  Descriptor own_;
  int fd_;
  How how_ = How::kWrite;
  std::string rest_;  // of a line whose beginning was written
};

/// Entries to the journal in its native protocol, one datagram each.
class JournalSink final : public LossySink {
 public:
  static constexpr std::string_view kSocket = "/run/systemd/journal/socket";

  /// Whether a journal takes entries from this process.
  static bool is_there(std::string_view path = kSocket);
  /// Throws std::runtime_error when there is no journal.
  explicit JournalSink(std::string_view path = kSocket);

 private:
  bool put(const spdlog::details::log_msg& message) override;

  Descriptor socket_;
  sockaddr_un journal_{};
};

}  // namespace conker::daemon
