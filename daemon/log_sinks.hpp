// Sinks of the log that never make the daemon wait: what a sink cannot take at once is lost,
// counted, and said as soon as there is room again.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <sys/un.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// Of one thread, as the daemon is.
class LossySink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// Lines lost in all.
  std::uint64_t lost() const { return lost_; }
  /// Called with the first line that is lost after a time in which all went well.
  void on_loss(std::function<void()> handler) { on_loss_ = std::move(handler); }
  /// Tries to say what was lost, as a line of the log. True when nothing is left to be said.
  bool catch_up();

 protected:
  /// Takes the line, or its beginning and keeps the rest; false: nothing was taken. Never waits.
  virtual bool put(const spdlog::details::log_msg& message) = 0;
  void lose();

 private:
  void sink_it_(const spdlog::details::log_msg& message) final;
  void flush_() final {}

  std::uint64_t lost_ = 0;
  std::uint64_t unsaid_ = 0;  // of them
  std::function<void()> on_loss_;
};

/// Lines to a descriptor: stderr as it was inherited, or a file.
class StreamSink final : public LossySink {
 public:
  /// Standard error, or whatever descriptor `fd` is; it stays open. Its file description is shared
  /// with other processes and keeps its flags, O_NONBLOCK among them.
  explicit StreamSink(int fd);
  /// A file, made where there is none. Throws std::runtime_error with one line when it cannot be
  /// opened.
  explicit StreamSink(const std::string& path);

  /// Opens the file of that name anew, since somebody may have renamed the one in use. Empty when
  /// that went well or there is no file; else why not, and the one in use stays.
  std::string reopen();

 private:
  enum class How : std::uint8_t {
    kWrite,   // a file, or a description of our own that does not block
    kSend,    // a socket
    kPolled,  // one that may block: asked before each write, and given no more than a pipe has room
              // for
  };

  bool put(const spdlog::details::log_msg& message) override;
  bool put_rest();
  ssize_t write(std::string_view bytes) const;

  std::string path_;  // empty for an inherited descriptor
  Descriptor own_;
  int fd_;
  How how_ = How::kWrite;
  std::string rest_;  // of a line whose beginning has been written
};

/// Entries to the journal in its native protocol, one datagram each.
class JournalSink final : public LossySink {
 public:
  static constexpr std::string_view kSocket = "/run/systemd/journal/socket";

  /// Throws std::runtime_error when there is no journal.
  explicit JournalSink(std::string_view path = kSocket);

 private:
  bool put(const spdlog::details::log_msg& message) override;

  Descriptor socket_;
  sockaddr_un journal_{};
};

}  // namespace conker::daemon
