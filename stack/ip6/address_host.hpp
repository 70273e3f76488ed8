// What configures addresses (SLAAC, DHCPv6) asks this of the host whose interface it configures.
#pragma once

#include "stack/base/address.hpp"
#include "stack/base/result.hpp"

namespace conker {

class AddressHost {
 public:
  /// Adds an address, tentative until duplicate address detection has ended (RFC 4862, 5.4), of
  /// which an AddressEvent tells. It makes no on-link prefix (RFC 5942, 4): which addresses are
  /// neighbours is told by routers alone.
  virtual Error add_address(const IpAddress& address) = 0;
  virtual void remove_address(const IpAddress& address) = 0;
  /// Marks an address as deprecated, or as preferred again (RFC 4862, 5.5.4): new connections take
  /// a deprecated one only where there is no other.
  virtual void deprecate_address(const IpAddress& address, bool deprecated) = 0;

 protected:
  ~AddressHost() = default;
};

}  // namespace conker
