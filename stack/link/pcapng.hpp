// A writer of pcapng files (draft-ietf-opsawg-pcapng): captures whose section says how they came
// about and whose packets can have comments.
//
//     Pcapng file(sink);
//     file.section({.application = "conker 1.0"});
//     file.interface("lan", "packet socket on eth0");
//     file.packet({.at_us = now, .direction = Direction::kIn, .comments = comments}, parts);
//     file.statistics(counted);
//
// One section with one interface, Ethernet, times in microseconds. Always little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "stack/link/capture.hpp"
#include "stack/link/observer.hpp"

namespace conker {

class Pcapng {
 public:
  static constexpr std::uint32_t kSnapshotLength = 262144;  // bytes of a frame that are kept

  /// The options of the section header; those that are empty are left out. Texts are UTF-8; of a
  /// longer one the first 65,535 bytes are written.
  struct Section {
    std::string_view hardware{}, os{}, application{}, comment{};
  };
  struct Packet {
    std::int64_t at_us = 0;  // since 1970
    Direction direction = Direction::kIn;
    std::span<const std::string_view> comments{};
  };
  struct Statistics {
    std::int64_t at_us = 0, begin_us = 0, end_us = 0;  // since 1970
    std::uint64_t received = 0;                        // by the interface in that time
    std::uint64_t delivered = 0;                       // of them written
  };

  explicit Pcapng(CaptureSink& sink) : sink_(sink) {}

  // Each writes a block, in this order, packet() any number of times. False when the sink did not
  // take all of it, which leaves the file with a block that is cut short.
  bool section(const Section& section);
  bool interface(std::string_view name, std::string_view description);
  bool packet(const Packet& packet, std::span<const std::span<const std::byte>> parts);
  bool statistics(const Statistics& statistics);

 private:
  void begin(std::uint32_t type, std::size_t body);
  bool end();
  void put(std::uint64_t value, std::size_t bytes);
  void put_time(std::int64_t us);
  void put(std::span<const std::byte> bytes);
  void pad(std::size_t length);
  void option(std::uint16_t code, std::string_view text);
  void option(std::uint16_t code, std::uint64_t value, std::size_t bytes);
  void option_time(std::uint16_t code, std::int64_t us);

  CaptureSink& sink_;
  std::uint32_t block_ = 0;  // total length of the block that is being written
  bool taken_ = true;        // whether the sink took all of it so far
};

}  // namespace conker
