// A link that shows every frame that passes to its observers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/link/link.hpp"
#include "stack/link/observer.hpp"

namespace conker {

class ObservedLink final : public Link {
 public:
  explicit ObservedLink(Link& below) : below_(below) {}

  /// Observers see frames that came in before the stack does, and frames that went out after the
  /// link below took them; what it refused they do not see.
  FrameObservers& observers() { return observers_; }

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  void flush(Instant now) override { below_.flush(now); }
  std::uint32_t segmentation() const override { return below_.segmentation(); }
  void coalesce(bool wanted) override { below_.coalesce(wanted); }
  Instant next_deadline() const override { return below_.next_deadline(); }

 private:
  Link& below_;
  FrameObservers observers_;
};

}  // namespace conker
