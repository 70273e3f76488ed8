// Bulk transfers by lwIP.
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "tests/bench/lwip/commands.hpp"
#include "tests/bench/lwip/lwip.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::lwip {
namespace {

using Clock = std::chrono::steady_clock;

class Bulk {
 public:
  Bulk(const BulkOptions& options, bool sends) : options_(options), sends_(sends) {}

  void run() {
    const peer::StopSignal stop;
    listen();
    peer::announce(options_.local);
    const timespec pause{0, 10'000'000};
    while (!over() && !stop.stopped()) ::ppoll(nullptr, 0, &pause, &stop.mask_while_waiting());
    const CoreLock lock;
    const double seconds = std::chrono::duration<double>(last_ - first_).count();
    std::printf("{\"bytes\": %llu, \"seconds\": %.3f, \"bits_per_second\": %.0f}\n",
                static_cast<unsigned long long>(bytes_), seconds,
                seconds > 0 ? static_cast<double>(bytes_) * 8 / seconds : 0);
  }

 private:
  static Bulk& from(void* argument) { return *static_cast<Bulk*>(argument); }

  void listen() {
    const CoreLock lock;
    tcp_pcb* pcb = tcp_new();
    ip_addr_t address{};
    ip_addr_set_ip4_u32(&address, options_.local.sin_addr.s_addr);
    if (pcb == nullptr || tcp_bind(pcb, &address, lwip_ntohs(options_.local.sin_port)) != ERR_OK) {
      throw std::runtime_error("lwIP cannot bind the port");
    }
    pcb = tcp_listen(pcb);
    if (pcb == nullptr) throw std::runtime_error("lwIP cannot listen");
    tcp_arg(pcb, this);
    tcp_accept(pcb, on_accepted);
  }

  bool over() {
    const CoreLock lock;
    const auto now = Clock::now();
    if (!connected_) {
      if (now - start_ > std::chrono::seconds(10))
        throw std::runtime_error("nobody has connected in 10 seconds");
      return false;
    }
    return live_ == 0 || now - *connected_ > std::chrono::duration<double>(options_.seconds);
  }

  void moved(std::uint32_t bytes) {
    last_ = Clock::now();
    if (bytes_ == 0) first_ = last_;
    bytes_ += bytes;
  }

  /// Writes consecutive numbers, as many as lwIP takes.
  void fill(tcp_pcb* pcb) {
    while (const auto n =
               static_cast<u16_t>(std::min<std::size_t>(tcp_sndbuf(pcb), sizeof words_))) {
      for (std::size_t i = 0; i < (n + 7u) / 8; ++i) words_[i] = next_++;
      if (tcp_write(pcb, words_.data(), n, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
    }
    tcp_output(pcb);
  }

  static err_t on_accepted(void* argument, tcp_pcb* pcb, err_t error) {
    if (pcb == nullptr) return error;
    Bulk& self = from(argument);
    ++self.live_;
    if (!self.connected_) self.connected_ = Clock::now();
    tcp_arg(pcb, argument);
    tcp_err(pcb, on_error);
    tcp_recv(pcb, on_received);
    if (self.sends_) {
      tcp_sent(pcb, on_sent);
      self.fill(pcb);
    }
    return ERR_OK;
  }

  static err_t on_received(void* argument, tcp_pcb* pcb, pbuf* bytes, err_t) {
    Bulk& self = from(argument);
    if (bytes == nullptr) {  // the peer's FIN
      --self.live_;
      tcp_err(pcb, nullptr);
      tcp_sent(pcb, nullptr);
      return tcp_close(pcb);
    }
    if (!self.sends_) self.moved(bytes->tot_len);
    tcp_recved(pcb, bytes->tot_len);
    pbuf_free(bytes);
    return ERR_OK;
  }

  static err_t on_sent(void* argument, tcp_pcb* pcb, u16_t bytes) {
    Bulk& self = from(argument);
    self.moved(bytes);
    self.fill(pcb);
    return ERR_OK;
  }

  static void on_error(void* argument, err_t) { --from(argument).live_; }

  const BulkOptions options_;
  const bool sends_;
  const Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> connected_;
  Clock::time_point first_, last_;
  std::uint64_t bytes_ = 0, next_ = 0;
  std::uint32_t live_ = 0;
  std::array<std::uint64_t, 4096> words_;
};

void run(const BulkOptions& options, bool sends) {
  static Bulk bulk(options, sends);  // lwIP cannot be stopped: it calls back until the process ends
  bulk.run();
}

}  // namespace

void sink(const BulkOptions& options) {
  run(options, false);
}

void source(const BulkOptions& options) {
  run(options, true);
}

}  // namespace conker::lwip
