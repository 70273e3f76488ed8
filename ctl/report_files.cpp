#include "ctl/report_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>
#include <utility>

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

void add_test(pugi::xml_node tests, const Suite& suite, const Case& one) {
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
  if (&one == &suite.cases.front() && !suite.attachment.empty())
    out += fmt::format("[[ATTACHMENT|{}]]\n", suite.attachment);
  if (!out.empty()) test.append_child("system-out").text() = without_control(out).c_str();
}

void add_suite(pugi::xml_node all, const Suite& suite) {
  pugi::xml_node tests = all.append_child("testsuite");
  const auto count = [&](Case::Outcome outcome) {
    return static_cast<unsigned>(std::ranges::count(suite.cases, outcome, &Case::outcome));
  };
  tests.append_attribute("name") = suite.name.c_str();
  tests.append_attribute("tests") = static_cast<unsigned>(suite.cases.size());
  tests.append_attribute("failures") = count(Case::Outcome::kFailed);
  tests.append_attribute("errors") = count(Case::Outcome::kError);
  tests.append_attribute("time") = fmt::format("{:.3f}", suite.seconds).c_str();
  for (const Case& one : suite.cases) add_test(tests, suite, one);
}

/// Keeps the first error of several files.
void keep_first(std::optional<std::string>& error, std::optional<std::string> wrong) {
  if (wrong && !error) error = std::move(wrong);
}

void empty_files(std::initializer_list<const std::string*> paths) {
  for (const std::string* path : paths) {
    if (path->empty()) continue;
    if (const auto error = write_file(*path, "")) throw Failure(kExitFailed, *error);
  }
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

std::string junit_of(const std::vector<Suite>& suites) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node all = document.append_child("testsuites");
  for (const Suite& suite : suites) add_suite(all, suite);
  std::ostringstream text;
  document.save(text, "  ");
  return text.str();
}

std::string tap_of(const std::vector<Suite>& suites) {
  std::string text;
  std::size_t number = 0;
  for (const Suite& suite : suites) {
    for (const Case& one : suite.cases) {
      const bool passed = one.outcome == Case::Outcome::kPassed;
      const std::string name = suites.size() == 1 ? one.name : suite.name + ": " + one.name;
      text += fmt::format("{} {} - {}: {}\n", passed ? "ok" : "not ok", ++number, described(name),
                          described(one.message));
      if (!passed && !one.detail.empty())
        text += "  ---\n" + literal("detail", without_control(one.detail)) + "  ...\n";
    }
  }
  return fmt::format("TAP version 13\n1..{}\n", number) + text;
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

void CaseFiles::add(CLI::App& verb) {
  verb.add_option("--junit", junit_,
                  "write the report to this file as a test suite of JUnit's XML, for CI: a case "
                  "for the verdict, and for each way to close, rule broken, monitor and watch")
      ->type_name("FILE");
  verb.add_option("--tap", tap_, "the same to this file by the Test Anything Protocol, version 13")
      ->type_name("FILE");
}

void CaseFiles::begin() const {
  empty_files({&junit_, &tap_});
}

std::optional<std::string> CaseFiles::write(const std::vector<Suite>& suites) const {
  std::optional<std::string> error;
  if (!junit_.empty()) keep_first(error, write_file(junit_, junit_of(suites)));
  if (!tap_.empty()) keep_first(error, write_file(tap_, tap_of(suites)));
  return error;
}

protocol::json page_data_at(const std::string& path, ReportContent content) {
  content.evidence = path_from(path, content.evidence);
  content.journal = path_from(path, content.journal);
  return page_data(content);
}

std::optional<std::string> write_page(const std::string& path, const ReportContent& content) {
  return write_file(path, report_page(page_data_at(path, content), fresh_nonce()));
}

void ReportFiles::add(CLI::App& verb) {
  cases_.add(verb);
  verb.add_option("--csv", csv_, "write a row for each second to this file: cycles and latencies")
      ->type_name("FILE");
  verb.add_option("--report", page_,
                  "write the report to this file as an HTML page that needs no network: verdict, "
                  "findings with their frames (of --evidence), charts")
      ->type_name("FILE.html");
}

void ReportFiles::begin() const {
  cases_.begin();
  empty_files({&csv_, &page_});
}

std::optional<std::string> ReportFiles::write(const ReportContent& content) const {
  const protocol::Strike::Result& result = content.result;
  std::optional<std::string> error = cases_.write(
      {{target_of(result), static_cast<double>(result.summary.elapsed.count()) / 1e6,
        content.evidence.empty() ? "" : std::filesystem::absolute(content.evidence).string(),
        cases_of(result, content.monitors, content.watches)}});
  if (!csv_.empty()) keep_first(error, write_file(csv_, csv_of(result.timeline)));
  if (!page_.empty()) keep_first(error, write_page(page_, content));
  return error;
}

}  // namespace conker::ctl
