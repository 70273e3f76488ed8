// The report of a strike in files: for programs as JUnit and TAP (its cases) and CSV (its seconds),
// for people as a page.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ctl/cases.hpp"
#include "ctl/page_data.hpp"

namespace conker::ctl {

/// A test suite of JUnit's XML.
struct Suite {
  std::string name;
  double seconds = 0;      // that it took
  std::string attachment;  // the path of a file to keep with it, as GitLab and Jenkins do; or empty
  std::vector<Case> cases;
};

/// The files of test cases, JUnit's and TAP's.
class CaseFiles {
 public:
  /// The options --junit and --tap.
  void add(CLI::App& verb);
  /// As those of ReportFiles.
  void begin() const;
  std::optional<std::string> write(const std::vector<Suite>& suites) const;

 private:
  std::string junit_, tap_;
};

class ReportFiles {
 public:
  /// The options --junit, --tap, --csv and --report.
  void add(CLI::App& verb);

  /// Empties the files that are wanted, so that none has the report of an earlier strike. A Failure
  /// where one cannot be written.
  void begin() const;
  /// Returns the error, for people; nothing without one.
  std::optional<std::string> write(const ReportContent& content) const;

 private:
  CaseFiles cases_;
  std::string csv_, page_;
};

/// What the page at this path shows of a strike: its links lead from there.
protocol::json page_data_at(const std::string& path, ReportContent content);
/// Writes the page of a strike's report. Returns the error, for people; nothing without one.
std::optional<std::string> write_page(const std::string& path, const ReportContent& content);
std::string junit_of(const std::vector<Suite>& suites);
/// Version 13 of the Test Anything Protocol, which all of its parsers know. Where there are several
/// suites, the names of their cases begin with those of the suites.
std::string tap_of(const std::vector<Suite>& suites);
/// A row for each second, or for so many as the timeline has in one; the first line names columns
/// with their units.
std::string csv_of(const protocol::StrikeTimeline& timeline);

}  // namespace conker::ctl
