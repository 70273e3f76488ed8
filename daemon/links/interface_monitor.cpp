#include "daemon/links/interface_monitor.hpp"

#include <linux/rtnetlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace conker::daemon {

InterfaceMonitor::InterfaceMonitor()
    : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  sockaddr_nl links{};
  links.nl_family = AF_NETLINK;
  links.nl_groups = RTMGRP_LINK;
  if (socket_ &&
      ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&links), sizeof links) == 0)
    return;
  spdlog::warn("interfaces cannot be watched ({}): status may show one that is down as up",
               std::generic_category().message(errno));
  socket_.reset();
}

void InterfaceMonitor::drain() {
  std::array<std::byte, 4096> message;
  // ENOBUFS means that messages were lost; others are still behind them.
  while (::recv(socket_.get(), message.data(), message.size(), MSG_DONTWAIT) >= 0 ||
         errno == ENOBUFS || errno == EINTR) {
  }
}

}  // namespace conker::daemon
