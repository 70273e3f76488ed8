// The files of a strike's evidence: FILE.pcapng, which the daemon writes, and beside it the report,
// FILE.json and FILE.txt, and FILE.script, a packet script of the worst finding.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/client.hpp"
#include "ctl/finding_frames.hpp"

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
  /// What the daemon has written, once it has ended; nothing without a file.
  std::vector<FindingFrames> findings() const;
  /// Writes the result, the report in words, and the script of the worst of `findings`, if there is
  /// a file to write them beside. Returns the error, for people; nothing without one.
  std::optional<std::string> write_beside(const json& result, std::string_view report,
                                          std::span<const FindingFrames> findings) const;

 private:
  std::string path_;
  OwnedFd file_;
};

/// The findings of a capture that the daemon has written as evidence. A Failure when it cannot be
/// read.
std::vector<FindingFrames> read_evidence(const std::string& path);

/// Opens a file for a capture by the daemon, which empties it once it accepts the capture: a
/// refused one must not destroy its contents. A Failure when it cannot be opened.
OwnedFd open_capture(const std::string& path);

}  // namespace conker::ctl
