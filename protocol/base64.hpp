// Base64 (RFC 4648, 4), for bytes in JSON strings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace conker::protocol {

namespace detail {
inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of a digit; 64 for other characters.
constexpr std::uint32_t base64_value(char c) {
  const std::size_t at = kBase64.find(c);
  return at == std::string_view::npos ? 64 : static_cast<std::uint32_t>(at);
}
}  // namespace detail

/// Appends the base64 text of `bytes`.
template <typename Text>
void encode_base64(std::string_view bytes, Text& text) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      word = word << 8 | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0u);
    }
    const std::size_t digits = bytes.size() - i >= 3 ? 4 : bytes.size() - i + 1;
    for (std::size_t j = 0; j < 4; ++j) {
      text += j < digits ? detail::kBase64[word >> (18 - 6 * j) & 63] : '=';
    }
  }
}

/// Appends the decoded bytes; false, and some may have been appended, when the text is not base64
/// with its padding.
template <typename Bytes>
bool decode_base64(std::string_view text, Bytes& bytes) {
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t digits = text.size() - padding;
  for (std::size_t i = 0; i < digits; i += 4) {
    std::uint32_t word = 0;
    const std::size_t here = digits - i < 4 ? digits - i : 4;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint32_t value = j < here ? detail::base64_value(text[i + j]) : 0;
      if (value == 64) return false;
      word = word << 6 | value;
    }
    for (std::size_t j = 0; j + 1 < here; ++j)
      bytes += static_cast<char>(word >> (16 - 8 * j) & 0xff);
    // The unused bits of the last digit must be zero (RFC 4648, 3.5).
    if (here < 4 && (word & (here == 2 ? 0xffffu : 0xffu)) != 0) return false;
  }
  return true;
}

}  // namespace conker::protocol
