// The word that was meant by one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace conker::config {

/// The known word that one mistyped letter in three, two at most, make of this one (inserted, left
/// out, changed, or swapped with the next); empty where none is as near.
std::string near_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace conker::config
