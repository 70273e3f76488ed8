// Tables that are full turn somebody away: the log says so.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "daemon/engine.hpp"

namespace conker::daemon {

/// Looks at the tables in every turn. One line when a table is full, at most one a minute for each,
/// and one when a tenth of it is free again.
class TableWatch final : public Client {
 public:
  /// Calls connections_full(true) when the table of connections is full, and with false when a
  /// tenth of it is free again. The engine must outlive it.
  TableWatch(Engine& engine, std::function<void(bool)> connections_full);

 private:
  struct Table {
    const char* name;     // its key in the section capacities
    const char* refused;  // what happens meanwhile
    std::uint32_t capacity;
    bool full = false;
    bool said = false;  // that it is full, and not yet that it has room again
    Instant said_at{};  // when it was last said to be full
  };

  Instant step() override;
  const char* name() const override { return "tables"; }
  /// Whether `full` has changed.
  bool look(Table& table, std::uint32_t used);

  Engine& engine_;
  std::function<void(bool)> connections_full_;
  Table connections_, half_open_, listeners_, udp_sockets_;
};

}  // namespace conker::daemon
