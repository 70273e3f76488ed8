// One client of the control socket: lines in, lines out, descriptors beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "daemon/control/watch.hpp"
#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// Names a client for as long as the daemon runs; never used again.
using SessionId = std::uint64_t;

class Session {
 public:
  /// Answers wait when this much is unread: no more requests are taken until the client reads.
  static constexpr std::size_t kHighWater = std::size_t{256} * 1024;
  /// A client that lets this much pile up is cut off.
  static constexpr std::size_t kMaxOutput = std::size_t{8} * 1024 * 1024;
  /// So is one that reads nothing for this long (seconds) while something waits for it.
  static constexpr double kStalled = 30;
  /// Requests that a client may have under way at a time.
  static constexpr std::uint32_t kMaxCalls = 64;

  enum class End : std::uint8_t { kByClient, kLineTooLong, kDoesNotRead, kFailed, kByDaemon };

  class Owner {
   public:
    /// A line without its newline.
    virtual void on_line(Session& session, std::string_view line) = 0;
    /// A line longer than protocol::kMaxRequestBytes has begun. The owner may still send; then the
    /// session ends.
    virtual void on_long_line(Session& session) = 0;
    /// The last call: the session is closed and only waits to be freed.
    virtual void on_end(Session& session, End end) = 0;

   protected:
    ~Owner() = default;
  };

  Session(struct ev_loop* loop, Descriptor socket, SessionId id, Owner& owner);

  SessionId id() const { return id_; }
  /// Queues a line, with a descriptor beside it if there is one.
  void send(std::string line, Descriptor descriptor = Descriptor());
  /// The descriptor that came with the line at hand; none if none did.
  Descriptor take_descriptor() { return std::move(descriptor_in_); }
  /// Ends when everything queued has been sent. Nothing is read any more.
  void finish();
  void end(End end);

  std::uint32_t calls = 0;  // under way

 private:
  struct Outgoing {
    std::string line;
    Descriptor descriptor;
    std::size_t sent = 0;
  };

  void ready(int events);
  void read();
  bool receive();
  void take_lines();
  void write();
  bool send_front();
  void watch();

  SessionId id_;
  Owner& owner_;
  Descriptor socket_;
  IoWatch io_;
  TimerWatch stalled_;
  std::string input_;
  Descriptor descriptor_in_;
  std::deque<Outgoing> output_;
  std::size_t output_bytes_ = 0;
  bool progressed_ = false;  // since the stall timer last looked
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace conker::daemon
