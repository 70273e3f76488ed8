#include "stack/base/checksum.hpp"

#include <cstring>
#include <type_traits>

namespace conker {
namespace {

// The widest word that the machine adds in one step.
using Word = std::conditional_t<sizeof(void*) == 8, std::uint64_t, std::uint32_t>;

template <typename T>
T load(const std::byte* at) {
  T word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Adds with end-around carry: the result is the same modulo 0xffff, however wide the word.
void add_carry(Word& sum, Word word) {
  sum += word;
  sum += sum < word ? 1 : 0;
}

}  // namespace

void Checksum::add(std::span<const std::byte> bytes) {
  // Two independent sums, so that the machine can do their additions at the same time.
  Word first = 0;
  Word second = 0;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 2 * sizeof(Word); left -= 2 * sizeof(Word), at += 2 * sizeof(Word)) {
    add_carry(first, load<Word>(at));
    add_carry(second, load<Word>(at + sizeof(Word)));
  }
  if (left >= sizeof(Word)) {
    add_carry(first, load<Word>(at));
    left -= sizeof(Word);
    at += sizeof(Word);
  }
  if (left >= 4) {
    add_carry(second, load<std::uint32_t>(at));
    left -= 4;
    at += 4;
  }
  for (; left >= 2; left -= 2, at += 2) add_carry(first, load<std::uint16_t>(at));
  if (left != 0) {
    const std::byte last[2]{*at, std::byte{0}};
    add_carry(second, load<std::uint16_t>(last));
  }
  add_carry(first, second);
  // The bytes of a piece that begins at an odd offset count in the other halves of the words.
  sum_ += odd_ ? swapped(folded(first)) : (std::uint64_t{first} >> 32) + (first & 0xffffffff);
  odd_ = odd_ != (bytes.size() % 2 != 0);
}

}  // namespace conker
