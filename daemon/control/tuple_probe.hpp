// What a host knows of four-tuples whose connections have ended: one segment for each, which a host
// that has no connection answers by a RST, and one that has it by an ACK (RFC 9293, 3.10.7.1 and
// 3.10.7.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/link/link.hpp"
#include "stack/verdict/segment.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::daemon {

class TupleProbe {
 public:
  /// So many in a turn, and not before kPace after the ones before.
  static constexpr std::size_t kAtOnce = 8;
  static constexpr Duration kPace = 1ms;
  /// Between begin() and the first one, for what is on its way; and for answers after the last one.
  static constexpr Duration kBefore = 50ms, kPatience = 500ms;

  enum class Is : std::uint8_t { kUnasked, kUnanswered, kForgotten, kHeld };
  struct Question {
    Endpoint ours;
    // Of the segment.
    std::uint8_t flags = TcpFlags::kAck;
    Seq seq{}, ack{};
    std::optional<TcpTimestamps> timestamps{};

    Is is = Is::kUnasked;
    Seq answered{};  // SEG.SEQ of the ACK by which it is held
  };
  using LinkHeader = std::array<std::byte, kEthernetHeader>;

  /// The target as frames name it, without a zone.
  explicit TupleProbe(const Endpoint& target) : target_(target) {}

  void ask(const Question& question) { questions_.push_back(question); }
  /// From now on all are asked, behind this header.
  void begin(const LinkHeader& header, Instant now);
  /// Sends what is due; when it wants to be called next, kNever when all is over.
  Instant step(Link& link, Instant now);
  /// A segment of the target.
  void on_answer(const verdict::Segment& segment);

  std::span<const Question> questions() const { return questions_; }

 private:
  bool send(Link& link, const Question& question, Instant now) const;
  bool settled() const;

  Endpoint target_;
  LinkHeader header_{};
  std::vector<Question> questions_;
  std::size_t next_ = 0;
  Instant due_ = kNever;
};

}  // namespace conker::daemon
