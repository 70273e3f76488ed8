// A link that shows every frame to its observers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/link/editor.hpp"
#include "stack/link/link.hpp"
#include "stack/link/observer.hpp"

namespace conker {

class ObservedLink final : public Link {
 public:
  explicit ObservedLink(Link& below) : below_(below) {}

  /// Observers see a received frame before the stack does, and a sent frame after the link below
  /// took it; they do not see frames that it refused.
  FrameObservers& observers() { return observers_; }

  /// It sends and receives what the editors make of each frame; observers see what is on the wire.
  FrameEditors& editors() { return editors_; }

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  void flush(Instant now) override { below_.flush(now); }
  std::uint32_t segmentation() const override { return below_.segmentation(); }
  void coalesce(bool wanted) override { below_.coalesce(wanted); }
  Instant next_deadline() const override { return below_.next_deadline(); }

 private:
  Link& below_;
  FrameObservers observers_;
  FrameEditors editors_;
};

}  // namespace conker
