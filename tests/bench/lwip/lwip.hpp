// lwIP's headers, and its lock. lwIP's own thread handles frames and timers and calls back; other
// threads must hold the lock while they call lwIP.
#pragma once

// Some of the headers have no extern "C" of their own.
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
