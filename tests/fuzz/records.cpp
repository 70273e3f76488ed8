#include "tests/fuzz/records.hpp"

#include <algorithm>
#include <cstring>

#include "tests/support/random.hpp"

namespace conker::fuzz {
namespace {

/// The records in the bytes of an input, with room for more.
class List {
 public:
  List(std::uint8_t* data, std::size_t size, std::size_t most)
      : data_(data), count_(size / Record::kBytes), most_(most / Record::kBytes) {}

  std::size_t count() const { return count_; }
  bool full() const { return count_ == most_; }
  std::uint8_t* at(std::size_t i) { return data_ + i * Record::kBytes; }
  Record get(std::size_t i) {
    Record record;
    std::memcpy(record.bytes.data(), at(i), Record::kBytes);
    return record;
  }
  void put(std::size_t i, const Record& record) {
    std::memcpy(at(i), record.bytes.data(), Record::kBytes);
  }
  void insert(std::size_t i, const Record& record) {
    std::memmove(at(i + 1), at(i), (count_ - i) * Record::kBytes);
    put(i, record);
    ++count_;
  }
  void erase(std::size_t i, std::size_t n) {
    std::memmove(at(i), at(i + n), (count_ - i - n) * Record::kBytes);
    count_ -= n;
  }

 private:
  std::uint8_t* data_;
  std::size_t count_, most_;
};

void change_one(List& list, test::Random& random) {
  const auto below = [&random](std::size_t n) { return random.below(n); };
  const std::size_t n = list.count();
  switch (n == 0 ? 0 : below(7)) {
    case 0: {
      if (list.full()) return;
      Record fresh;
      // Most bytes of a new record are zero, the usual value of a step's arguments.
      for (auto& byte : fresh.bytes) byte = static_cast<std::uint8_t>(below(2) == 0 ? 0 : random());
      list.insert(below(n + 1), fresh);
      break;
    }
    case 1:
      list.erase(below(n), 1);
      break;
    case 2: {
      const std::size_t from = below(n);
      list.erase(from, 1 + below(std::min<std::size_t>(n - from, 8)));
      break;
    }
    case 3:
      if (!list.full()) list.insert(below(n + 1), list.get(below(n)));
      break;
    case 4: {
      const std::size_t a = below(n), b = below(n);
      const Record first = list.get(a), second = list.get(b);
      list.put(a, second);
      list.put(b, first);
      break;
    }
    case 5: {
      Record record = list.get(below(n));
      record.bytes[below(Record::kBytes)] = static_cast<std::uint8_t>(random());
      list.put(below(n), record);
      break;
    }
    default:
      list.at(below(n))[below(Record::kBytes)] = static_cast<std::uint8_t>(random());
  }
}

}  // namespace

std::size_t mutate_records(std::uint8_t* data, std::size_t size, std::size_t most,
                           std::uint32_t seed, std::size_t head) {
  test::Random random(seed);
  if (size < head || most < head + Record::kBytes || random() % 16 == 0)
    return LLVMFuzzerMutate(data, size, most);
  if (random() % 32 == 0) {
    data[random() % head] = static_cast<std::uint8_t>(random());
    return size;
  }
  List list(data + head, size - head, most - head);
  for (std::uint32_t n = 1 + random() % 4; n > 0; --n) change_one(list, random);
  return head + list.count() * Record::kBytes;
}

}  // namespace conker::fuzz
