// The interface between the stack and UDP. UDP is an object that the embedder hands in and that the
// stack knows by this interface only, so that an image without UDP does not link its code.
#pragma once

#include <cstdint>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/net/datagram_event.hpp"
#include "stack/net/network.hpp"
#include "stack/net/packet.hpp"
#include "stack/settings.hpp"

namespace conker {

class DatagramProtocol {
 public:
  /// The parts of the stack that UDP works with.
  struct Parts {
    const Settings& settings;
    Counters& counters;
    ChunkPool& chunks;
    Network& network;
  };
  struct Audit {
    std::uint64_t chunks_held = 0;  // counted by walking
    const char* fault = nullptr;
  };

  /// Receives a packet of protocol 17 for one of the host's addresses, or a broadcast on the link
  /// that it came from.
  virtual void datagram_arrives(const PacketIn& packet) = 0;
  /// Receives an ICMP error about a datagram that was sent.
  virtual void error_arrives(const IcmpErrorIn& message) = 0;
  /// The next socket with events. While draining, any call is allowed.
  virtual bool next_event(UdpEvent& event) = 0;
  virtual Audit audit() const = 0;

 protected:
  ~DatagramProtocol() = default;
};

}  // namespace conker
