// Hostile peers with TCP connections of their own, which violate the protocol in known ways. They
// must not harm other connections, ARP, pings or new connections.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/sim/context.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/script.hpp"
#include "tests/support/segment.hpp"

namespace conker::sim {

class Hostile {
 public:
  enum Trick : std::uint32_t {
    kIdle,           // connections without data
    kHoles,          // a byte out of order beyond each of many holes
    kNoReader,       // asks for a page and closes its window
    kSillyWindow,    // a window of one byte
    kTinyMss,        // an MSS of one byte
    kSackNonsense,   // SACK blocks of data never sent, empty, or in wrong order
    kOptimist,       // acknowledges data not received yet
    kNeverCloses,    // no FIN after the page
    kFlood,          // unfinished handshakes
    kFinAgain,       // retransmits its FIN as the answer to any ACK, in TIME-WAIT
    kQuarrels,       // an unacceptable segment as the answer to any ACK
    kQuarrelsEarly,  // the same for a half-open record
    kSynAgain,       // retransmits its SYN as the answer to any SYN-ACK
    kFragments,      // first fragments without the rest
    kMeets,          // simultaneous open with a host, with a small window that is not scaled
    kTricks
  };
  static constexpr std::uint16_t kMeetingPort = 7300;

  explicit Hostile(Context& context)
      : context_(context), dice_(context.config.seed ^ 0x686f7374696c65) {}

  /// Starts conversations. The arguments are those of Do::kHostile; the world makes the host open
  /// towards kMeets.
  void begin(const Op& op);
  void hear(std::uint32_t host, std::span<const std::byte> frame);
  void step();
  Instant next() const;
  void stop();

 private:
  static constexpr std::uint32_t kMost = 200;    // conversations
  static constexpr std::uint32_t kFrames = 150;  // of each conversation; then it is silent

  struct Talk {
    std::uint32_t host, trick;
    std::uint8_t station;
    std::uint16_t port, remote_port;
    std::uint32_t iss, snd_nxt, rcv_nxt = 0;
    bool connected = false, said_fin = false, heard_fin = false;
    std::uint32_t left = kFrames;
    std::uint32_t timestamp = 0;  // TSval of the peer's last segment; 0: not negotiated
  };
  /// A trick without a conversation: a number of frames, one after the other.
  struct Stream {
    std::uint32_t host, trick, left;
    Instant next;
  };

  Talk* find(std::uint32_t host, const test::WireSegment& heard);
  test::WireSegment segment(const Talk& talk, std::uint8_t flags) const;
  void send(Talk& talk, const test::WireSegment& s);
  void acknowledge(Talk& talk, std::uint16_t window);
  void ask(Talk& talk);
  void say_fin(Talk& talk);
  void open(std::uint32_t host, std::uint32_t trick);
  void on_syn(Talk& talk, const test::WireSegment& heard);
  void on_syn_ack(Talk& talk, const test::WireSegment& heard);
  void on_segment(Talk& talk, const test::WireSegment& heard);
  void react(Talk& talk, const test::WireSegment& heard, bool brings_data);
  void reset(std::uint32_t host, const test::WireSegment& heard);

  Context& context_;
  Dice dice_;
  std::vector<Talk> talks_;
  std::vector<Stream> streams_;
  std::uint16_t next_port_ = 30'000;
  bool stopped_ = false;
};

}  // namespace conker::sim
