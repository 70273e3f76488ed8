// Captures: write frames of the links to a pcap file whose descriptor a client has passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/capture_file.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"
#include "stack/link/capture.hpp"

namespace conker::daemon {

class Captures {
 public:
  static constexpr double kFlushEvery = 1;  // seconds

  Captures(Engine& engine, Verbs& verbs);
  ~Captures();

  void stop();
  /// The running capture, for the verbs status and capture_stop.
  std::optional<protocol::CaptureStop::Result> status() const;
  /// Whether a capture of this link is running.
  bool active_on(const EngineLink& link) const;

 private:
  /// Several links share one file, which gets the pcap header of the first one only.
  class Sink final : public CaptureSink {
   public:
    Sink(CaptureFile& file, bool with_header) : file_(file), skip_header_(!with_header) {}
    bool write(std::span<const std::byte> bytes) override;

   private:
    CaptureFile& file_;
    bool skip_header_;
  };
  /// Captures one link, which it observes for its lifetime.
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
      file_;  // set while a capture runs, or has failed and was not stopped yet
  std::vector<std::unique_ptr<Tap>> taps_;
};

}  // namespace conker::daemon
