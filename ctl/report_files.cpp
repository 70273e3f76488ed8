#include "ctl/report_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

#include "ctl/error.hpp"
#include "ctl/files.hpp"
#include "ctl/report_page.hpp"

namespace conker::ctl {
namespace {

std::string target_of(const protocol::Strike::Result& result) {
  return "conker strike" + (result.begin ? " " + result.begin->parameters.target : "");
}

/// XML 1.0 has no other control characters than these, nor should a terminal get them.
std::string without_control(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 && c != '\n' && c != '\t'; }, '?');
  return text;
}

/// A line of TAP: '#' begins a directive.
std::string described(std::string_view text) {
  std::string line;
  for (const char c : without_control(std::string(text))) {
    if (c == '#' || c == '\\') line += '\\';
    line += c == '\n' ? ' ' : c;
  }
  return line;
}

/// A block of YAML with the lines of a text.
std::string literal(std::string_view name, std::string_view text) {
  std::string block = fmt::format("  {}: |\n", name);
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) block += "    " + line + "\n";
  return block;
}

/// The path of a file as a link in another one has it; empty stays empty.
std::string path_from(const std::string& page, const std::string& file) {
  if (file.empty()) return file;
  const auto whole = [](const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal();
  };
  return whole(file).lexically_proximate(whole(page).parent_path()).string();
}

}  // namespace

std::string junit_of(const std::vector<Case>& cases, const Suite& suite) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node tests = document.append_child("testsuites").append_child("testsuite");
  const auto count = [&](Case::Outcome outcome) {
    unsigned number = 0;
    for (const Case& one : cases) number += one.outcome == outcome ? 1 : 0;
    return number;
  };
  tests.append_attribute("name") = suite.name.c_str();
  tests.append_attribute("tests") = static_cast<unsigned>(cases.size());
  tests.append_attribute("failures") = count(Case::Outcome::kFailed);
  tests.append_attribute("errors") = count(Case::Outcome::kError);
  tests.append_attribute("time") = fmt::format("{:.3f}", suite.seconds).c_str();
  for (const Case& one : cases) {
    pugi::xml_node test = tests.append_child("testcase");
    test.append_attribute("classname") = suite.name.c_str();
    test.append_attribute("name") = without_control(one.name).c_str();
    std::string out;
    if (one.outcome == Case::Outcome::kPassed) {
      out = one.message + "\n" + one.detail;
    } else {
      pugi::xml_node wrong =
          test.append_child(one.outcome == Case::Outcome::kFailed ? "failure" : "error");
      wrong.append_attribute("message") = without_control(one.message).c_str();
      wrong.text() = without_control(one.detail).c_str();
    }
    if (&one == &cases.front() && !suite.attachment.empty())
      out += fmt::format("[[ATTACHMENT|{}]]\n", suite.attachment);
    if (!out.empty()) test.append_child("system-out").text() = without_control(out).c_str();
  }
  std::ostringstream text;
  document.save(text, "  ");
  return text.str();
}

std::string tap_of(const std::vector<Case>& cases) {
  std::string text = fmt::format("TAP version 13\n1..{}\n", cases.size());
  std::size_t number = 0;
  for (const Case& one : cases) {
    const bool passed = one.outcome == Case::Outcome::kPassed;
    text += fmt::format("{} {} - {}: {}\n", passed ? "ok" : "not ok", ++number, described(one.name),
                        described(one.message));
    if (!passed && !one.detail.empty())
      text += "  ---\n" + literal("detail", without_control(one.detail)) + "  ...\n";
  }
  return text;
}

std::string csv_of(const protocol::StrikeTimeline& timeline) {
  using Row = protocol::StrikeTimeline::Row;
  std::string text = "from_s";
  const Row names{};
  Row::visit(names, [&](std::string_view name, const auto&, const About&) {
    text += fmt::format(",{}", name);
  });
  text += '\n';
  Duration from{0};
  for (const Row& row : timeline.seconds) {
    text += fmt::format("{}", static_cast<double>(from.count()) / 1e6);
    Row::visit(row, [&](std::string_view, const auto& value, const About&) {
      text += fmt::format(",{}", value);
    });
    text += '\n';
    from += timeline.row_width;
  }
  return text;
}

void ReportFiles::add(CLI::App& verb) {
  verb.add_option("--junit", junit_,
                  "write the report to this file as a test suite of JUnit's XML, for CI: a case "
                  "for the verdict, and for each way to close, rule broken, monitor and watch")
      ->type_name("FILE");
  verb.add_option("--tap", tap_, "the same to this file by the Test Anything Protocol, version 13")
      ->type_name("FILE");
  verb.add_option("--csv", csv_, "write a row for each second to this file: cycles and latencies")
      ->type_name("FILE");
  verb.add_option("--report", page_,
                  "write the report to this file as an HTML page that needs no network: verdict, "
                  "findings with their frames (of --evidence), charts")
      ->type_name("FILE.html");
}

void ReportFiles::begin() const {
  for (const std::string* path : {&junit_, &tap_, &csv_, &page_}) {
    if (path->empty()) continue;
    if (const auto error = write_file(*path, "")) throw Failure(kExitFailed, *error);
  }
}

std::optional<std::string> ReportFiles::write(const ReportContent& content) const {
  const protocol::Strike::Result& result = content.result;
  const std::vector<Case> cases = cases_of(result, content.monitors, content.watches);
  const Suite suite{
      target_of(result), static_cast<double>(result.summary.elapsed.count()) / 1e6,
      content.evidence.empty() ? "" : std::filesystem::absolute(content.evidence).string()};
  std::optional<std::string> error;
  const auto file = [&](const std::string& path, const std::string& text) {
    if (path.empty()) return;
    if (auto wrong = write_file(path, text); wrong && !error) error = std::move(wrong);
  };
  file(junit_, junit_of(cases, suite));
  file(tap_, tap_of(cases));
  file(csv_, csv_of(result.timeline));
  if (page_.empty()) return error;
  ReportContent seen_from_page = content;
  seen_from_page.evidence = path_from(page_, content.evidence);
  seen_from_page.journal = path_from(page_, content.journal);
  file(page_, report_page(page_data(seen_from_page), fresh_nonce()));
  return error;
}

}  // namespace conker::ctl
