#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "stack/verdict/endpoint_index.hpp"

namespace conker {
namespace {

using verdict::EndpointIndex;

Endpoint of(std::uint32_t n) {
  return {IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(n % 3)),
          Port{static_cast<std::uint16_t>(n * 7919)}};
}

TEST(VerdictEndpointIndexTest, FindsWhatWasInsertedAndNotRemoved) {
  constexpr std::uint32_t kCapacity = 64, kEndpoints = 500;
  EndpointIndex index(kCapacity);
  std::map<std::uint32_t, std::uint32_t> known;  // which endpoint has which number
  std::map<std::uint32_t, std::uint32_t> owner;  // which number is of which endpoint
  std::uint32_t random = 1;
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    random = random * 1664525 + 1013904223;
    const std::uint32_t n = (random >> 8) % kEndpoints;
    if (const auto place = known.find(n); place != known.end()) {
      index.remove(of(n), place->second);
      known.erase(place);
    } else if (known.size() < kCapacity) {
      index.insert(of(n), step);
      known[n] = step;
      owner[step] = n;
    }
    if (step % 50 != 0) continue;
    for (std::uint32_t i = 0; i < kEndpoints; ++i) {
      const auto place = known.find(i);
      ASSERT_EQ(index.find(of(i), [&](std::uint32_t number) { return owner[number] == i; }),
                place == known.end() ? std::nullopt : std::optional(place->second));
    }
  }
}

}  // namespace
}  // namespace conker
