// SYN cookies (RFC 4987, 3.6): the contents of a half-open record travel in the ISS and the
// timestamp of the SYN-ACK, and return with the last ACK. An object for Stack::use(); an image that
// does not name it does not link it.
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

/// The interface that TCP uses when it has no room for a half-open record.
class Cookies {
 public:
  /// Returns the ISS that answers a SYN. Options that cannot be kept are removed from `negotiated`;
  /// the others are encoded in `timestamp`, that of the SYN-ACK, which may go back by some ticks
  /// for that.
  virtual Seq make(const FourTuple& tuple, Seq irs, NegotiatedOptions& negotiated,
                   std::uint32_t& timestamp, Instant now) = 0;
  /// Whether make() was called so lately that a last ACK may still arrive.
  virtual bool expected(Instant now) const = 0;
  /// The negotiated options, if make() returned `iss` for this peer lately; `echo` are the
  /// timestamps of its last ACK.
  virtual std::optional<NegotiatedOptions> check(const FourTuple& tuple, Seq irs, Seq iss,
                                                 const std::optional<TcpTimestamps>& echo,
                                                 Instant now) const = 0;

 protected:
  ~Cookies() = default;
};

/// Cookies that a peer cannot forge: 5 bits of time, 3 bits for the MSS, 24 bits of a keyed hash
/// over these, the four-tuple, the peer's ISS and the full time, so that each is valid for one to
/// two minutes only.
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
  std::optional<std::uint32_t> last_;  // the period of the last cookie
};

}  // namespace conker
