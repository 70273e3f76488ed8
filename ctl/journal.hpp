// Reads the journal of a strike (protocol/journal.hpp), whole or cut off anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/client.hpp"
#include "protocol/journal.hpp"

namespace conker::ctl {

/// A part of a strike: from a begin to the report, or to what is known of it.
struct JournalPart {
  struct Row {
    Duration from;  // of the whole strike
    protocol::StrikeTimeline::Row row;
  };

  protocol::JournalBegin begin;
  std::vector<Row> rows;
  std::optional<protocol::JournalSecond> last;      // the newest row, with the sums
  std::uint64_t most_in_flight = 0, in_flight = 0;  // of the rows, in_flight the sum
  std::vector<protocol::Strike::Finding> findings;
  std::optional<protocol::StrikeTimeline::First> first_failure;
  std::string stopped;  // why it was; empty where it was not
  std::optional<protocol::Strike::Result> report;

  /// How many cycles it is known to have begun, and for how long.
  std::uint64_t cycles() const;
  Duration elapsed() const;
};

struct StrikeJournal {
  std::vector<JournalPart> parts;  // at least one
  std::uint64_t unreadable = 0;    // lines, those that are cut off among them
  bool running = false;            // a strike is writing to it

  std::uint64_t cycles() const;
  Duration elapsed() const;
};

/// A Failure when the file cannot be read or is no journal.
StrikeJournal read_journal(const std::string& path);
/// The same of an open file; `path` is for errors only.
StrikeJournal read_journal(OwnedFd file, const std::string& path);

/// Opens a new file for a journal. A Failure when it cannot be opened, or when something is in it.
OwnedFd new_journal(const std::string& path);
/// Opens a journal to go on with, in a new line. A Failure when it cannot be opened.
OwnedFd append_to_journal(const std::string& path);

/// Appends a line. False when the file does not take it.
bool append_to_journal(const OwnedFd& file, const protocol::JournalRuling& ruling);

/// The parameters with which the rest of a strike is done. A Failure when nothing is left of it,
/// or when it still runs.
protocol::Strike::Parameters rest_of(const StrikeJournal& journal, const std::string& path);

}  // namespace conker::ctl
