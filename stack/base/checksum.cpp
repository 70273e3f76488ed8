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

// Addition with the carry brought around: the same modulo 0xffff, however wide the word.
void add_carry(Word& sum, Word word) {
  sum += word;
  sum += sum < word ? 1 : 0;
}

std::uint16_t fold(std::uint64_t sum) {
  sum = (sum >> 32) + (sum & 0xffffffff);
  while (sum >> 16 != 0) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

void Checksum::add(std::span<const std::byte> bytes) {
  // Two sums, so that one addition need not wait for the other.
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
  // A piece that begins at an odd place has its bytes in the other halves.
  sum_ += odd_ ? swapped(fold(first)) : (std::uint64_t{first} >> 32) + (first & 0xffffffff);
  odd_ = odd_ != (bytes.size() % 2 != 0);
}

std::uint16_t Checksum::finish() const {
  const auto result = static_cast<std::uint16_t>(~fold(sum_));
  return kLittle ? swapped(result) : result;
}

void add_pseudo_header(Checksum& sum, const IpAddress& source, const IpAddress& destination,
                       std::uint8_t protocol, std::uint32_t length) {
  if (source.is_v4() && destination.is_v4()) {
    sum.add32(source.v4_bits());
    sum.add32(destination.v4_bits());
  } else {
    for (const std::uint32_t word : source.words()) sum.add32(word);
    for (const std::uint32_t word : destination.words()) sum.add32(word);
  }
  // The sum does not mind that IPv4 has 16 bits for the length and 8 of zero before the protocol.
  sum.add32(length);
  sum.add16(protocol);
}

}  // namespace conker
