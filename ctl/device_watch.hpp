// The hook to the device beside a strike: what its console, debugger or log says meanwhile.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/watch_lines.hpp"
#include "ctl/watch_log.hpp"
#include "ctl/watch_source.hpp"

namespace conker::ctl {

struct WatchSettings {
  static constexpr std::size_t kMost = 4;  // watches

  std::vector<std::string> watches;
  std::string fail;                // a regular expression; empty: none
  std::string log;                 // the path of a file for all lines; empty: none
  Duration before{5s}, after{5s};  // how long to listen before the strike and after it
};

class DeviceWatches {
 public:
  /// Opens the sources and the file. A Failure when one of them, or the regular expression, is
  /// wrong.
  explicit DeviceWatches(const WatchSettings& settings);

  void wait_for(PollSet& polls) const;
  /// Takes what has come. Before the strike the end of a source, and a line that --watch-fail
  /// looks for, is a Failure.
  void step(Moment now);

  /// Whether the time before, or after, the strike is over.
  bool done(Moment now) const;
  void strike_begins(Moment now);
  /// `cycle`: how many have begun so far.
  void progress(std::uint64_t cycle) { cycle_ = cycle; }
  void strike_ended(Moment now) { strike_end_ = now; }
  /// Whether --watch-fail has found a line.
  bool matched() const;
  /// What was heard, with a line that has no end yet.
  std::vector<WatchReport> reports();

 private:
  /// A flood is slowed down to kMostRead bytes in kPause: 800 KB/s, which is more than a serial
  /// console can do, and costs the strike little.
  static constexpr std::size_t kMostRead = 8192;
  static constexpr Duration kPause = 10ms;
  /// A line without its end counts as one after this time.
  static constexpr Duration kIdle = 500ms;

  struct Watch {
    explicit Watch(const std::string& text) : name(text), source(text) {}
    const std::string& name;
    WatchSource source;
    LineSplitter splitter{};
    WatchLog log{};
    Moment read_from{}, last_byte{};
    std::optional<int> end{};  // there are no more bytes: the error, 0 without one
    bool ended = false;        // and why was told
  };
  void read(Watch& watch, Moment now);
  void end(Watch& watch, Moment now);
  void take(Watch& watch, Moment now, std::string_view bytes);
  void write_log(const Watch& watch, Moment now, const std::string& line);

  const WatchSettings& settings_;
  std::optional<Pattern> pattern_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::vector<std::unique_ptr<Watch>> watches_;
  Moment opened_;
  std::uint64_t cycle_ = 0;
  std::optional<Moment> strike_begin_, strike_end_;
};

}  // namespace conker::ctl
