// Two stacks joined in memory: a frame sent by one arrives at the other after a delay, or is lost.
// Virtual time, one thread, and an audit of both stacks at any time.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/ip6/ipv6.hpp"
#include "stack/link/observer.hpp"
#include "stack/stack.hpp"
#include "tests/support/random.hpp"
#include "tests/support/segment.hpp"
#include "tests/support/storage.hpp"

namespace conker::test {

/// Impairments of the link, in each direction; rates in 1000.
struct Impairments {
  Duration delay = 50us;
  std::uint32_t loss = 0, duplicate = 0, reorder = 0;
  std::uint32_t seed = 1;
  Family family = Family::kIpv4;
};

/// One end: a stack, its link and its application.
class End final : public Link {
 public:
  End(const IpAddress& address, const MacAddress& mac, const Capacities& capacities,
      const Settings& settings, std::uint64_t entropy, const Parts& parts);

  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant now) override;
  std::uint32_t segmentation() const override { return cuts; }

  Stack& stack() { return *stack_; }
  /// Called with every event of a turn, and then once without one: step 3 of the turn.
  std::function<void(const Event&)> on_event;
  std::function<void()> on_turn;
  /// Returns the application's deadline, before time moves.
  std::function<Instant()> deadline;

  /// Is shown each frame of this end where it is sent and where it has arrived; null: nobody is.
  FrameObserver* observer = nullptr;

  std::uint32_t cuts = 0;  // Link::segmentation(), in bytes; 0: none
  std::deque<Bytes> outgoing;

  void show(std::span<const std::byte> frame, Direction direction, Instant now) const;

 private:
  Storage storage_;
  std::unique_ptr<Stack> stack_;
  std::optional<Ipv4> ipv4_;
  std::optional<Ipv6> ipv6_;
};

class Wire {
 public:
  Wire(const Capacities& capacities, const Settings& settings, const Impairments& impairments = {},
       const Parts& parts = {});

  End& left() { return left_; }    // 10.0.0.1 or fd00::1
  End& right() { return right_; }  // 10.0.0.2 or fd00::2
  /// The address of an end.
  static constexpr IpAddress address_of(std::uint8_t end, Family family) {
    return family == Family::kIpv4 ? IpAddress::v4(10, 0, 0, end)
                                   : IpAddress({0xfd000000, 0, 0, end});
  }
  Instant now() const { return now_; }
  /// Both stacks are audited every so many turns, and at the end of run().
  std::uint32_t audit_every = 1;

  /// Runs until `done` returns true, or until `limit` of virtual time has passed; returns the last
  /// result of `done`.
  bool run(const std::function<bool()>& done, Duration limit);
  void audit();

 private:
  struct Flying {
    Instant arrives;
    End* to;
    Bytes frame;
  };

  void turn(End& end);
  void carry(End& from, End& to);
  Instant next_deadline();

  Impairments impairments_;
  Random random_;
  Instant now_{1s};
  End left_, right_;
  std::deque<Flying> flying_;  // in the order of arrival
  std::uint32_t turns_ = 0;
};

}  // namespace conker::test
