// The device: the TCP of a peer that accepts, discards or echoes, and closes when it is closed, or
// first, right by RFC 9293 but for one fault, which it has in every so many connections. Sans-I/O:
// frames and the time come in, frames come out. It retransmits nothing of its own accord.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "tests/e2e/peers/connections.hpp"
#include "tests/e2e/peers/faults.hpp"
#include "tests/e2e/peers/frames.hpp"

namespace conker::device {

class Device {
 public:
  struct Options {
    Frames self;
    std::uint16_t port = 9000;
    const Fault* fault = nullptr;  // none: the device is right
    std::uint32_t every = 1;       // every so many connections are chosen for the fault
    bool echo = false;             // sends back what comes
    bool takes_syn_data = false;   // acknowledges it; else it takes none
    bool closes = false;           // closes first, as soon as the handshake is complete
    std::uint32_t most = 0;        // connections at a time; beyond that SYNs are refused; 0: all
    std::uint64_t seed = 1;        // of initial sequence numbers
  };

  explicit Device(const Options& options);

  /// A frame that has come. At most Outbox::kFrames / 2 frames answer it.
  void on_frame(std::span<const std::byte> frame, Instant now, Outbox& out);
  /// Sends what is due, as far as the outbox has room.
  void on_time(Instant now, Outbox& out);
  /// When on_time() has something to do; kNever where nothing is to come.
  Instant next_deadline() const { return deferred_ == 0 ? kNever : queue_[first_].at; }

  /// Connections opened.
  std::uint64_t connections() const { return connections_; }
  /// How often the rule was broken.
  std::uint64_t broken() const { return broken_; }

 private:
  /// A segment that leaves later.
  struct Deferred {
    Instant at{};
    std::uint32_t remote = 0;
    std::uint16_t port = 0;
    Seq isn;
    bool answer = false;  // for which the connection waits
    Outgoing segment;
  };

  void on_segment(const Incoming& in);
  void on_syn(const Incoming& in, Connection* c);
  void on_reset(const Incoming& in, Connection& c);
  void on_text(const Incoming& in, Connection& c);
  void on_text_out_of_order(const Incoming& in, Connection& c);
  void take(const Incoming& in, Connection& c);
  void on_fin(Connection& c);
  void take_in_fin_wait(const Incoming& in, Connection& c);
  void echo(Connection& c, std::span<const std::byte> text);
  bool send_unsent(Connection& c);
  void send_fin(Connection& c);
  void refuse(const Incoming& in);
  void close(Connection& c);
  void leave_half_open(const Connection& c) {
    if (c.state == Connection::State::kSynReceived && half_open_ != 0) --half_open_;
  }
  Seq choose_isn(bool chosen);
  Outgoing syn_ack(const Connection& c) const;
  /// A segment with these flags at SND.NXT.
  static Outgoing at_next(const Connection& c, std::uint8_t flags);
  void acknowledge(const Connection& c) { send(c, at_next(c, Flags::kAck)); }
  void send(const Connection& c, Outgoing segment);
  void defer(Connection& c, Duration delay, const Outgoing& segment, bool answer = false);

  // What is done wrong (wrong_answers.cpp). Each says whether the connection was chosen and the
  // answer is given herewith.
  bool chosen(Connection& c, FaultKind first, FaultKind last);
  bool wrong_when_reopened(const Incoming& in, Connection& c);
  bool wrong_answer_to_syn(const Incoming& in, Connection& c);
  bool wrong_answer_to_syn_data(const Incoming& in, Connection& c);
  bool wrong_first_syn_ack(Connection& c);
  bool wrong_answer_to_fin(Connection& c);
  bool wrong_fin(Connection& c);
  bool wrong_text(Connection& c);
  bool wrong_echo(Connection& c, std::span<const std::byte> text);
  void wrong_answer_to_reset(Connection& c);
  bool wrong_when_provoked(const Incoming& in, Connection& c, FaultKind first, FaultKind last);
  bool wrong_when_early(const Incoming& in, Connection& c);
  void wrong_when_opened(Connection& c);
  void wrong_timeout(Connection& c, const Outgoing& fin);
  bool wrong_acknowledgment(Connection& c);

  static constexpr Duration kTimeout = 300ms;  // of a fault that retransmits
  bool wrong_when_closed(const Incoming& in, Connection& c);
  bool wrong_after_both_fins(Connection& c);

  Frames self_;
  std::uint16_t port_;
  FaultKind fault_;
  std::uint32_t every_, most_, open_ = 0;
  std::uint32_t half_open_ = 0;  // of them
  bool echo_, takes_syn_data_, closes_;
  std::uint64_t random_;
  Seq last_isn_{};
  std::uint16_t last_ip_id_ = 0;
  std::uint32_t owed_ = 0;  // wrong answers to SYNs with data
  Connections table_;
  // A ring in the order of time: all delays of one fault are the same.
  std::vector<Deferred> queue_;
  std::size_t first_ = 0, deferred_ = 0;
  std::uint64_t connections_ = 0, broken_ = 0;
  // During a call.
  Instant now_{};
  Outbox* out_ = nullptr;
};

}  // namespace conker::device
