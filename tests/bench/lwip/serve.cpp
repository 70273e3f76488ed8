// lwIP as a server that a strike is pointed at: it throws away what comes, and closes when its peer
// does, or first.
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "tests/bench/lwip/commands.hpp"
#include "tests/bench/lwip/lwip.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::lwip {
namespace {

std::uint64_t accepted = 0;

err_t on_received(void*, tcp_pcb* pcb, pbuf* bytes, err_t) {
  if (bytes == nullptr) return tcp_close(pcb);  // the peer's FIN
  tcp_recved(pcb, bytes->tot_len);
  pbuf_free(bytes);
  return ERR_OK;
}

err_t on_accepted(void* closes, tcp_pcb* pcb, err_t error) {
  if (pcb == nullptr) return error;
  ++accepted;
  if (*static_cast<const bool*>(closes)) return tcp_close(pcb);
  tcp_recv(pcb, on_received);
  return ERR_OK;
}

void listen(const BulkOptions& options, std::uint8_t backlog) {
  const CoreLock lock;
  tcp_pcb* pcb = tcp_new();
  ip_addr_t address{};
  ip_addr_set_ip4_u32(&address, options.local.sin_addr.s_addr);
  if (pcb == nullptr || tcp_bind(pcb, &address, lwip_ntohs(options.local.sin_port)) != ERR_OK)
    throw std::runtime_error("lwIP cannot bind the port");
  pcb = tcp_listen_with_backlog(pcb, backlog);
  if (pcb == nullptr) throw std::runtime_error("lwIP cannot listen");
  tcp_arg(pcb, const_cast<bool*>(&options.closes));
  tcp_accept(pcb, on_accepted);
}

}  // namespace

void serve(const BulkOptions& options) {
  using Clock = std::chrono::steady_clock;
  const peer::StopSignal stop;
  listen(options, 255);
  peer::announce(options.local);
  const timespec pause{0, 10'000'000};
  const auto end = Clock::now() + std::chrono::duration<double>(options.seconds);
  while (Clock::now() < end && !stop.stopped())
    ::ppoll(nullptr, 0, &pause, &stop.mask_while_waiting());
  const CoreLock lock;
  std::printf("{\"accepted\": %llu}\n", static_cast<unsigned long long>(accepted));
}

}  // namespace conker::lwip
