// Requests to the host: an emulator or a debugger (Arm's semihosting, `bkpt 0xab`). Without one
// they are faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace conker::chip::semihosting {

/// The arguments that the host has for the image, joined by spaces; in `buffer`, and empty when
/// there are none or more than fit.
std::string_view command_line(std::span<char> buffer);

/// Reads bytes of a file of the host; false unless all were read. `path` ends with a zero.
bool read_file(const char* path, std::span<std::byte> out);

[[noreturn]] void exit(std::uint32_t code);

}  // namespace conker::chip::semihosting
