// Reads the pcapng files that conkerd writes (stack/link/pcapng.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "stack/link/observer.hpp"

namespace conker::ctl {

struct CapturedFrame {
  std::int64_t at_us = 0;  // since 1970
  Direction direction = Direction::kIn;
  std::vector<std::string> comments;
  std::vector<std::byte> bytes;
};

/// The frames of a file, up to a block that is cut short or wrong. Little-endian files only.
std::vector<CapturedFrame> frames_in(std::span<const std::byte> file);

/// The bytes of a file, at most 65 MiB; none where it cannot be read.
std::vector<std::byte> read_capture(const std::string& path);

}  // namespace conker::ctl
