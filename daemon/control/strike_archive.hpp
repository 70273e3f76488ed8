// The directory of detached strikes: the journal of each, ID.journal, and its evidence, ID.pcapng.
// They outlive the daemon, which lists at its start what it finds there.
//
// Bounded: strike.keep strikes and strike.keep_mib of files, counted when a strike begins and ends;
// the oldest that are over are deleted. One that runs has a journal of 256 MiB and an evidence of
// 64 MiB at most.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/descriptor.hpp"
#include "protocol/strikes.hpp"

namespace conker::daemon {

class StrikeArchive {
 public:
  using File = protocol::StrikeFile::File;

  /// Looks through the directory. One that is not there is made for the first strike. `config` must
  /// outlive it; its limits may change.
  explicit StrikeArchive(const config::Strike& config);

  /// An id that no strike has that is known here.
  std::uint64_t next_id() { return next_id_++; }

  struct Files {
    std::uint64_t id = 0;
    Descriptor journal, evidence;
  };
  /// Makes room, and the files of a new strike, whose journal is locked. `wrong`: why that is not
  /// possible, with advice; empty where it was.
  Files create(bool evidence, std::string& wrong);
  /// Deletes the files of a strike that has not begun.
  void discard(std::uint64_t id);
  /// A strike is over, whose entry is the last line of its journal.
  void add(const protocol::StrikeEntry& entry);

  /// Those that are over, by id.
  const std::map<std::uint64_t, protocol::StrikeEntry>& entries() const { return entries_; }
  /// Opens a file to read. `wrong`: why that is not possible; empty where it was.
  Descriptor open(std::uint64_t id, File file, std::string& wrong) const;
  const std::string& directory() const { return directory_; }

 private:
  std::string path_of(std::uint64_t id, File file) const;
  std::uint64_t bytes_of(std::uint64_t id) const;
  void make_room(std::size_t places);

  std::string directory_;
  const config::Strike& limits_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, protocol::StrikeEntry> entries_;
};

}  // namespace conker::daemon
