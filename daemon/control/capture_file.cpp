#include "daemon/control/capture_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace conker::daemon {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;

}  // namespace

std::string unfit(const Descriptor& file, std::string_view what) {
  if (!file) return "a descriptor open for writing must come with the request";
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fmt::format("{} needs a regular file: pipes and devices could block the daemon", what);
  }
  struct statfs system {};
  if (::fstatfs(file.get(), &system) == 0 && system.f_type == FUSE_SUPER_MAGIC) {
    return fmt::format(
        "{} needs a file of the kernel's own file systems: a program behind it (FUSE) could block "
        "the daemon",
        what);
  }
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
    return fmt::format("the file of {} is not open for writing", what);
  return {};
}

CaptureFile::CaptureFile(Descriptor file) : file_(std::move(file)) {
  buffer_.reserve(kBufferBytes);
}

bool CaptureFile::write(std::span<const std::byte> bytes) {
  if (!error_.empty()) return false;
  if (buffer_.size() + bytes.size() > kBufferBytes && !flush()) return false;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return true;
}

bool CaptureFile::has_room(std::size_t bytes) const {
  return buffer_.size() + bytes <= kBufferBytes;
}

bool CaptureFile::flush() {
  std::size_t at = 0;
  while (error_.empty() && at < buffer_.size()) {
    const ssize_t n = ::write(file_.get(), buffer_.data() + at, buffer_.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? std::strerror(errno) : "nothing more could be written";
      break;
    }
    at += static_cast<std::size_t>(n);
  }
  bytes_ += at;
  buffer_.clear();
  return error_.empty();
}

bool CaptureFile::truncate(std::uint64_t bytes) {
  buffer_.clear();
  if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) == 0) {
    bytes_ = bytes;
    return true;
  }
  if (error_.empty()) error_ = std::strerror(errno);
  return false;
}

}  // namespace conker::daemon
