// Plain kernel sockets with an owner, whose errors say what failed.
#pragma once

#include <netinet/in.h>
#include <signal.h>

#include <cstdint>
#include <string>

namespace conker::peer {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

/// Throws std::system_error with errno; `what` is the operation that failed.
[[noreturn]] void fail(const std::string& what);

/// Parses an IPv4 address; throws std::invalid_argument when it is none.
sockaddr_in endpoint(const std::string& address, std::uint16_t port);

/// Opens a non-blocking listener. The backlog is as long as net.core.somaxconn allows.
Fd listen_on(const sockaddr_in& local);

/// Opens a blocking connection.
Fd connect_to(const sockaddr_in& remote);

/// Binds to an address to connect from; connect() chooses the port, when the kernel knows the whole
/// four-tuple.
void bind_address(int fd, const sockaddr_in& local);

/// Raises the limit of open files to `count` and a few others; throws when it is not permitted.
void allow_descriptors(unsigned count);

/// Makes close() reset the connection instead of sending a FIN.
void reset_on_close(int fd);

/// Turns SIGTERM and SIGINT into a request to stop. They are blocked except inside wait(), so no
/// signal is lost between a test of stopped() and the sleep.
class StopSignal {
 public:
  StopSignal();
  bool stopped() const;
  /// Sleeps until `fd` is readable; false when it is time to stop.
  bool wait_readable(int fd) const;
  const sigset_t& mask_while_waiting() const { return waiting_; }

 private:
  sigset_t waiting_;
};

/// Prints one line of JSON when the listener is ready, for the process that started this one.
void announce(const sockaddr_in& local);

}  // namespace conker::peer
