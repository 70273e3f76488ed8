// The hash that four-tuples are found by: every part of both families' tuples moves it, and so does the key.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "stack/tcp/tuple_index.hpp"

namespace conker {
namespace {

constexpr SipKey kKey{1, 2};
constexpr FourTuple kOverIpv4{IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 1), Port{40000}, Port{80}};
constexpr FourTuple kOverIpv6{IpAddress({0x20010db8, 0, 0, 2}), IpAddress({0x20010db8, 0, 0, 1}), Port{40000},
                              Port{80}};

/// `tuple` and its neighbours, each of which differs from it in one bit.
std::vector<FourTuple> with_neighbours(const FourTuple& tuple) {
  std::vector<FourTuple> all(5, tuple);
  const auto next = [](const IpAddress& address, std::size_t word) {
    auto words = address.words();
    words[word] ^= 1;
    return IpAddress(words);
  };
  all[1].local = next(tuple.local, 3);
  all[2].remote = next(tuple.remote, 3);
  all[3].local_port.value ^= 1;
  all[4].remote_port.value ^= 1;
  for (std::size_t word = 0; word < 3 && !tuple.local.is_v4(); ++word) {
    all.push_back(tuple);
    all.back().local = next(tuple.local, word);
    all.push_back(tuple);
    all.back().remote = next(tuple.remote, word);
  }
  return all;
}

void expect_all_different(const FourTuple& tuple) {
  std::set<std::uint32_t> hashes;
  for (const auto& each : with_neighbours(tuple)) {
    EXPECT_TRUE(hashes.insert(hash_of(kKey, each)).second);
    EXPECT_TRUE(hashes.insert(hash_of(SipKey{1, 3}, each)).second) << "whoever has not the key cannot know";
  }
}

TEST(TupleHashTest, EveryPartOfAnIpv4TupleCounts) {
  expect_all_different(kOverIpv4);
}

TEST(TupleHashTest, EveryPartOfAnIpv6TupleCounts) {
  expect_all_different(kOverIpv6);
}

}  // namespace
}  // namespace conker
