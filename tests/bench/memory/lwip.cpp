// lwIP against itself, by its raw API, over its own loop interface. All of it runs in lwIP's
// thread: every callback does the next step, and only the loop interface itself waits for a lock or
// message.
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "tests/bench/memory/shards.hpp"
#include "tests/bench/memory/strike.hpp"

namespace conker::bench {
namespace {

constexpr std::uint16_t kPort = 80;
// Pause before another attempt after lwIP refused to open: each attempt searches all of its ports
// and records.
constexpr Duration kRetryPause = 100ms;

/// Counters that lwIP's thread writes and this process's main thread reads.
class Tallied {
 public:
  void add() {
    value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// lwIP keeps static state until the process ends, and so does this class.
class Lwip {
 public:
  /// To be called once. Returns when lwIP's thread has begun to open.
  void start(const StrikeOptions& options) {
    options_ = options;
    tcpip_init([](void* self) { static_cast<Lwip*>(self)->begin(); }, this);
    while (!began_.load(std::memory_order_acquire)) std::this_thread::sleep_for(1ms);
    if (broken_) throw std::runtime_error("lwIP does not start: no interface or no listener");
  }

  Tally tally() const { return {completed_.get(), failed_.get(), 0, 0}; }

  /// Makes lwIP try again after it refused to open, since no callback will. This may take long, so
  /// the caller does not wait for it.
  void nudge() {
    (void)tcpip_try_callback([](void* self) { static_cast<Lwip*>(self)->open_all(); }, this);
  }

 private:
  static Lwip& of(void* self) { return *static_cast<Lwip*>(self); }

  void begin() {
    ip4_addr_t address, mask, gateway;
    IP4_ADDR(&address, 10, 0, 0, 1);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 0, 0, 0, 0);
    const netif_init_fn init = [](netif* interface) -> err_t {
      interface->output = [](netif* out, pbuf* packet, const ip4_addr_t*) -> err_t {
        return netif_loop_output(out, packet);
      };
      interface->mtu = 1500;
      return ERR_OK;
    };
    broken_ = netif_add(&interface_, &address, &mask, &gateway, nullptr, init, ip_input) == nullptr;
    if (!broken_) {
      netif_set_default(&interface_);
      netif_set_link_up(&interface_);
      netif_set_up(&interface_);
      ip_addr_copy_from_ip4(address_, address);
      broken_ = !listen();
    }
    if (!broken_) open_all();
    began_.store(true, std::memory_order_release);
  }

  // ---- The right end: accepts ----

  bool listen() {
    tcp_pcb* pcb = tcp_new();
    if (pcb == nullptr || tcp_bind(pcb, &address_, kPort) != ERR_OK) return false;
    tcp_pcb* listener = tcp_listen(pcb);
    if (listener == nullptr) return false;
    tcp_accept(listener, [](void*, tcp_pcb* accepted, err_t error) -> err_t {
      if (error == ERR_OK) tcp_recv(accepted, close_when_closed);
      return ERR_OK;
    });
    return true;
  }

  static err_t close_when_closed(void*, tcp_pcb* pcb, pbuf* bytes, err_t) {
    if (bytes == nullptr) return tcp_close(pcb);
    pbuf_free(bytes);
    return ERR_OK;
  }

  // ---- The left end: opens ----

  void open_all() {
    while (in_flight_ < options_.flight && open()) ++in_flight_;
  }

  bool open() {
    tcp_pcb* pcb = tcp_new();
    if (pcb == nullptr) {
      failed_.add();
      return false;
    }
    tcp_arg(pcb, this);
    tcp_err(pcb, [](void* self, err_t) { of(self).ended(false); });
    if (tcp_connect(pcb, &address_, kPort, connected) == ERR_OK) return true;
    failed_.add();
    tcp_err(pcb, nullptr);
    tcp_abort(pcb);
    return false;
  }

  static err_t connected(void* self, tcp_pcb* pcb, err_t) {
    if (of(self).options_.close == Close::kFin) {
      tcp_recv(pcb, [](void* arg, tcp_pcb*, pbuf* bytes, err_t) -> err_t {
        if (bytes != nullptr) {
          pbuf_free(bytes);
        } else {
          of(arg).ended(true);  // the other side's FIN; TIME-WAIT follows inside lwIP
        }
        return ERR_OK;
      });
      return tcp_close(pcb);
    }
    // The next connection opens first: in the place of this one lwIP would take it for the one it
    // is handling, and let its SYN wait for a timer.
    of(self).ended(true);
    tcp_err(pcb, nullptr);
    tcp_abort(pcb);
    return ERR_ABRT;
  }

  void ended(bool as_it_should) {
    (as_it_should ? completed_ : failed_).add();
    --in_flight_;
    open_all();
  }

  StrikeOptions options_;
  netif interface_{};
  ip_addr_t address_{};
  std::uint32_t in_flight_ = 0;
  Tallied completed_, failed_;
  bool broken_ = false;
  std::atomic<bool> began_{false};
};

Lwip lwip;

// Runs until `end`, whatever lwIP does; prints each second how many cycles were completed.
void watch(Instant end, bool second_by_second) {
  std::uint64_t before = lwip.tally().completed;
  Instant next_second = clock_now() + 1s;
  for (Instant now = clock_now(); now < end; now = clock_now()) {
    std::this_thread::sleep_for(std::min({end, next_second, now + kRetryPause}) - now);
    lwip.nudge();
    if (clock_now() < next_second) continue;
    next_second += 1s;
    const std::uint64_t completed = lwip.tally().completed;
    if (second_by_second) {
      std::fprintf(stderr, "lwIP: %llu cycles in this second\n",
                   static_cast<unsigned long long>(completed - before));
    }
    before = completed;
  }
}

}  // namespace

bool has_lwip() {
  return true;
}

ShardReport strike_lwip(const StrikeOptions& options) {
  pin_to_core(0);
  // By FIN the number of cycles is limited by lwIP's ports, and warming up would use them.
  const bool warm = options.close == Close::kReset;
  const Instant started = clock_now();
  lwip.start(options);
  if (warm) watch(started + 1s, false);
  const Tally before = warm ? lwip.tally() : Tally();
  const Duration cpu_before = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  const Instant began = warm ? clock_now() : started;
  watch(began + from_seconds(options.seconds), !warm);
  return {lwip.tally() - before, to_seconds(clock_now() - began),
          to_seconds(read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_before)};
}

}  // namespace conker::bench
