// Descriptors 0 to 2, for programs on a host.
#pragma once

#include <fcntl.h>

#include <array>

namespace conker::protocol {

/// First thing in main(). A program that is started with one of its standard streams closed would
/// give the number to the next device or socket that it opens, and then read its input from there
/// or write its messages into it. In its place comes /dev/null, opened so that using standard input
/// and output fails as it does where they are closed; what is written to standard error goes
/// nowhere.
inline void open_standard_streams() {
  constexpr std::array kModes{O_WRONLY, O_RDONLY, O_RDWR};
  for (std::size_t fd = 0; fd < kModes.size(); ++fd) {
    // The lowest number that is free is this one: those below are open by now.
    if (::fcntl(static_cast<int>(fd), F_GETFD) < 0) (void)::open("/dev/null", kModes[fd]);
  }
}

}  // namespace conker::protocol
