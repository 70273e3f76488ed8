#include "ctl/report_page.hpp"

#include <fmt/format.h>

#include <random>

#include "ctl/page_parts.hpp"

namespace conker::ctl {
namespace {

/// JSON within a script element: no text in it may end that, or begin a comment.
std::string in_script(const protocol::json& data) {
  const std::string text = data.dump(-1, ' ', false, protocol::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string in_element(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string report_page(const protocol::json& data, std::string_view nonce) {
  const auto part = [&](std::string_view name) -> std::string {
    if (name == "nonce") return std::string(nonce);
    if (name == "style") return std::string(page::kStyle);
    if (name == "chart.js") return std::string(page::kChartJs);
    if (name == "chart.js licence") return in_element(page::kChartJsLicence);
    if (name == "words") return std::string(page::kWords);
    if (name == "charts") return std::string(page::kCharts);
    if (name == "findings") return std::string(page::kFindings);
    if (name == "report") return std::string(page::kReport);
    return in_script(data);
  };
  constexpr std::string_view kBegin = "{{", kEnd = "}}";
  std::string made;
  std::string_view rest = page::kFrame;
  for (std::size_t at = rest.find(kBegin); at != std::string_view::npos; at = rest.find(kBegin)) {
    const std::size_t end = rest.find(kEnd, at);
    made += rest.substr(0, at);
    made += part(rest.substr(at + kBegin.size(), end - at - kBegin.size()));
    rest.remove_prefix(end + kEnd.size());
  }
  made += rest;
  return made;
}

std::string fresh_nonce() {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 4; ++i) nonce += fmt::format("{:08x}", random());
  return nonce;
}

}  // namespace conker::ctl
