// What a strike edits of the frames of its link: windows, SYNs, and ACKs. No connection is of two.
#pragma once

#include "stack/link/editor.hpp"
#include "stack/strike/narrow_windows.hpp"
#include "stack/strike/syn_data.hpp"
#include "stack/strike/unheard_acks.hpp"

namespace conker {

class Edits final : public FrameEditor {
 public:
  FrameOut edit(const FrameOut& frame) override {
    return syns.edit(windows.edit(acks.edit(frame)));
  }
  FrameIn edit_received(const FrameIn& frame) override { return syns.edit_received(frame); }

  NarrowWindows windows;
  SynData syns;
  UnheardAcks acks;
};

}  // namespace conker
