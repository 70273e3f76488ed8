// Target: IPv4 addresses, prefixes and MAC addresses as text.
#include "stack/base/address.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  std::array<char, IpAddress::kTextSize> room;
  if (const auto address = IpAddress::parse(text)) {
    check(address->is_v4() && address->to_string(room) == text,
          "an address is not written as it was read");
  }
  if (const auto prefix = Prefix::parse(text)) {
    check(prefix->length <= 32 && prefix->contains(prefix->address),
          "a prefix without its own address");
    check(prefix->address.to_string(room) == text.substr(0, text.find('/')),
          "a prefix is not written as it was read");
  }
  if (const auto mac = MacAddress::parse(text)) {
    std::array<char, MacAddress::kTextSize> out;
    const auto same = [](unsigned char a, unsigned char b) {
      return std::tolower(a) == std::tolower(b);
    };
    check(std::ranges::equal(mac->to_string(out), text, same),
          "a MAC address is not written as it was read");
  }
  // Any four words are an IPv6 address, and its text has at most kTextSize bytes.
  if (input.size() >= 16) {
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < 16; ++i)
      words[i / 4] = words[i / 4] << 8 | std::to_integer<std::uint32_t>(input[i]);
    check(IpAddress(words).to_string(room).size() < IpAddress::kTextSize,
          "an address longer than its room");
  }
}

}  // namespace conker::fuzz
