// A segment as a line of text, for traces.
#pragma once

#include <string>

#include "stack/verdict/segment.hpp"

namespace conker::sim {

std::string to_string(const verdict::Segment& segment);

}  // namespace conker::sim
