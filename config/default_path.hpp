// Where the configuration is when nobody says.
#pragma once

#include <string>

namespace conker::config {

/// The configuration of an installed program: /etc/conker/conkerd.yaml where the program is
/// /usr/bin/NAME, and PREFIX/etc/conker/conkerd.yaml where it is PREFIX/bin/NAME.
std::string path_for_program(const std::string& program);

/// The same for the running program.
std::string default_path();

}  // namespace conker::config
