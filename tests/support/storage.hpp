// Storage for the objects of the stack that a test builds.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

namespace conker::test {

/// Zeroed storage, aligned to 16 bytes as Stack and Udp want theirs. A page that nobody writes to
/// takes no time, which matters to tests that build a stack for every segment.
class Storage {
 public:
  explicit Storage(std::size_t bytes)
      : bytes_(bytes), memory_(static_cast<std::byte*>(std::calloc(bytes, 1))) {}

  std::span<std::byte> bytes() const { return {memory_.get(), bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::size_t bytes_;
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace conker::test
