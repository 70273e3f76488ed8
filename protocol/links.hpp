// The verbs about links: capture_start, capture_stop, fault_set, fault_clear; and structures about
// links in other results.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/visit.hpp"
#include "stack/link/fault.hpp"

namespace conker::protocol {

/// Frames that passed a link's device, and those dropped, by reason. A dropped frame is counted by
/// exactly one of the lower counters.
struct DeviceCounters {
  std::uint64_t frames_in = 0, bytes_in = 0;
  std::uint64_t frames_out = 0, bytes_out = 0;
  std::uint64_t busy = 0, in_unusable = 0, in_other_vlan = 0, out_down = 0, out_dropped = 0;
  std::uint64_t connects = 0, disconnects = 0;
  std::uint64_t bad_lengths = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("frames_in", self.frames_in, About{.help = "frames taken from the device"});
    field("bytes_in", self.bytes_in, About{.help = "in them", .unit = Unit::kBytes});
    field("frames_out", self.frames_out, About{.help = "frames given to the device"});
    field("bytes_out", self.bytes_out, About{.help = "in them", .unit = Unit::kBytes});
    field("busy", self.busy,
          About{.help = "frames that the device could not take at the moment; the stack keeps "
                        "them"});
    field("in_unusable", self.in_unusable,
          About{.help = "frames that came in too long for the buffer or cut short"});
    field("in_other_vlan", self.in_other_vlan,
          About{.help = "frames of a VLAN other than 0 whose tag the kernel had taken out"});
    field("out_down", self.out_down,
          About{.help = "frames for a device that is down, or for a peer that is not there"});
    field("out_dropped", self.out_dropped,
          About{.help = "frames that the kernel refused or had no queue for"});
    field("connects", self.connects, About{.help = "how often the link came up"});
    field("disconnects", self.disconnects, About{.help = "how often it ceased to be"});
    field("bad_lengths", self.bad_lengths,
          About{.help = "peers of a stream link disconnected for an absurd length"});
  }
};

/// The parameter of a link: all, unless one is named.
struct OfLink {
  std::optional<std::string> link;

  static constexpr void visit(auto& self, auto&& field) {
    field("link", self.link, About{.help = "name of one link", .fallback = "all links"});
  }
};

struct CaptureStart {
  static constexpr std::string_view kName = "capture_start";
  static constexpr std::string_view kHelp =
      "Write every frame to a pcap file, whose descriptor goes with the call";
  static constexpr Descriptor kDescriptor = Descriptor::kToDaemon;
  static constexpr std::array kCodes{Code::kBusy};
  using Parameters = OfLink;

  struct Result {
    std::vector<std::string> links;

    static constexpr void visit(auto& self, auto&& field) {
      field("links", self.links, About{.help = "names of the links captured"});
    }
  };
};

struct CaptureStop {
  static constexpr std::string_view kName = "capture_stop";
  static constexpr std::string_view kHelp = "End the capture";
  using Parameters = Nothing;

  struct Result {
    std::uint64_t frames = 0, bytes = 0;
    std::optional<std::string> error;

    static constexpr void visit(auto& self, auto&& field) {
      field("frames", self.frames, About{.help = "frames captured"});
      field("bytes", self.bytes, About{.help = "written to the file", .unit = Unit::kBytes});
      field("error", self.error, About{.help = "what ended the capture early; null"});
    }
  };
};

/// The faults of a link and how often each happened.
struct Faults {
  FaultSettings settings;
  FaultCounters counted;

  static constexpr void visit(auto& self, auto&& field) {
    FaultSettings::visit(self.settings, field);
    field("counted", self.counted, About{.help = "how often each happened"});
  }
};

/// The result of fault_set and fault_clear.
struct FaultsOfLinks {
  struct Entry {
    std::string name;
    Faults faults;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "of the link"});
      field("faults", self.faults, About{.help = "its faults"});
    }
  };
  std::vector<Entry> links;

  static constexpr void visit(auto& self, auto&& field) {
    field("links", self.links, About{.help = "name and faults of each link that was set"});
  }
};

struct FaultSet {
  static constexpr std::string_view kName = "fault_set";
  static constexpr std::string_view kHelp = "Lose, double, reorder, corrupt or delay frames";
  using Result = FaultsOfLinks;

  struct Parameters {
    std::optional<std::uint32_t> loss, duplicate, reorder, corrupt;
    std::optional<std::int64_t> delay_us;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> link;

    static constexpr void visit(auto& self, auto&& field) {
      constexpr About kShare{.help = "in millionths of the frames of each direction",
                             .unit = Unit::kMillionths,
                             .fallback = "as it was",
                             .max = 1'000'000};
      field("loss", self.loss, kShare);
      field("duplicate", self.duplicate, kShare);
      field("reorder", self.reorder, kShare);
      field("corrupt", self.corrupt, kShare);
      field("delay_us", self.delay_us,
            About{.help = "of every frame (microseconds)",
                  .unit = Unit::kMicroseconds,
                  .fallback = "as it was",
                  .max = 10'000'000});
      field(
          "seed", self.seed,
          About{.help = "the same seed and frames give the same faults", .fallback = "as it was"});
      OfLink::visit(self, field);
    }
  };
};

struct FaultClear {
  static constexpr std::string_view kName = "fault_clear";
  static constexpr std::string_view kHelp = "No faults any more";
  using Parameters = OfLink;
  using Result = FaultsOfLinks;
};

}  // namespace conker::protocol
