// Segments in CLOSED that are not answered by a RST. A strike keeps silent so towards the SYN-ACKs
// of handshakes that it has left unfinished (stack/strike/unfinished.hpp); an image that names no
// Silence has no code for it.
#pragma once

#include "stack/base/address.hpp"
#include "stack/base/chain.hpp"
#include "stack/base/time.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

class Silence : public ChainHook<Silence> {
 public:
  /// Whether a segment of a four-tuple without connection, record and listener stays unanswered.
  virtual bool keeps(const FourTuple& tuple, const TcpSegment& segment, Instant now) = 0;

 protected:
  ~Silence() = default;
};

}  // namespace conker
