// Replaces the allocation of frames in Debian's lwIP 2.1.3, whose pool has buffers of 592 bytes and
// fills them as if they had 1536, so that longer frames overflow. Its tapif reads frames into the
// pool; here it gets memory of the right size.
#include <dlfcn.h>

#include "tests/bench/lwip/lwip.hpp"

extern "C" pbuf* pbuf_alloc(pbuf_layer layer, u16_t length, pbuf_type type) {
  static const auto theirs =
      reinterpret_cast<decltype(&pbuf_alloc)>(::dlsym(RTLD_NEXT, "pbuf_alloc"));
  return theirs(layer, length, type == PBUF_POOL ? PBUF_RAM : type);
}
