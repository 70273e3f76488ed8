// What a user may know of a connection.
#pragma once

#include <cstdint>

#include "stack/tcp/limits.hpp"
#include "stack/tcp/tables.hpp"

namespace conker {

class Info {
 public:
  explicit Info(const TcpTables& tables) : t_(tables) {}

  ConnectionInfo of(std::uint32_t slot) const;

 private:
  void tell_of_options(const Connection& c, ConnectionInfo& info) const;
  void tell_of_sending(const Connection& c, ConnectionInfo& info) const;
  void tell_of_deadlines(const Connection& c, ConnectionInfo& info) const;

  const TcpTables& t_;
};

}  // namespace conker
