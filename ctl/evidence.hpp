// The files of a strike's evidence: FILE.pcapng, which the daemon writes, and beside it the report,
// FILE.json and FILE.txt, and FILE.script, a packet script of the worst finding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctl/client.hpp"

namespace conker::ctl {

class EvidenceFiles {
 public:
  /// Opens FILE.pcapng for the daemon; no file where `path` is empty. What is in it stays until the
  /// daemon begins. A Failure when it cannot be opened.
  explicit EvidenceFiles(std::string path);

  bool wanted() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  /// The descriptor for the daemon; -1 without a file.
  int fd() const { return file_.get(); }
  /// Writes the result, the report in words, and the script of the worst finding, if there is a
  /// file to write them beside. Returns the error, for people; nothing without one.
  std::optional<std::string> write_beside(const json& result, std::string_view report) const;

 private:
  std::string path_;
  OwnedFd file_;
};

/// Opens a file for a capture by the daemon, which empties it once it accepts the capture: a
/// refused one must not destroy its contents. A Failure when it cannot be opened.
OwnedFd open_capture(const std::string& path);

}  // namespace conker::ctl
