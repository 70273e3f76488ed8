// Handshakes without memory (RFC 4987, 3.6): what a half-open record would hold travels in our
// sequence number and timestamp, and comes back with the last ACK. An object that the embedder
// hands to Stack::use(); who does not has none of this code.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/siphash.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/negotiated_options.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// What TCP asks when it has no room for a half-open record.
class Cookies {
 public:
  /// The initial sequence number that answers a SYN. What of `negotiated` cannot be kept is taken
  /// back; the rest is kept in `timestamp`, the one of the SYN-ACK, which may go back by some ticks
  /// for that.
  virtual Seq make(const FourTuple& tuple, Seq irs, NegotiatedOptions& negotiated,
                   std::uint32_t& timestamp, Instant now) = 0;
  /// Whether make() was called so lately that a last ACK may still come.
  virtual bool expected(Instant now) const = 0;
  /// What was agreed upon, if make() gave `iss` to this peer lately; `echo` are the timestamps of
  /// its last ACK.
  virtual std::optional<NegotiatedOptions> check(const FourTuple& tuple, Seq irs, Seq iss,
                                                 const std::optional<TcpTimestamps>& echo,
                                                 Instant now) const = 0;

 protected:
  ~Cookies() = default;
};

/// Cookies that a peer cannot forge: 5 bits of time, 3 bits for the MSS, 24 bits of a keyed hash
/// over these, the four-tuple, the peer's number and the time in full, so that each is good for one
/// to two minutes only.
class SynCookies final : public Cookies {
 public:
  /// The key must be unpredictable to peers.
  explicit SynCookies(const SipKey& key) : key_(key) {}

  Seq make(const FourTuple& tuple, Seq irs, NegotiatedOptions& negotiated, std::uint32_t& timestamp,
           Instant now) override;
  bool expected(Instant now) const override;
  std::optional<NegotiatedOptions> check(const FourTuple& tuple, Seq irs, Seq iss,
                                         const std::optional<TcpTimestamps>& echo,
                                         Instant now) const override;

 private:
  std::uint32_t seal(const FourTuple& tuple, Seq irs, std::uint32_t period,
                     std::uint32_t mss) const;

  SipKey key_;
  std::optional<std::uint32_t> last_;  // the period in which the last was made
};

}  // namespace conker
