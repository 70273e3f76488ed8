// A file of frames, whose descriptor a client has passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/descriptor.hpp"
#include "stack/link/capture.hpp"

namespace conker::daemon {

/// Why a descriptor is refused for a capture, or what else it is to be; empty when it is accepted.
/// Only regular files are, since write() to others may block.
std::string unfit(const Descriptor& file, std::string_view what = "a capture");

/// A buffered file. After an error nothing more is written.
class CaptureFile final : public CaptureSink {
 public:
  explicit CaptureFile(Descriptor file);

  bool write(std::span<const std::byte> bytes) override;
  bool flush();
  /// Whether so many more bytes fit before some are flushed of their own accord.
  bool has_room(std::size_t bytes) const;
  /// Truncates the file to its first `bytes` and drops what is not flushed.
  bool truncate(std::uint64_t bytes);
  /// Bytes in the file.
  std::uint64_t bytes() const { return bytes_; }
  /// Bytes that are in the file after the next flush.
  std::uint64_t size() const { return bytes_ + buffer_.size(); }
  /// The error, for people; empty without one.
  const std::string& error() const { return error_; }

 private:
  Descriptor file_;
  std::vector<std::byte> buffer_;
  std::uint64_t bytes_ = 0;
  std::string error_;
};

}  // namespace conker::daemon
