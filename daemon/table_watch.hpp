// Logs when a table of the stack is full and when it has room again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "daemon/engine.hpp"

namespace conker::daemon {

/// Checks the tables in every turn. Logs one line when a table is full, at most one a minute for
/// each table, and one when a tenth of it is free again.
class TableWatch final : public Client {
 public:
  /// Calls connections_full(true) when the connection table is full, and connections_full(false)
  /// when a tenth of it is free again. The engine must outlive it.
  TableWatch(Engine& engine, std::function<void(bool)> connections_full);

 private:
  struct Table {
    const char* name;     // the key in the configuration's section capacities
    const char* refused;  // the consequence, for the log
    std::uint32_t capacity;
    bool full = false;
    bool said = false;  // "full" was logged, "has room" not yet
    Instant said_at{};  // of the last "full"
  };

  Instant step() override;
  const char* name() const override { return "tables"; }
  /// Updates `full` and logs; returns whether it has changed.
  bool look(Table& table, std::uint32_t used);

  Engine& engine_;
  std::function<void(bool)> connections_full_;
  Table connections_, half_open_, listeners_, udp_sockets_;
};

}  // namespace conker::daemon
