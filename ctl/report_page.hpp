// The report of a strike as one HTML page that needs nothing beside itself: no network, no other
// file. Its parts are files of ctl/page/, which the build puts into the program.
#pragma once

#include <string>
#include <string_view>

#include "protocol/json.hpp"

namespace conker::ctl {

/// The page with its data (ctl/page_data.hpp). Only scripts and styles that carry `nonce` run in
/// it, so that must be hard to guess: fresh_nonce().
std::string report_page(const protocol::json& data, std::string_view nonce);
/// 128 random bits, in hex.
std::string fresh_nonce();

}  // namespace conker::ctl
