// Plain kernel sockets, owned and with errors that say what failed.
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

/// Throws std::system_error with errno and what was being done.
[[noreturn]] void fail(const std::string& what);

/// An IPv4 address in text; throws std::invalid_argument when it is none.
sockaddr_in endpoint(const std::string& address, std::uint16_t port);

/// A non-blocking listener. The backlog is as long as net.core.somaxconn allows.
Fd listen_on(const sockaddr_in& local);

/// A blocking connection.
Fd connect_to(const sockaddr_in& remote);

/// The address to connect from; the port is chosen at connect(), where the kernel knows the whole
/// four-tuple.
void bind_address(int fd, const sockaddr_in& local);

/// Raises the limit of open files, so that there may be so many besides a few others; throws when
/// it may not be.
void allow_descriptors(unsigned count);

/// From now on close() resets the connection instead of sending a FIN.
void reset_on_close(int fd);

/// SIGTERM and SIGINT ask for the end. They are blocked except inside wait(), so no wake-up is lost
/// between looking at stopped() and going to sleep.
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

/// Tells whoever started us that the listener stands, in one line of JSON.
void announce(const sockaddr_in& local);

}  // namespace conker::peer
