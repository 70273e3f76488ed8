// What a peer owes in answer, at times that count from the first SYN: what we send, and what the
// peer does and breaks by it.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stack/verdict/exchanges.hpp"
#include "tests/unit/verdict_scene.hpp"

namespace conker::test {

class VerdictExchangesScene : protected VerdictScene {
 protected:
  explicit VerdictExchangesScene(std::size_t connections,
                                 verdict::Opener opener = verdict::Opener::kWe)
      : exchanges_(kB, connections, {}, opener) {}

  std::optional<std::uint32_t> send(Duration at, const Segment& segment) {
    return exchanges_.on_sent(segment, start_ + at).fresh;
  }
  /// Checks which rule a segment of the peer breaks.
  void expect(Duration at, const Segment& segment, std::optional<verdict::Rule> rule) {
    const auto finding = exchanges_.on_received(segment, start_ + at).broken;
    const char* const nothing = "nothing";
    EXPECT_STREQ(finding ? verdict::info_of(finding->rule).name : nothing,
                 rule ? verdict::info_of(*rule).name : nothing)
        << "at " << at.count() << " us";
  }
  void fine(Duration at, const Segment& segment) { expect(at, segment, {}); }

  const Instant start_{10s};
  verdict::Exchanges exchanges_;
};

}  // namespace conker::test
