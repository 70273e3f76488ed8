// Intrusive lists through the records of a table. Links are indices, so that a table with its lists
// can be copied as it is.
#pragma once

#include <cstdint>

#include "stack/base/chunk_pool.hpp"

namespace conker {

/// A link is a member of the record, or of a part of the record that is called `lists`.
template <auto Member, typename Record>
constexpr auto& link_of(Record&& record) {
  if constexpr (requires { record.*Member; }) {
    return record.*Member;
  } else {
    return record.lists.*Member;
  }
}

/// A FIFO queue. A record can be in one queue per link member; its owner must know whether it is.
template <typename Record, auto Next>
class IndexQueue {
 public:
  bool empty() const { return head_ == kNone; }
  std::uint32_t head() const { return head_; }

  template <typename Table>
  void push(Table& table, std::uint32_t index) {
    link_of<Next>(table[index]) = kNone;
    if (head_ == kNone) {
      head_ = index;
    } else {
      link_of<Next>(table[tail_]) = index;
    }
    tail_ = index;
  }

  /// Takes the first record out; kNone when the queue is empty.
  template <typename Table>
  std::uint32_t pop(Table& table) {
    const std::uint32_t index = head_;
    if (index != kNone) head_ = link_of<Next>(table[index]);
    return index;
  }

  /// The number of records, counted by walking, when `good` is true for each; kNone when it is not,
  /// or when the queue has no end.
  template <typename Table, typename Good>
  std::uint32_t count(const Table& table, Good&& good) const {
    std::uint32_t n = 0;
    for (std::uint32_t at = head_; at != kNone; at = link_of<Next>(table[at])) {
      if (n == table.capacity() || at >= table.capacity() || !good(at)) return kNone;
      ++n;
    }
    return n;
  }

  /// Moves all records to the queue returned: a record that is pushed while the caller works
  /// through that one waits for the next time.
  IndexQueue take() {
    IndexQueue all = *this;
    *this = IndexQueue();
    return all;
  }

 private:
  std::uint32_t head_ = kNone;
  std::uint32_t tail_ = kNone;
};

/// A FIFO list from whose middle records can be removed.
template <typename Record, auto Next, auto Previous>
class IndexList {
 public:
  bool empty() const { return head_ == kNone; }
  std::uint32_t head() const { return head_; }
  std::uint32_t size() const { return size_; }

  template <typename Table>
  void push(Table& table, std::uint32_t index) {
    link_of<Next>(table[index]) = kNone;
    link_of<Previous>(table[index]) = tail_;
    (tail_ == kNone ? head_ : link_of<Next>(table[tail_])) = index;
    tail_ = index;
    ++size_;
  }

  /// The first record, which is the next to be taken out.
  template <typename Table>
  void push_front(Table& table, std::uint32_t index) {
    link_of<Next>(table[index]) = head_;
    link_of<Previous>(table[index]) = kNone;
    (head_ == kNone ? tail_ : link_of<Previous>(table[head_])) = index;
    head_ = index;
    ++size_;
  }

  template <typename Table>
  void remove(Table& table, std::uint32_t index) {
    const std::uint32_t next = link_of<Next>(table[index]);
    const std::uint32_t previous = link_of<Previous>(table[index]);
    (previous == kNone ? head_ : link_of<Next>(table[previous])) = next;
    (next == kNone ? tail_ : link_of<Previous>(table[next])) = previous;
    --size_;
  }

 private:
  std::uint32_t head_ = kNone;
  std::uint32_t tail_ = kNone;
  std::uint32_t size_ = 0;
};

}  // namespace conker
