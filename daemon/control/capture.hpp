// Captures: frames of the links into a pcap file whose descriptor a client has passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/descriptor.hpp"
#include "daemon/engine.hpp"
#include "stack/link/capture.hpp"

namespace conker::daemon {

/// A file that is written in large pieces. After an error it takes nothing more.
class CaptureFile {
 public:
  explicit CaptureFile(Descriptor file);

  bool write(std::span<const std::byte> bytes);
  bool flush();
  std::uint64_t bytes() const { return bytes_; }
  /// In plain words; empty while all is well.
  const std::string& error() const { return error_; }

 private:
  Descriptor file_;
  std::vector<std::byte> buffer_;
  std::uint64_t bytes_ = 0;  // in the file
  std::string error_;
};

class Captures {
 public:
  static constexpr double kFlushEvery = 1;  // seconds

  Captures(Engine& engine, Verbs& verbs);
  ~Captures();

  void stop();
  /// The capture that is running, for status and for who ends it.
  std::optional<protocol::CaptureStop::Result> status() const;
  /// Whether frames of this link are written now.
  bool active_on(const EngineLink& link) const;

 private:
  /// Several links share one file: only the first one's header may get there.
  class Sink final : public CaptureSink {
   public:
    Sink(CaptureFile& file, bool with_header) : file_(file), skip_header_(!with_header) {}
    bool write(std::span<const std::byte> bytes) override;

   private:
    CaptureFile& file_;
    bool skip_header_;
  };
  /// The capture of one link, which observes it as long as this lives.
  struct Tap {
    Tap(EngineLink& on, CaptureFile& file, bool with_header) : link(on), sink(file, with_header) {
      link.observed->observers().add(capture);
    }
    ~Tap() { link.observed->observers().remove(capture); }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    EngineLink& link;
    Sink sink;
    Capture capture;
  };

  void start(CallOf<protocol::CaptureStart> call);
  void stop_by(CallOf<protocol::CaptureStop> call);
  void flush();
  std::uint64_t frames() const;

  Engine& engine_;
  TimerWatch flush_;
  std::unique_ptr<CaptureFile>
      file_;  // there while a capture runs, or has failed and was not yet stopped
  std::vector<std::unique_ptr<Tap>> taps_;
};

}  // namespace conker::daemon
