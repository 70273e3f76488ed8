// Target: addresses of both families, prefixes and MAC addresses as text.
#include "stack/base/address.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

namespace {

// An IPv6 address has many texts, of which one is written (RFC 5952).
void check_written(const IpAddress& address, std::string_view text) {
  std::array<char, IpAddress::kTextSize> room;
  const std::string_view written = address.to_string(room);
  check(address.is_v4() ? written == text : IpAddress::parse(written) == address,
        "an address is not written as it was read");
}

}  // namespace

void run(Input input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  std::array<char, IpAddress::kTextSize> room;
  if (const auto address = IpAddress::parse(text)) {
    check_written(*address, text);
  }
  if (const auto prefix = Prefix::parse(text)) {
    check(prefix->length <= Prefix::most_length(prefix->address) &&
              prefix->contains(prefix->address) && prefix->contains(prefix->network()),
          "a prefix without its own address");
    check_written(prefix->address, text.substr(0, text.find('/')));
  }
  if (const auto mac = MacAddress::parse(text)) {
    std::array<char, MacAddress::kTextSize> out;
    const auto same = [](unsigned char a, unsigned char b) {
      return std::tolower(a) == std::tolower(b);
    };
    check(std::ranges::equal(mac->to_string(out), text, same),
          "a MAC address is not written as it was read");
  }
  // Any four words are an address, and its text has at most kTextSize bytes.
  if (input.size() >= 16) {
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < 16; ++i)
      words[i / 4] = words[i / 4] << 8 | std::to_integer<std::uint32_t>(input[i]);
    const IpAddress any(words);
    const std::string_view written = any.to_string(room);
    check(written.size() < IpAddress::kTextSize, "an address longer than its room");
    check(IpAddress::parse(written) == any, "an address is not read as it was written");
  }
}

}  // namespace conker::fuzz
