// Where the stack ends and UDP begins. UDP is an object that the embedder hands in: the stack knows
// it by this interface only, so that an image that names no UDP carries none.
#pragma once

#include <cstdint>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/net/network.hpp"
#include "stack/net/packet.hpp"
#include "stack/settings.hpp"

namespace conker {

class DatagramProtocol {
 public:
  /// What it works with; all of it is the stack's.
  struct Parts {
    const Settings& settings;
    Counters& counters;
    ChunkPool& chunks;
    Network& network;
  };
  struct Audit {
    std::uint64_t chunks_held = 0;  // walked
    const char* fault = nullptr;
  };

  /// A packet of protocol 17 for one of our addresses, or for everybody on the link that it came
  /// from.
  virtual void datagram_arrives(const PacketIn& packet) = 0;
  /// ICMP says that a datagram of ours did not arrive.
  virtual void unreachable(const Unreachable& message) = 0;
  virtual Audit audit() const = 0;

 protected:
  ~DatagramProtocol() = default;
};

}  // namespace conker
