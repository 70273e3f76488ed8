// The texts that a host has sent last in one conversation: what is sent again must be the same
// (RFC 2525, 2.4). Of each only its place and a checksum are kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/seq.hpp"

namespace conker::verdict {

class RecentTexts {
 public:
  struct Differs {
    std::uint32_t before, now;  // checksums
  };

  /// Remembers the text of a segment. The checksums, where the same numbers had another text
  /// before: only a segment of the same bounds can be compared, as most that are sent again are.
  std::optional<Differs> add(Seq begin, std::span<const std::byte> text);

 private:
  struct Text {
    Seq begin;
    std::uint32_t length = 0;  // 0: none
    std::uint32_t sum = 0;
  };

  static constexpr std::size_t kTexts = 4;
  std::array<Text, kTexts> texts_{};  // a ring
  std::uint32_t next_ = 0;
};

}  // namespace conker::verdict
