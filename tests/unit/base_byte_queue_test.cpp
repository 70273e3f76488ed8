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

constexpr std::uint32_t kChunks = 16, kChunkBytes = 100;

class PoolTest : public ::testing::Test {
 protected:
  static std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
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

TEST_F(ChunkPoolTest, GivesEachChunkOnceAndThenNone) {
  std::set<std::uint32_t> taken;
  for (std::uint32_t i = 0; i < kChunks; ++i) taken.insert(pool_.take());
  EXPECT_EQ(taken.size(), kChunks);
  EXPECT_EQ(pool_.free(), 0u);
  EXPECT_EQ(pool_.take(), conker::kNone);
  EXPECT_EQ(pool_.taken(), kChunks) << "what was not given is not counted";
  for (const std::uint32_t index : taken) pool_.give_back(index);
  EXPECT_EQ(pool_.free(), kChunks);
  EXPECT_EQ(pool_.taken(), pool_.returned());
}

TEST_F(ChunkPoolTest, AUsedChunkComesBackEmpty) {
  const std::uint32_t index = pool_.take();
  pool_[index].begin = 5;
  pool_[index].end = 50;
  pool_.give_back(index);
  const std::uint32_t again = pool_.take();
  EXPECT_EQ(again, index);
  EXPECT_TRUE(pool_.used(again).empty());
  EXPECT_EQ(pool_[again].next, conker::kNone);
}

TEST_F(ChunkPoolTest, ChunksDoNotOverlap) {
  const std::uint32_t a = pool_.take(), b = pool_.take();
  EXPECT_EQ(pool_.storage(a).size(), kChunkBytes);
  std::fill(pool_.storage(a).begin(), pool_.storage(a).end(), std::byte{1});
  std::fill(pool_.storage(b).begin(), pool_.storage(b).end(), std::byte{2});
  for (const std::byte value : pool_.storage(a)) ASSERT_EQ(value, std::byte{1});
}

TEST_F(ByteQueueTest, AtRestItHoldsNothing) {
  ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.append(pool_, {}), 0u);
  EXPECT_EQ(pool_.free(), kChunks);
  EXPECT_EQ(queue.append(pool_, bytes("hello")), 5u);
  queue.consume(pool_, 5);
  EXPECT_EQ(pool_.free(), kChunks) << "the last byte gives the chunk back";
  queue.consume(pool_, 1);
  EXPECT_EQ(queue.append(pool_, bytes("again")), 5u);
  EXPECT_EQ(read(queue, 0, 5), "again");
  queue.clear(pool_);
}

TEST_F(ByteQueueTest, TakesWhatThereIsRoomForAndNoMore) {
  ByteQueue queue;
  const std::string much(kChunks * kChunkBytes + 50, 'x');
  EXPECT_EQ(queue.append(pool_, bytes(much)), kChunks * kChunkBytes);
  EXPECT_EQ(queue.append(pool_, bytes("y")), 0u);
  queue.consume(pool_, kChunkBytes);
  EXPECT_EQ(queue.append(pool_, bytes("y")), 1u);
  queue.clear(pool_);
  EXPECT_EQ(pool_.free(), kChunks);
}

TEST_F(ByteQueueTest, GathersWhatIsThereAndSaysHowMuch) {
  ByteQueue queue;
  const std::string content = std::string(150, 'a') + std::string(150, 'b');
  ASSERT_EQ(queue.append(pool_, bytes(content)), 300u);
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

TEST_F(ByteQueueTest, TakesOverAChunkThatIsPartlyUsed) {
  ByteQueue queue;
  ASSERT_EQ(queue.append(pool_, bytes("one")), 3u);
  const std::uint32_t index = pool_.take();
  std::memcpy(pool_.storage(index).data() + 10, "two", 3);
  pool_[index].begin = 10;
  pool_[index].end = 13;
  queue.append_chunk(pool_, index);
  ASSERT_EQ(queue.append(pool_, bytes("three")), 5u);
  EXPECT_EQ(read(queue, 0, 11), "onetwothree");
  EXPECT_EQ(queue.chunks(pool_), 2u) << "the rest of the chunk is used";
  queue.clear(pool_);
  EXPECT_EQ(pool_.taken(), pool_.returned());
}

TEST_F(ByteQueueTest, AgreesWithAString) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    test::Random random(seed);
    ByteQueue queue;
    std::string model;
    for (int step = 0; step < 3000; ++step) {
      if (random.below(2) == 0) {
        std::string more(random.below(300), '\0');
        for (char& c : more) c = static_cast<char>(random());
        const std::uint32_t taken = queue.append(pool_, bytes(more));
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

}  // namespace
}  // namespace conker
