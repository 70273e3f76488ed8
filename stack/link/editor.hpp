// Changes frames on their way to a link or from it: what a test of a peer needs, and no other code.
#pragma once

#include "stack/link/link.hpp"

namespace conker {

class FrameEditor {
 public:
  /// The frame to send instead of this one, which may be the same; one without parts for none. What
  /// it refers to must stay as long as Link::send() wants it to.
  virtual FrameOut edit(const FrameOut& frame) = 0;
  /// The frame to receive instead of this one, likewise; it stays until the link's next receive().
  virtual FrameIn edit_received(const FrameIn& frame) { return frame; }

 protected:
  ~FrameEditor() = default;
};

}  // namespace conker
