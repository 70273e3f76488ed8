// The judge of one peer: an observer of a link that follows each connection that we open to the
// peer and tells which rules its frames break.
//
//     Judge judge(target, 4096, sink);
//     link.observers().add(judge);
//
// Or of all that open connections to an endpoint of ours, without those that are not let in:
//
//     Judge judge(Judge::Visitors{ours, guests}, 4096, sink);
//
// Only connections whose SYN the judge has seen are judged, so that what the peer does with others,
// and with those of a time before, is never held against it.
//
// Memory: some 600 bytes for each of `connections`, and up to 2.5 KB more for one that a peer's
// data reaches out of order; 768 KB for ISNs. All of it is kept until the judge ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/guests.hpp"
#include "stack/base/time.hpp"
#include "stack/link/observer.hpp"
#include "stack/verdict/conversation.hpp"
#include "stack/verdict/exchanges.hpp"
#include "stack/verdict/ip_ids.hpp"
#include "stack/verdict/isn.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class Judge final : public FrameObserver {
 public:
  /// The frame that is being shown breaks a rule.
  struct Found {
    Finding finding;
    std::uint64_t connection;  // which of those opened since the judge began, from 1
    Instant at;
  };
  class Sink {
   public:
    /// Called from within on_frame().
    virtual void on_finding(const Found& found) = 0;

   protected:
    ~Sink() = default;
  };

  /// Peers that open connections to an endpoint of ours; the others are not judged.
  struct Visitors {
    Endpoint ours;
    const Guests& guests;
  };

  /// Judges the newest `connections`, 1 at least.
  Judge(const Endpoint& target, std::size_t connections, Sink& sink, const Patience& patience = {});
  /// The guests must outlive the judge.
  Judge(const Visitors& visitors, std::size_t connections, Sink& sink,
        const Patience& patience = {});

  void on_frame(const ObservedFrame& frame, Instant now) override;

  /// Segments of peers in connections that are judged.
  std::uint64_t judged() const { return judged_; }
  /// Connections that peers closed before they had our FIN, and may keep in TIME-WAIT.
  std::uint64_t closed_first() const { return exchanges_.closed_first(); }
  /// See Exchanges.
  bool peer_has_closed(const Endpoint& end) const { return exchanges_.peer_has_closed(end); }
  bool ended_in_order(const Endpoint& end, Seq next) const {
    return exchanges_.ended_in_order(end, next);
  }
  /// The memory that all this takes. Adds up what each connection has allocated.
  std::size_t bytes() const;
  /// Which of those opened the last connection with this endpoint is, from 1; 0 where it is not
  /// remembered. The endpoint is ours, or that of the peer that has opened it.
  std::uint64_t number(const Endpoint& end) const { return exchanges_.number(end); }

 private:
  std::span<const std::byte> whole(const ObservedFrame& frame);
  void begin(std::uint32_t place);
  void on_sent(const Segment& segment, Instant now);
  /// `joined`: the link may have made it of several.
  void on_received(Parsed parsed, const Segment& segment, bool joined, Instant now);
  void on_opened(const Segment& segment, Instant now);
  void add_isn(Seq isn, const Segment& segment, Instant now);
  void tell_of_host(const Broken& broken, const Segment& segment, Instant now);
  void tell(const Broken& broken, const Segment& segment, Instant now);
  void tell_of_silence(const Broken& broken, const Segment& ours, Instant now);

  Endpoint fixed_;                  // the end that all connections have
  const Guests* guests_ = nullptr;  // where peers open them
  Sink& sink_;
  Exchanges exchanges_;
  std::vector<Conversation> conversations_;  // each at the place of its exchange
  IsnHistory isns_;
  IpIds ip_ids_;
  std::vector<std::byte> whole_;  // a frame of several parts, put together
  std::uint64_t judged_ = 0;
};

}  // namespace conker::verdict
