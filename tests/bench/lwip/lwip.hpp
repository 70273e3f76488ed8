// lwIP's headers, and its lock: its own thread handles frames and timers, and calls back; who calls
// lwIP from elsewhere holds the lock meanwhile.
#pragma once

// Not all of them say that they are C.
extern "C" {
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <netif/tapif.h>
}

namespace conker::lwip {

class CoreLock {
 public:
  CoreLock() { LOCK_TCPIP_CORE(); }
  ~CoreLock() { UNLOCK_TCPIP_CORE(); }
  CoreLock(const CoreLock&) = delete;
  CoreLock& operator=(const CoreLock&) = delete;
};

}  // namespace conker::lwip
