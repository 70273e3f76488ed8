// The ring of TIME-WAIT records alone, compared with a model that is a plain list.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "stack/tcp/time_wait.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

constexpr SipKey kKey{11, 12};

FourTuple tuple(std::uint32_t number) {
  return {IpAddress::v4(10, 0, 0, 2), IpAddress::v4(0x0a000000u + number / 60000), Port{80},
          Port{static_cast<std::uint16_t>(1024 + number % 60000)}};
}
std::uint32_t hash(std::uint32_t number) {
  return hash_of(kKey, tuple(number));
}

class TimeWaitTableTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kCapacity = 6;

  explicit TimeWaitTableTest(std::uint32_t capacity = kCapacity)
      : storage_(capacity * 16 + 64),
        arena_(std::as_writable_bytes(std::span(storage_))),
        table_(arena_, capacity, kKey) {
    EXPECT_FALSE(arena_.overrun());
  }

  void add(std::uint32_t number, std::uint32_t ends) {
    ASSERT_FALSE(table_.full());
    TimeWait record;
    record.tuple = tuple(number);
    record.snd_nxt = Seq(number);
    record.ends = Tick(ends);
    table_.add(record, hash(number));
  }
  std::uint32_t find(std::uint32_t number) const {
    return table_.find(hash(number), tuple(number));
  }
  void remove(std::uint32_t number) {
    ASSERT_NE(find(number), kNone);
    table_.remove(find(number));
  }
  void remove_oldest() { table_.remove(table_.oldest()); }
  /// The numbers of the records in the ring, in order.
  std::vector<std::uint32_t> order() const {
    std::vector<std::uint32_t> numbers;
    table_.for_each([&](const TimeWait& record) { numbers.push_back(record.snd_nxt.value()); });
    return numbers;
  }
  using Numbers = std::vector<std::uint32_t>;

  std::vector<std::uint64_t> storage_;
  Arena arena_;
  TimeWaitTable table_;
};

TEST_F(TimeWaitTableTest, InitiallyEmpty) {
  EXPECT_EQ(table_.oldest(), kNone);
  EXPECT_EQ(find(1), kNone);
  EXPECT_FALSE(table_.full());
  EXPECT_EQ(order(), Numbers{});
}

TEST_F(TimeWaitTableTest, TheOldestIsTheFirstToEnd) {
  for (std::uint32_t i = 1; i <= 3; ++i) add(i, 100 + i);
  EXPECT_EQ(order(), (Numbers{1, 2, 3}));
  EXPECT_EQ(table_[table_.oldest()].ends, Tick(101));
  remove_oldest();
  EXPECT_EQ(table_[table_.oldest()].ends, Tick(102));
  EXPECT_EQ(find(1), kNone);
  EXPECT_EQ(table_[find(3)].tuple, tuple(3));
}

TEST_F(TimeWaitTableTest, ARecordIsKeptUnchanged) {
  TimeWait record;
  record.tuple = tuple(7);
  record.snd_nxt = Seq(0xfffffffe);
  record.rcv_nxt = Seq(0x80000001);
  record.ends = Tick(0xffffffff);
  record.ts_recent = 0x89abcdef;
  record.timestamps = true;
  record.rcv_wscale = 14;
  record.note_sent(Tick(0x1fff0));
  table_.add(record, hash(7));
  const TimeWait& kept = table_[find(7)];
  EXPECT_EQ(kept.tuple, record.tuple);
  EXPECT_EQ(kept.snd_nxt, record.snd_nxt);
  EXPECT_EQ(kept.rcv_nxt, record.rcv_nxt);
  EXPECT_EQ(kept.ends, record.ends);
  EXPECT_EQ(kept.ts_recent, record.ts_recent);
  EXPECT_TRUE(kept.timestamps);
  EXPECT_EQ(kept.rcv_wscale, 14);
  EXPECT_EQ(kept.since_sent(Tick(0x20010)), 0x20) << "over the wrap of its 16 bits";
  table_.answered(find(7), Tick(0x20000));
  EXPECT_EQ(table_[find(7)].since_sent(Tick(0x20010)), 0x10);
}

TEST_F(TimeWaitTableTest, RemovalFromTheMiddle) {
  for (std::uint32_t i = 1; i <= 4; ++i) add(i, i);
  remove(2);
  EXPECT_EQ(order(), (Numbers{1, 3, 4}));
  EXPECT_EQ(table_.size(), 3u);
  EXPECT_EQ(table_.span(), 4u) << "its place stays empty";
  remove(1);
  EXPECT_EQ(order(), (Numbers{3, 4}));
  EXPECT_EQ(table_.span(), 2u) << "and goes with the one before it";
  EXPECT_EQ(table_[table_.oldest()].snd_nxt, Seq(3));
}

TEST_F(TimeWaitTableTest, RemovalOfAllInAnyOrder) {
  for (const Numbers& way :
       {Numbers{1, 2, 3}, {3, 2, 1}, {2, 1, 3}, {2, 3, 1}, {1, 3, 2}, {3, 1, 2}}) {
    for (std::uint32_t i = 1; i <= 3; ++i) add(i, i);
    for (const std::uint32_t number : way) remove(number);
    EXPECT_EQ(table_.oldest(), kNone);
    EXPECT_EQ(table_.span(), 0u);
    EXPECT_EQ(table_.size(), 0u);
  }
}

TEST_F(TimeWaitTableTest, TheRingWraps) {
  for (std::uint32_t i = 0; i < kCapacity; ++i) add(i, i);
  EXPECT_TRUE(table_.full());
  for (std::uint32_t i = kCapacity; i < 5 * kCapacity + 2; ++i) {
    remove_oldest();
    EXPECT_FALSE(table_.full());
    add(i, i);
    Numbers expected;
    for (std::uint32_t n = i - kCapacity + 1; n <= i; ++n) expected.push_back(n);
    ASSERT_EQ(order(), expected);
  }
}

TEST_F(TimeWaitTableTest, ManyHolesInTheRing) {
  for (std::uint32_t i = 0; i < kCapacity; ++i) add(i, i);
  for (std::uint32_t i = 1; i + 1 < kCapacity; ++i) remove(i);
  EXPECT_EQ(table_.size(), 2u);
  EXPECT_TRUE(table_.full()) << "a place is free again when the ring has come round to it";
  remove_oldest();
  EXPECT_FALSE(table_.full());
  EXPECT_EQ(order(), Numbers{kCapacity - 1});
  for (std::uint32_t i = 10; i < 10 + kCapacity - 1; ++i) add(i, i);
  EXPECT_TRUE(table_.full());
  EXPECT_EQ(table_.size(), kCapacity);
}

TEST_F(TimeWaitTableTest, ARestartedRecordIsTheLastToEnd) {
  for (std::uint32_t i = 1; i <= 3; ++i) add(i, i);
  table_.restart(find(2), Tick(50));
  EXPECT_EQ(order(), (Numbers{1, 3, 2}));
  EXPECT_EQ(table_[find(2)].ends, Tick(50));
  table_.restart(find(1), Tick(51));
  EXPECT_EQ(order(), (Numbers{3, 2, 1}));
  table_.restart(find(1), Tick(52));
  EXPECT_EQ(order(), (Numbers{3, 2, 1}));
  EXPECT_EQ(table_[find(1)].ends, Tick(52));
  EXPECT_EQ(table_.size(), 3u);
}

TEST_F(TimeWaitTableTest, ARestartKeepsTheOrderOfTheOthers) {
  for (std::uint32_t i = 1; i <= 3; ++i) add(i, i);
  const std::uint32_t first = find(1), third = find(3);
  table_.restart(find(2), Tick(50));
  EXPECT_EQ(find(1), first);
  EXPECT_EQ(find(3), third);
}

TEST_F(TimeWaitTableTest, InAFullTableOnlyTheOldestIsRestarted) {
  for (std::uint32_t i = 0; i < kCapacity; ++i) add(i, i);
  table_.restart(find(3), Tick(50));
  EXPECT_EQ(order(), (Numbers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(table_[find(3)].ends, Tick(3)) << "it keeps its end";
  table_.restart(find(0), Tick(50));
  EXPECT_EQ(order(), (Numbers{1, 2, 3, 4, 5, 0}));
  EXPECT_EQ(table_[find(0)].ends, Tick(50));
  EXPECT_TRUE(table_.full());
}

class NoTimeWaitTableTest : public TimeWaitTableTest {
 protected:
  NoTimeWaitTableTest() : TimeWaitTableTest(0) {}
};

TEST_F(NoTimeWaitTableTest, ATableWithoutRoomIsAlwaysFull) {
  EXPECT_TRUE(table_.full());
  EXPECT_EQ(table_.oldest(), kNone);
  EXPECT_EQ(find(1), kNone);
}

class LargeTimeWaitTableTest : public TimeWaitTableTest {
 protected:
  static constexpr std::uint32_t kLarge = 200;
  LargeTimeWaitTableTest() : TimeWaitTableTest(kLarge) {}

  struct Entry {
    std::uint32_t number, ends;
  };
  std::deque<Entry> model_;

  bool in_model(std::uint32_t number) const {
    return std::ranges::any_of(model_, [&](const Entry& e) { return e.number == number; });
  }
  void compare(std::uint32_t numbers) const {
    ASSERT_EQ(table_.size(), model_.size());
    ASSERT_EQ(table_.indexed(), model_.size());
    Numbers expected;
    for (const Entry& e : model_) expected.push_back(e.number);
    ASSERT_EQ(order(), expected);
    for (const Entry& e : model_) ASSERT_EQ(table_[find(e.number)].ends, Tick(e.ends));
    for (std::uint32_t n = 0; n < numbers; ++n) ASSERT_EQ(find(n) != kNone, in_model(n)) << n;
  }
};

TEST_F(LargeTimeWaitTableTest, BehavesLikeAList) {
  constexpr std::uint32_t kNumbers = 300;
  test::Random random(7);
  for (std::uint32_t now = 1; now < 60'000; ++now) {
    const std::uint32_t number = random.below(kNumbers);
    const auto entry =
        std::ranges::find_if(model_, [&](const Entry& e) { return e.number == number; });
    const std::uint32_t what = random.below(100);
    // Periods in which it fills alternate with periods in which it empties.
    const std::uint32_t adds = now / 2'000 % 2 == 0 ? 75 : 30;
    if (what < adds) {
      if (entry != model_.end()) continue;
      if (table_.full()) {
        model_.pop_front();
        remove_oldest();
      }
      add(number, now);
      model_.push_back({number, now});
    } else if (what < adds + 10) {
      if (entry == model_.end()) continue;
      const bool stays = table_.full() && entry != model_.begin();
      table_.restart(find(number), Tick(now));
      if (stays) continue;
      model_.erase(entry);
      model_.push_back({number, now});
    } else if (what < 98) {
      if (entry == model_.end()) continue;
      model_.erase(entry);
      remove(number);
    } else if (!model_.empty()) {
      model_.pop_front();
      remove_oldest();
    }
    ASSERT_EQ(table_.size(), model_.size());
    if (now % 97 == 0) compare(kNumbers);
  }
}

}  // namespace
}  // namespace conker
