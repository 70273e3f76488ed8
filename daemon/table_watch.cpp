#include "daemon/table_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

constexpr Duration kSayAgain = 1min;

}  // namespace

TableWatch::TableWatch(Engine& engine, std::function<void(bool)> connections_full)
    : engine_(engine),
      connections_full_(std::move(connections_full)),
      connections_{"connections", "opens fail and new peers wait",
                   engine.config().capacities.connections},
      half_open_{
          "half_open",
          engine.config().syn_cookies ? "SYNs are answered with cookies" : "SYNs are dropped",
          engine.config().capacities.half_open},
      listeners_{"listeners", "listening fails", engine.config().capacities.listeners},
      udp_sockets_{"udp_sockets", "sending and listening by UDP fails",
                   engine.config().capacities.udp_sockets} {
  engine_.add(*this);
}

Instant TableWatch::step() {
  const Tcp& tcp = engine_.stack().tcp();
  if (look(connections_, tcp.connection_count())) connections_full_(connections_.full);
  look(half_open_, tcp.half_open_count());
  look(listeners_, tcp.listener_count());
  look(udp_sockets_, engine_.udp().socket_count());
  return kNever;
}

bool TableWatch::look(Table& table, std::uint32_t used) {
  const std::uint32_t roomy = table.capacity - std::max<std::uint32_t>(table.capacity / 10, 1);
  const bool was = table.full;
  table.full = used >= table.capacity || (was && used > roomy);
  if (table.full && !table.said) {
    const Instant now = engine_.stack().now();
    if (table.said_at != Instant() && now - table.said_at < kSayAgain) return was != table.full;
    table.said = true;
    table.said_at = now;
    spdlog::warn(
        "the table of {} is full ({} in use): {} until there is room; capacities.{} sets its size",
        table.name, used, table.refused, table.name);
  } else if (!table.full && table.said) {
    table.said = false;
    spdlog::info("the table of {} has room again ({} of {} in use)", table.name, used,
                 table.capacity);
  }
  return was != table.full;
}

}  // namespace conker::daemon
