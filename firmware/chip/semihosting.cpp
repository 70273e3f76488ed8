#include "firmware/chip/semihosting.hpp"

#include <array>
#include <cstring>

namespace conker::chip::semihosting {
namespace {

enum class Operation : std::uint32_t {
  kOpen = 0x01,
  kClose = 0x02,
  kRead = 0x06,
  kGetCommandLine = 0x15,
  kExitExtended = 0x20,
};

/// Passes a block of words to the host; returns its answer in r0.
std::int32_t call(Operation operation, const void* block) {
  register std::uint32_t r0 asm("r0") = static_cast<std::uint32_t>(operation);
  register const void* r1 asm("r1") = block;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return static_cast<std::int32_t>(r0);
}

template <typename T>
std::uint32_t word(T* pointer) {
  return reinterpret_cast<std::uint32_t>(pointer);
}

constexpr std::uint32_t kReadBinary = 1;
constexpr std::uint32_t kApplicationExit = 0x20026;  // ADP_Stopped_ApplicationExit

}  // namespace

std::string_view command_line(std::span<char> buffer) {
  std::array<std::uint32_t, 2> block{word(buffer.data()),
                                     static_cast<std::uint32_t>(buffer.size())};
  if (call(Operation::kGetCommandLine, block.data()) != 0) return {};
  return {buffer.data(), block[1]};
}

bool read_file(const char* path, std::span<std::byte> out) {
  const std::array<std::uint32_t, 3> open{word(path), kReadBinary, std::strlen(path)};
  const std::int32_t handle = call(Operation::kOpen, open.data());
  if (handle < 0) return false;
  const std::array<std::uint32_t, 3> read{static_cast<std::uint32_t>(handle), word(out.data()),
                                          out.size()};
  const bool good = call(Operation::kRead, read.data()) == 0;  // bytes not read
  const std::array<std::uint32_t, 1> close{static_cast<std::uint32_t>(handle)};
  return call(Operation::kClose, close.data()) == 0 && good;
}

void exit(std::uint32_t code) {
  const std::array<std::uint32_t, 2> block{kApplicationExit, code};
  call(Operation::kExitExtended, block.data());
  for (;;) asm volatile("wfi");
}

}  // namespace conker::chip::semihosting
