#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "stack/base/slot_table.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

struct Record {
  int value = 0;
};
struct RecordId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  bool operator==(const RecordId&) const = default;
};

class SlotTableTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kCapacity = 4;
  std::vector<std::byte> storage_ = std::vector<std::byte>(1024);
  Arena arena_{storage_};
  SlotTable<Record, RecordId> table_{arena_, kCapacity};
};

TEST_F(SlotTableTest, ADefaultIdFindsNothing) {
  EXPECT_EQ(table_.find(RecordId{}), nullptr);
  (void)table_.take();
  EXPECT_EQ(table_.find(RecordId{}), nullptr);
  EXPECT_EQ(table_.find(RecordId{99, 1}), nullptr) << "no such slot";
}

TEST_F(SlotTableTest, AStaleIdFindsNothingAfterTheSlotIsReused) {
  const std::uint32_t slot = table_.take();
  const RecordId id = table_.id(slot);
  table_[slot].value = 7;
  EXPECT_EQ(table_.find(id)->value, 7);
  table_.free(slot);
  EXPECT_EQ(table_.find(id), nullptr);
  ASSERT_EQ(table_.take(), slot);
  EXPECT_EQ(table_.find(id), nullptr);
  EXPECT_NE(table_.id(slot), id);
  EXPECT_EQ(table_[slot].value, 0) << "nothing of the one before is left";
}

TEST_F(SlotTableTest, TakeFromAFullTableFails) {
  for (std::uint32_t i = 0; i < kCapacity; ++i) EXPECT_NE(table_.take(), conker::kNone);
  EXPECT_TRUE(table_.full());
  EXPECT_EQ(table_.take(), conker::kNone);
  EXPECT_EQ(table_.size(), kCapacity);
  table_.free(2);
  EXPECT_FALSE(table_.full());
  EXPECT_EQ(table_.take(), 2u);
}

TEST_F(SlotTableTest, ASlotIsRetiredRatherThanWrapped) {
  const std::uint32_t slot = table_.take();
  table_.free(slot);
  table_.age(slot, SlotTable<Record, RecordId>::kLastGeneration - 1);
  ASSERT_EQ(table_.take(), slot);
  const RecordId last = table_.id(slot);
  EXPECT_EQ(last.generation, 0xffffffffu);
  table_.free(slot);
  EXPECT_EQ(table_.retired(), 1u);
  EXPECT_EQ(table_.find(last), nullptr);
  for (std::uint32_t i = 1; i < kCapacity; ++i) EXPECT_NE(table_.take(), slot);
  EXPECT_EQ(table_.take(), conker::kNone) << "one slot less";
}

TEST_F(SlotTableTest, IdsAreNeverReused) {
  test::Random random(1);
  std::vector<RecordId> dead, living;
  for (int step = 0; step < 2000; ++step) {
    if (random.below(2) == 0) {
      const std::uint32_t slot = table_.take();
      if (slot != conker::kNone) living.push_back(table_.id(slot));
    } else if (!living.empty()) {
      std::swap(living[random.below(living.size())], living.back());
      table_.free(living.back().slot);
      dead.push_back(living.back());
      living.pop_back();
    }
    ASSERT_EQ(table_.size(), living.size());
    for (const RecordId id : living) ASSERT_NE(table_.find(id), nullptr);
  }
  for (const RecordId id : dead) ASSERT_EQ(table_.find(id), nullptr);
}

}  // namespace
}  // namespace conker
