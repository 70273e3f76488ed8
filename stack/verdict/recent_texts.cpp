#include "stack/verdict/recent_texts.hpp"

namespace conker::verdict {
namespace {

/// FNV-1a: unlike the Internet checksum it tells words apart that have changed places.
std::uint32_t checksum(std::span<const std::byte> text) {
  std::uint32_t sum = 0x811c9dc5;
  for (const std::byte byte : text) sum = (sum ^ std::to_integer<std::uint32_t>(byte)) * 0x01000193;
  return sum;
}

}  // namespace

std::optional<RecentTexts::Differs> RecentTexts::add(Seq begin, std::span<const std::byte> text) {
  const Text added{begin, static_cast<std::uint32_t>(text.size()), checksum(text)};
  for (const Text& known : texts_) {
    if (known.length != added.length || known.begin != begin) continue;
    if (known.sum == added.sum) return std::nullopt;
    return Differs{known.sum, added.sum};
  }
  texts_[next_++ % kTexts] = added;
  return std::nullopt;
}

}  // namespace conker::verdict
