// Changes frames on their way to a link or from it: what a test of a peer needs, and no other code.
#pragma once

#include "stack/base/chain.hpp"
#include "stack/link/link.hpp"

namespace conker {

class FrameEditor : public ChainHook<FrameEditor> {
 public:
  /// The frame to send instead of this one, which may be the same; one without parts for none. What
  /// it refers to must stay as long as Link::send() wants it to.
  virtual FrameOut edit(const FrameOut& frame) = 0;
  /// The frame to receive instead of this one, likewise; it stays until the link's next receive().
  virtual FrameIn edit_received(const FrameIn& frame) { return frame; }

 protected:
  ~FrameEditor() = default;
};

/// What one has made of a frame is edited by the next.
class FrameEditors : public Chain<FrameEditor> {
 public:
  FrameOut edit(FrameOut frame) const {
    for_each([&](FrameEditor& editor) {
      if (!frame.parts.empty()) frame = editor.edit(frame);
    });
    return frame;
  }
  FrameIn edit_received(FrameIn frame) const {
    for_each([&](FrameEditor& editor) { frame = editor.edit_received(frame); });
    return frame;
  }
};

}  // namespace conker
