// Changes frames on their way to a link: what a test of a peer needs, and no other code.
#pragma once

#include "stack/link/link.hpp"

namespace conker {

class FrameEditor {
 public:
  /// The frame to send instead of this one, which may be the same; one without parts for none. What
  /// it refers to must stay as long as Link::send() wants it to.
  virtual FrameOut edit(const FrameOut& frame) = 0;

 protected:
  ~FrameEditor() = default;
};

}  // namespace conker
