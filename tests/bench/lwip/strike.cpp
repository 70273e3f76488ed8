// A strike by lwIP.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/bench/lwip/commands.hpp"
#include "tests/bench/lwip/lwip.hpp"

namespace conker::lwip {
namespace {

using Clock = std::chrono::steady_clock;

/// Waits until the target answers ARP: the kernel's end of the device is up only some time after
/// the process attached, and lwIP would take seconds to retransmit what was lost meanwhile.
void find(const ip_addr_t& target) {
  const auto give_up = Clock::now() + std::chrono::seconds(5);
  while (Clock::now() < give_up) {
    {
      const CoreLock lock;
      eth_addr* link_address = nullptr;
      const ip4_addr_t* address = nullptr;
      if (etharp_find_addr(netif_default, ip_2_ip4(&target), &link_address, &address) >= 0) return;
      etharp_request(netif_default, ip_2_ip4(&target));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the target does not answer ARP on the device");
}

class Striker {
 public:
  explicit Striker(const StrikeOptions& options) : options_(options) {
    ip_addr_set_ip4_u32(&to_, options.to.sin_addr.s_addr);
  }

  void run() {
    find(to_);
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(options_.seconds));
    while (Clock::now() < end) {
      {
        const CoreLock lock;
        open_more();  // the first ones, and replacements for those that failed
      }
      std::this_thread::sleep_until(std::min(end, Clock::now() + std::chrono::milliseconds(10)));
    }
    const CoreLock lock;
    opening_ = false;
    const auto since = [&](Clock::time_point when) {
      return std::chrono::duration<double>(when - start).count();
    };
    const double seconds = since(Clock::now());
    std::printf(
        "{\"completed\": %llu, \"failed\": %llu, \"seconds\": %.3f, \"cycles_per_second\": %.0f, ",
        static_cast<unsigned long long>(completed_), static_cast<unsigned long long>(failed_),
        seconds, static_cast<double>(completed_) / seconds);
    if (out_of_ports_) {
      std::printf("\"out_of_ports_after\": %.3f}\n", since(*out_of_ports_));
    } else {
      std::printf("\"out_of_ports_after\": null}\n");
    }
  }

 private:
  static Striker& from(void* argument) { return *static_cast<Striker*>(argument); }

  void open_more() {
    // To find that no port is free, lwIP walks over all connections for each port: ask only once.
    while (opening_ && !out_of_ports_ && in_flight_ < options_.flight) {
      tcp_pcb* const pcb = tcp_new();
      if (pcb == nullptr) return;
      tcp_arg(pcb, this);
      if (tcp_connect(pcb, &to_, lwip_ntohs(options_.to.sin_port), on_connected) != ERR_OK) {
        tcp_abort(pcb);
        out_of_ports_ = Clock::now();
        return;
      }
      tcp_err(pcb, on_error);
      ++in_flight_;
    }
  }

  void completed() {
    ++completed_;
    --in_flight_;
    open_more();
  }

  static err_t on_connected(void* argument, tcp_pcb* pcb, err_t) {
    Striker& self = from(argument);
    if (!self.options_.reset) {
      tcp_recv(pcb, on_received);
      return tcp_close(pcb);
    }
    // The next connection opens before this one is freed: in the same place in memory lwIP would
    // take it for the one it is handling, and delay its SYN.
    self.completed();
    tcp_err(pcb, nullptr);
    tcp_abort(pcb);
    return ERR_ABRT;
  }

  static err_t on_received(void* argument, tcp_pcb* pcb, pbuf* bytes, err_t) {
    Striker& self = from(argument);
    if (bytes == nullptr) {  // the peer's FIN
      tcp_err(pcb, nullptr);
      self.completed();
      return ERR_OK;
    }
    tcp_recved(pcb, bytes->tot_len);
    pbuf_free(bytes);
    return ERR_OK;
  }

  static void on_error(void* argument, err_t) {
    Striker& self = from(argument);
    ++self.failed_;
    --self.in_flight_;
  }

  const StrikeOptions options_;
  ip_addr_t to_{};
  std::uint64_t completed_ = 0, failed_ = 0;
  unsigned in_flight_ = 0;
  bool opening_ = true;
  std::optional<Clock::time_point> out_of_ports_;
};

}  // namespace

void strike(const StrikeOptions& options) {
  static Striker striker(options);  // lwIP cannot be stopped: it calls back until the process ends
  striker.run();
}

}  // namespace conker::lwip
