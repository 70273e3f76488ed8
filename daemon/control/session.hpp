// A session: one client of the control socket, its requests and answers as lines, and descriptors
// passed beside them (SCM_RIGHTS).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/control/watch.hpp"
#include "daemon/descriptor.hpp"

namespace conker::daemon {

/// Identifies a session; not used again while the daemon runs.
using SessionId = std::uint64_t;

class Session {
 public:
  /// Unread bytes of answers from which on no more requests are read.
  static constexpr std::size_t kHighWater = std::size_t{256} * 1024;
  /// Unread bytes above which the client is disconnected.
  static constexpr std::size_t kMaxOutput = std::size_t{8} * 1024 * 1024;
  /// Seconds after which a client that reads none of its answers is disconnected.
  static constexpr double kStalled = 30;
  /// The most calls without an answer yet.
  static constexpr std::uint32_t kMaxCalls = 64;

  enum class End : std::uint8_t {
    kByClient,
    kLineTooLong,
    kDoesNotRead,
    kQuiet,
    kFailed,
    kByDaemon
  };

  class Owner {
   public:
    /// Handles a line, given without its newline.
    virtual void on_line(Session& session, std::string_view line) = 0;
    /// Handles a line that is longer than protocol::kMaxRequestBytes. The owner may send an answer;
    /// the session ends after it.
    virtual void on_long_line(Session& session) = 0;
    /// The last call for a session: its socket is closed, and the owner frees it later.
    virtual void on_end(Session& session, End end) = 0;

   protected:
    ~Owner() = default;
  };

  Session(struct ev_loop* loop, Descriptor socket, SessionId id, Owner& owner);

  SessionId id() const { return id_; }
  /// Bytes that the client has not taken yet.
  std::size_t unsent() const { return output_bytes_; }
  /// Queues a line, with a descriptor if one is given.
  void send(std::string line, Descriptor descriptor = Descriptor());
  /// The descriptors that were received with the current line, protocol::kMaxDescriptors at most.
  std::vector<Descriptor> take_descriptors() { return std::exchange(descriptors_in_, {}); }
  /// Ends the session once all queued lines are sent. Nothing is read any more.
  void finish();
  void end(End end);

  std::uint32_t calls = 0;  // without an answer yet
  bool keeps = false;       // something that ends with this session

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
  std::vector<Descriptor> descriptors_in_;
  std::deque<Outgoing> output_;
  std::size_t output_bytes_ = 0;
  bool progressed_ = false;  // since the stall timer last fired
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace conker::daemon
