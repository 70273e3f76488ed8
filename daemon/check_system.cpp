#include "daemon/check_system.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grp.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include "daemon/engine.hpp"
#include "daemon/links/interface.hpp"
#include "daemon/log_sinks.hpp"
#include "daemon/text.hpp"
#include "stack/base/address_text.hpp"
#include "stack/stack.hpp"

namespace conker::daemon {
namespace {

/// Whether this process has a capability (capabilities(7)) in effect.
bool may(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[capability / 32].effective >> capability % 32 & 1) != 0;
}

bool writable(const std::string& path) {
  return ::access(path.c_str(), W_OK) == 0;
}

/// The address of an interface of the host; nothing where it is of another family than IP.
std::optional<IpAddress> address_of(const sockaddr* any) {
  if (any == nullptr) return std::nullopt;
  if (any->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, any, sizeof in);
    return IpAddress::v4(ntohl(in.sin_addr.s_addr));
  }
  if (any->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in6{};
  std::memcpy(&in6, any, sizeof in6);
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = ntohl(in6.sin6_addr.s6_addr32[i]);
  return IpAddress(words);
}

class Checker {
 public:
  SystemCheck check(const config::Config& config) {
    for (const config::Link& link : config.links) {
      where_ = "link " + link.name;
      std::visit([&](const auto& kind) { check_link(link, kind); }, link.kind);
      check_addresses(link);
    }
    where_ = config.first_of_autoconf();
    if (!where_.empty()) fail("{}", kNoAutoconf);
    check_control(config.control);
    check_log(config.log);
    where_ = "strike.directory";
    if (std::filesystem::exists(config.strike.directory.text) &&
        !writable(config.strike.directory.text))
      warn("{} cannot be written by this user: no strike can be detached",
           config.strike.directory.text);
    check_memory(config.capacities);
    return std::move(found_);
  }

 private:
  template <typename... T>
  void warn(fmt::format_string<T...> format, T&&... arguments) {
    found_.warnings.push_back(where_ + ": " + fmt::format(format, std::forward<T>(arguments)...));
  }
  template <typename... T>
  void fail(fmt::format_string<T...> format, T&&... arguments) {
    found_.problems.push_back(where_ + ": " + fmt::format(format, std::forward<T>(arguments)...));
  }

  void check_link(const config::Link& link, const config::Tap& tap) {
    const std::string& device = tap.device.text;
    const Interface interface(device);
    if (::access("/dev/net/tun", F_OK) != 0)
      return fail("there is no /dev/net/tun; load the driver with: modprobe tun");
    if (interface.index() != 0 && !interface.is_tap())
      return fail("{} is an interface, but no TAP device; choose another name", device);
    if (interface.index() != 0 && !tap.host_address.any() && interface.mtu() < link.mtu)
      warn("the MTU of {} is {}, below the link's {}; set it: ip link set {} mtu {}", device,
           interface.mtu(), link.mtu, device, link.mtu);
    if (may(CAP_NET_ADMIN)) return;
    if (interface.index() == 0) {
      warn(
          "there is no {}, and to make it takes CAP_NET_ADMIN; make it for conkerd's user: "
          "ip tuntap add dev {} mode tap user USER",
          device, device);
    } else if (tap.host_address.any()) {
      warn("host_address is set by CAP_NET_ADMIN only; leave it out and configure {} yourself",
           device);
    }
  }

  void check_link(const config::Link& link, const config::Packet& packet) {
    const std::string& device = packet.device.text;
    const Interface interface(device);
    if (interface.index() == 0)
      return fail("no interface {}; ip link lists those there are", device);
    if (const std::string why = interface.misfit(link); !why.empty()) fail("{}", why);
    if (!may(CAP_NET_RAW)) warn("a packet socket takes CAP_NET_RAW, which this user has not");
  }

  void check_link(const config::Link&, const config::Unix& unix) {
    if (unix.mode == config::Unix::Mode::kListen) check_directory_of(unix.path.text);
  }

  /// Addresses of the stack that the host has, too, and would answer for.
  void check_addresses(const config::Link& link) {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
      const auto taken = address_of(one->ifa_addr);
      if (!taken) continue;
      if (std::ranges::any_of(link.addresses,
                              [&](const Prefix& own) { return own.address == *taken; }))
        warn("{} is an address of the host, on {}; the stack's must be its own",
             conker::to_string(*taken), one->ifa_name);
    }
    ::freeifaddrs(all);
  }

  void check_control(const config::Control& control) {
    where_ = "control.group";
    if (!control.group.empty() && ::getgrnam(control.group.c_str()) == nullptr)
      fail(
          "there is no group {}; make it: groupadd --system {} (an installed conkerd: "
          "systemd-sysusers)",
          control.group, control.group);
    where_ = "control.socket";
    check_directory_of(control.socket.text);
    where_ = "control.status_socket";
    if (!control.status_socket.text.empty()) check_directory_of(control.status_socket.text);
  }

  void check_log(const config::Log& log) {
    where_ = "log.sink";
    if (log.sink == "stderr") return;
    if (log.sink == "journal") {
      if (!JournalSink::is_there()) fail("there is no journal here; use stderr or a file");
      return;
    }
    const std::string directory = std::filesystem::path(log.sink).parent_path();
    const bool there = std::filesystem::exists(log.sink);
    if (!std::filesystem::is_directory(directory)) {
      fail("there is no directory {}; make it first", directory);
    } else if (!writable(there ? log.sink : directory)) {
      warn("{} cannot be written by this user", there ? log.sink : directory);
    }
  }

  void check_memory(const Capacities& capacities) {
    where_ = "capacities";
    const std::uint64_t wanted = Stack::storage_bytes(capacities);
    const std::uint64_t there = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                                static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if (wanted > there)
      warn("full tables take {} MiB, and this machine has {} MiB; lower them", wanted >> 20,
           there >> 20);
  }

  void check_directory_of(const std::string& path) {
    const std::string directory = std::filesystem::path(path).parent_path();
    if (!std::filesystem::is_directory(directory)) {
      warn("there is no directory {}: the unit makes /run/conker; make others first", directory);
    } else if (!writable(directory)) {
      warn("{} cannot be written by this user", directory);
    }
  }

  std::string where_;
  SystemCheck found_;
};

}  // namespace

SystemCheck check_system(const config::Config& config) {
  return Checker().check(config);
}

}  // namespace conker::daemon
