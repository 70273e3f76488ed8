#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "stack/base/byte_queue.hpp"
#include "stack/base/chunk_pool.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

constexpr std::uint32_t kChunks = 15, kChunkBytes = 100;

class PoolTest : public ::testing::Test {
 protected:
  PoolTest() { pool_.open(Use::kReceive, 0, kChunks); }

  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
  }
  static std::string text(std::span<const std::byte> b) {
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  std::string read(const ByteQueue& queue, std::uint32_t offset, std::uint32_t length) {
    std::array<std::span<const std::byte>, 32> pieces;
    const std::uint32_t n = queue.gather(pool_, offset, length, pieces);
    std::string all;
    for (std::uint32_t i = 0; i < n; ++i) all += text(pieces[i]);
    EXPECT_EQ(all.size(), length);
    return all;
  }

  std::vector<std::byte> storage_ = std::vector<std::byte>(kChunks * (kChunkBytes + 64));
  Arena arena_{storage_};
  ChunkPool pool_{arena_, kChunks, kChunkBytes};
};

using ChunkPoolTest = PoolTest;
using ByteQueueTest = PoolTest;

TEST_F(ChunkPoolTest, EachChunkIsTakenOnceAndThenNone) {
  std::set<std::uint32_t> taken;
  for (std::uint32_t i = 0; i < kChunks; ++i)
    taken.insert(pool_.take(Use::kReceive, Claim::kFirst));
  EXPECT_EQ(taken.size(), kChunks);
  EXPECT_EQ(pool_.free(), 0u);
  EXPECT_EQ(pool_.take(Use::kReceive, Claim::kFirst), conker::kNone);
  EXPECT_EQ(pool_.taken(), kChunks) << "what was not given is not counted";
  for (const std::uint32_t index : taken) pool_.give_back(index);
  EXPECT_EQ(pool_.free(), kChunks);
  EXPECT_EQ(pool_.taken(), pool_.returned());
}

TEST_F(ChunkPoolTest, AReusedChunkIsEmpty) {
  const std::uint32_t index = pool_.take(Use::kReceive, Claim::kFirst);
  pool_[index].begin = 5;
  pool_[index].end = 50;
  pool_.give_back(index);
  const std::uint32_t again = pool_.take(Use::kReceive, Claim::kFirst);
  EXPECT_EQ(again, index);
  EXPECT_TRUE(pool_.used(again).empty());
  EXPECT_EQ(pool_[again].next, conker::kNone);
}

TEST_F(ChunkPoolTest, ChunksDoNotOverlap) {
  const std::uint32_t a = pool_.take(Use::kReceive, Claim::kFirst),
                      b = pool_.take(Use::kReceive, Claim::kFirst);
  EXPECT_EQ(pool_.storage(a).size(), kChunkBytes);
  std::fill(pool_.storage(a).begin(), pool_.storage(a).end(), std::byte{1});
  std::fill(pool_.storage(b).begin(), pool_.storage(b).end(), std::byte{2});
  for (const std::byte value : pool_.storage(a)) ASSERT_EQ(value, std::byte{1});
}

TEST_F(ByteQueueTest, AnEmptyQueueHoldsNoChunk) {
  ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.append(pool_, {}, Use::kReceive), 0u);
  EXPECT_EQ(pool_.free(), kChunks);
  EXPECT_EQ(queue.append(pool_, bytes("hello"), Use::kReceive), 5u);
  queue.consume(pool_, 5);
  EXPECT_EQ(pool_.free(), kChunks) << "the last byte gives the chunk back";
  queue.consume(pool_, 1);
  EXPECT_EQ(queue.append(pool_, bytes("again"), Use::kReceive), 5u);
  EXPECT_EQ(read(queue, 0, 5), "again");
  queue.clear(pool_);
}

TEST_F(ByteQueueTest, AppendTakesNoMoreThanThereIsRoomFor) {
  ByteQueue queue;
  const std::string much(kChunks * kChunkBytes + 50, 'x');
  EXPECT_EQ(queue.append(pool_, bytes(much), Use::kReceive), kChunks * kChunkBytes);
  EXPECT_EQ(queue.append(pool_, bytes("y"), Use::kReceive), 0u);
  queue.consume(pool_, kChunkBytes);
  EXPECT_EQ(queue.append(pool_, bytes("y"), Use::kReceive), 1u);
  queue.clear(pool_);
  EXPECT_EQ(pool_.free(), kChunks);
}

TEST_F(ByteQueueTest, GatherReturnsWhatTheQueueHas) {
  ByteQueue queue;
  const std::string content = std::string(150, 'a') + std::string(150, 'b');
  ASSERT_EQ(queue.append(pool_, bytes(content), Use::kReceive), 300u);
  std::array<std::span<const std::byte>, 2> pieces;
  std::uint32_t length = 300;
  EXPECT_EQ(queue.gather(pool_, 0, length, pieces), 2u);
  EXPECT_EQ(length, 200u) << "two pieces hold two chunks";
  length = 300;
  EXPECT_EQ(queue.gather(pool_, 250, length, pieces), 1u);
  EXPECT_EQ(length, 50u);
  length = 10;
  EXPECT_EQ(queue.gather(pool_, 300, length, pieces), 0u);
  EXPECT_EQ(length, 0u);
  queue.clear(pool_);
}

TEST_F(ByteQueueTest, AppendsAPartlyUsedChunk) {
  ByteQueue queue;
  const std::string first(kChunkBytes - 2, 'x');
  ASSERT_EQ(queue.append(pool_, bytes(first), Use::kReceive), first.size());
  const std::uint32_t index = pool_.take(Use::kReceive, Claim::kFirst);
  std::memcpy(pool_.storage(index).data() + 10, "two", 3);
  pool_[index].begin = 10;
  pool_[index].end = 13;
  ASSERT_TRUE(queue.append_chunk(pool_, index, Use::kReceive));
  ASSERT_EQ(queue.append(pool_, bytes("three"), Use::kReceive), 5u);
  EXPECT_EQ(read(queue, 0, queue.size()), first + "twothree");
  EXPECT_EQ(queue.chunks(pool_), 2u) << "the rest of the chunk is used";
  queue.clear(pool_);
  EXPECT_EQ(pool_.taken(), pool_.returned());
}

TEST_F(ByteQueueTest, BytesThatFitBehindTheLastChunkAreCopiedThere) {
  ByteQueue queue;
  ASSERT_EQ(queue.append(pool_, bytes("a"), Use::kReceive), 1u);
  for (int i = 1; i < 100; ++i) {
    const std::uint32_t index = pool_.take(Use::kReceive, Claim::kFirst);
    pool_.storage(index)[0] = std::byte{'b'};
    pool_[index].end = 1;
    ASSERT_TRUE(queue.append_chunk(pool_, index, Use::kReceive));
  }
  EXPECT_EQ(read(queue, 0, 100), "a" + std::string(99, 'b'));
  EXPECT_EQ(queue.chunks(pool_), 1u);
  queue.clear(pool_);
  EXPECT_EQ(pool_.taken(), pool_.returned());
}

TEST_F(ByteQueueTest, BehavesLikeAString) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    test::Random random(seed);
    ByteQueue queue;
    std::string model;
    for (int step = 0; step < 3000; ++step) {
      if (random.below(2) == 0) {
        std::string more(random.below(300), '\0');
        for (char& c : more) c = static_cast<char>(random());
        const std::uint32_t taken = queue.append(pool_, bytes(more), Use::kReceive);
        model += more.substr(0, taken);
      } else {
        const std::uint32_t n = random.below(400);
        queue.consume(pool_, n);
        model.erase(0, n);
      }
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(pool_.free() + queue.chunks(pool_), kChunks);
      if (model.empty()) {
        ASSERT_EQ(pool_.free(), kChunks);
        continue;
      }
      const std::uint32_t offset = random.below(model.size());
      const std::uint32_t length = random.below(model.size() - offset + 1);
      ASSERT_EQ(read(queue, offset, length), model.substr(offset, length));
      std::vector<std::byte> copy(random.below(500));
      const std::uint32_t copied = queue.copy(pool_, copy);
      ASSERT_EQ(text(std::span(copy).first(copied)), model.substr(0, copied));
      ASSERT_EQ(copied, std::min(copy.size(), model.size()));
    }
    queue.clear(pool_);
  }
}

// ---- The budget: floors that no other use can take, ceilings, and the reserve for first claims
// ----

constexpr std::uint32_t kPoolChunks = 1024, kPoolChunkBytes = 128;

class ChunkBudgetTest : public ::testing::Test {
 protected:
  ChunkBudgetTest() {
    for (std::size_t i = 0; i < kUses; ++i) pool_.open(use(i));
  }

  static Use use(std::size_t i) { return static_cast<Use>(i); }
  std::uint32_t take_all(Use use, Claim claim = Claim::kFirst) {
    std::uint32_t n = 0;
    for (std::uint32_t at; (at = pool_.take(use, claim)) != kNone; ++n) taken_.push_back(at);
    return n;
  }
  void expect_balanced() {
    ChunkCounts held{};
    for (const std::uint32_t index : taken_) ++held[static_cast<std::size_t>(pool_[index].use)];
    EXPECT_STREQ(pool_.audit(held), nullptr);
  }

  std::vector<std::byte> storage_ = std::vector<std::byte>(kPoolChunks * (kPoolChunkBytes + 64));
  Arena arena_{storage_};
  ChunkPool pool_{arena_, kPoolChunks, kPoolChunkBytes};
  std::vector<std::uint32_t> taken_;
};

TEST_F(ChunkBudgetTest, EachUseHasItsFloorWhateverOthersTake) {
  for (std::size_t last = 0; last < kUses; ++last) {
    for (std::size_t i = 0; i < kUses; ++i) {
      if (i != last) take_all(use(i));
    }
    EXPECT_GT(pool_.floor(use(last)), 0u);
    EXPECT_GE(take_all(use(last)), pool_.floor(use(last))) << last;
    expect_balanced();
    for (const std::uint32_t index : taken_) pool_.give_back(index);
    taken_.clear();
  }
}

TEST_F(ChunkBudgetTest, NoUseGoesBeyondItsCeiling) {
  for (std::size_t i = 0; i < kUses; ++i) {
    take_all(use(i));
    EXPECT_LE(pool_.held(use(i)), pool_.ceiling(use(i)));
    EXPECT_EQ(pool_.available(use(i)), 0u);
    EXPECT_LT(pool_.ceiling(use(i)), kPoolChunks);
    expect_balanced();
    for (const std::uint32_t index : taken_) pool_.give_back(index);
    taken_.clear();
  }
}

TEST_F(ChunkBudgetTest, TheLastSixteenthIsForFirstClaims) {
  const std::uint32_t last = pool_.ceiling(Use::kSend) / 16;
  const std::uint32_t all = pool_.available(Use::kSend);
  EXPECT_EQ(take_all(Use::kSend, Claim::kMore), all - last);
  EXPECT_EQ(take_all(Use::kSend, Claim::kFirst), last);
}

TEST_F(ChunkBudgetTest, AUseAtItsCeilingIsNotCrowdedOut) {
  take_all(Use::kOutOfOrder);
  EXPECT_FALSE(pool_.crowded_out(Use::kOutOfOrder)) << "its own doing";
  take_all(Use::kReceive);
  take_all(Use::kSend);
  EXPECT_TRUE(pool_.crowded_out(Use::kSend));
  EXPECT_TRUE(pool_.above_floor(Use::kOutOfOrder));
}

TEST_F(ChunkBudgetTest, RechargeNeedsRoomInTheBudget) {
  const std::uint32_t index = pool_.take(Use::kOutOfOrder, Claim::kFirst);
  taken_.push_back(index);
  ASSERT_TRUE(pool_.recharge(index, Use::kReceive));
  EXPECT_EQ(pool_[index].use, Use::kReceive);
  expect_balanced();
  take_all(Use::kReceive);
  const std::uint32_t late = pool_.take(Use::kOutOfOrder, Claim::kFirst);
  taken_.push_back(late);
  EXPECT_FALSE(pool_.recharge(late, Use::kReceive)) << "no place for it";
  EXPECT_EQ(pool_[late].use, Use::kOutOfOrder);
  expect_balanced();
}

TEST_F(ChunkBudgetTest, AUseThatIsNotOpenReservesNoFloor) {
  std::vector<std::byte> storage(kPoolChunks * (kPoolChunkBytes + 64));
  Arena arena(storage);
  ChunkPool pool(arena, 64, kPoolChunkBytes);
  pool.open(Use::kSend);
  pool.open(Use::kReceive);
  EXPECT_EQ(pool.available(Use::kSend), 48u);
  EXPECT_EQ(pool.available(Use::kDatagrams), 0u);
}

TEST_F(ChunkBudgetTest, AuditHoldsThroughAnyOrderOfCalls) {
  test::Random random(7);
  for (int step = 0; step < 20000; ++step) {
    const std::uint32_t what = random.below(8);
    if (what < 5) {
      const std::uint32_t at =
          pool_.take(use(random.below(kUses)), what < 2 ? Claim::kFirst : Claim::kMore);
      if (at != kNone) taken_.push_back(at);
    } else if (!taken_.empty()) {
      const std::size_t i = random.below(static_cast<std::uint32_t>(taken_.size()));
      if (what == 5) {
        (void)pool_.recharge(taken_[i], use(random.below(kUses)));
      } else {
        pool_.give_back(taken_[i]);
        taken_[i] = taken_.back();
        taken_.pop_back();
      }
    }
    if (step % 64 == 0) expect_balanced();
  }
}

}  // namespace
}  // namespace conker
