// The conversations on a wire: each host's side of each four-tuple (conversation.hpp). The observer
// bounds their number: it shows a segment only of conversations that it wants judged, and each is
// kept until forget().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/verdict/conversation.hpp"
#include "stack/verdict/rules.hpp"
#include "stack/verdict/segment.hpp"

namespace conker::verdict {

class Conversations {
 public:
  /// `contents` gives the expected bytes of every stream; null: they are not checked.
  explicit Conversations(Contents contents = nullptr) : contents_(contents) {}

  std::optional<Finding> on_sent(const Segment& segment, const Excuses& excuses = {});
  void on_received(const Segment& segment);
  /// Drops all state of a host, as after its crash.
  void forget(const IpAddress& host);
  /// One side of a conversation; `local` of the four-tuple is the host in question. Of one that was
  /// never seen nothing is known.
  const Conversation& side(const FourTuple& tuple) const;

 private:
  struct Hash {
    std::size_t operator()(const FourTuple& tuple) const;
  };

  Contents contents_;
  std::uint64_t segments_ = 0;  // number of segments so far
  std::unordered_map<FourTuple, Conversation, Hash> sides_;
};

}  // namespace conker::verdict
