// Descriptors 0 to 2, for programs on a host.
#pragma once

#include <fcntl.h>

#include <array>

namespace conker::protocol {

/// To be called first in main(). A program that is started with one of its standard streams closed
/// would give its number to the next device or socket that it opens, and then read its input from
/// there or write its messages into it. In its place this opens /dev/null in a mode in which using
/// standard input and output fails as if they were closed; standard error is discarded.
inline void open_standard_streams() {
  constexpr std::array kModes{O_WRONLY, O_RDONLY, O_RDWR};
  for (std::size_t fd = 0; fd < kModes.size(); ++fd) {
    // open() takes the lowest free number, which is this one: those below are open by now.
    if (::fcntl(static_cast<int>(fd), F_GETFD) < 0) (void)::open("/dev/null", kModes[fd]);
  }
}

}  // namespace conker::protocol
