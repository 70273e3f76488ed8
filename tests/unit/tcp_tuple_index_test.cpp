// The hash of four-tuples: every part of both families' tuples changes it, and so does the key. The
// index of records by their hashes, compared with a model.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "stack/tcp/tuple_index.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

constexpr SipKey kDemuxKey{1, 2};
constexpr FourTuple kOverIpv4{IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 1), Port{40000},
                              Port{80}};
constexpr FourTuple kOverIpv6{IpAddress({0x20010db8, 0, 0, 2}), IpAddress({0x20010db8, 0, 0, 1}),
                              Port{40000}, Port{80}};

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
    EXPECT_TRUE(hashes.insert(hash_of(kDemuxKey, each)).second);
    EXPECT_TRUE(hashes.insert(hash_of(SipKey{1, 3}, each)).second)
        << "whoever has not the key cannot know";
  }
}

TEST(TupleHashTest, EveryPartOfAnIpv4TupleCounts) {
  expect_all_different(kOverIpv4);
}

TEST(TupleHashTest, EveryPartOfAnIpv6TupleCounts) {
  expect_all_different(kOverIpv6);
}

// ---- The index ----

class TupleIndexTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kRecords = 40;

  void insert(std::uint32_t hash, std::uint32_t record) {
    index_.insert(hash, record);
    model_[record] = hash;
  }
  void remove(std::uint32_t record) {
    index_.remove(model_.at(record), record);
    model_.erase(record);
  }
  bool finds(std::uint32_t hash, std::uint32_t record) const {
    return index_.find(hash, [&](std::uint32_t at) { return at == record; }) == record;
  }
  void expect_as_modelled() const {
    ASSERT_EQ(index_.size(), model_.size());
    for (std::uint32_t record = 0; record < kRecords; ++record) {
      const auto in = model_.find(record);
      if (in != model_.end()) {
        ASSERT_TRUE(finds(in->second, record)) << record;
        ASSERT_FALSE(finds(in->second + 1, record)) << "only under its hash";
      } else {
        for (const std::uint32_t hash : hashes_) ASSERT_FALSE(finds(hash, record)) << record;
      }
    }
  }
  /// Inserts and removes records under hashes of `hashes_`.
  void come_and_go(std::uint32_t seed, int steps) {
    test::Random random(seed);
    for (int i = 0; i < steps; ++i) {
      const std::uint32_t record = random.below(kRecords);
      const bool growing = i / 200 % 2 == 0;
      if (model_.contains(record)) {
        if (!growing || random.below(8) == 0) remove(record);
      } else if (growing || random.below(8) == 0) {
        insert(hashes_[random.below(hashes_.size())], record);
      }
      ASSERT_NO_FATAL_FAILURE(expect_as_modelled()) << "seed " << seed << ", step " << i;
    }
  }

  std::vector<std::uint64_t> storage_ = std::vector<std::uint64_t>(1024);
  Arena arena_{std::as_writable_bytes(std::span(storage_))};
  TupleIndex index_{arena_, kRecords};
  std::map<std::uint32_t, std::uint32_t> model_;
  std::vector<std::uint32_t> hashes_;
};

TEST_F(TupleIndexTest, RandomHashes) {
  test::Random random(3);
  for (int i = 0; i < 25; ++i) hashes_.push_back(random());
  come_and_go(1, 4000);
}

TEST_F(TupleIndexTest, OneHashForAllRecords) {
  hashes_ = {0x12345678};
  come_and_go(2, 4000);
}

TEST_F(TupleIndexTest, HashesAtTheEndOfTheTableWrap) {
  hashes_ = {0xffffffff, 0xfe000000, 0xfb000000, 0x00000000, 0x01000000, 0x05000000};
  come_and_go(3, 4000);
}

TEST_F(TupleIndexTest, NeighboursWhoseHomesOverlap) {
  for (std::uint32_t home = 0; home < 12; ++home) hashes_.push_back(0x70000000 + home * 0x03f00000);
  come_and_go(4, 4000);
}

TEST_F(TupleIndexTest, FilledAndEmptied) {
  for (const std::uint32_t hash : {0u, 0x80000000u, 0xffffffffu}) {
    hashes_ = {hash};
    for (std::uint32_t record = 0; record < kRecords; ++record) insert(hash, record);
    expect_as_modelled();
    EXPECT_EQ(index_.find(hash, [](std::uint32_t) { return false; }), kNone)
        << "a search comes to an end";
    for (std::uint32_t record = 0; record < kRecords; record += 2) remove(record);
    expect_as_modelled();
    for (std::uint32_t record = 1; record < kRecords; record += 2) remove(record);
    expect_as_modelled();
    EXPECT_EQ(index_.size(), 0u);
  }
}

TEST_F(TupleIndexTest, RemovingAnUnknownRecordChangesNothing) {
  hashes_ = {5};
  insert(5, 1);
  index_.remove(5, 2);
  index_.remove(0xf0000000, 1);
  expect_as_modelled();
}

TEST_F(TupleIndexTest, FindsTheRightRecordOfSeveralWithOneHash) {
  for (std::uint32_t record = 0; record < 5; ++record) insert(9, record);
  EXPECT_EQ(index_.find(9, [](std::uint32_t record) { return record >= 3; }), 3u);
  hashes_ = {9};
  remove(3);
  EXPECT_EQ(index_.find(9, [](std::uint32_t record) { return record >= 3; }), 4u);
}

}  // namespace
}  // namespace conker
