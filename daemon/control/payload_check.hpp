// What the payloads of a strike show of its target: a difference becomes a finding of the judge's
// kind, which names the cycle, the four-tuple and the place in the stream.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "protocol/payload.hpp"
#include "stack/strike/payloads.hpp"
#include "stack/verdict/judge.hpp"

namespace conker::daemon {

class PayloadCheck final : public Payloads::Sink {
 public:
  using OnFound = std::function<void(const verdict::Judge::Found&)>;

  /// The request must expect something.
  PayloadCheck(Stack& stack, const StrikeRequest& request, OnFound on_found);

  Strike::Dialogue& dialogue() { return payloads_; }
  protocol::PayloadsSent result() const;

 private:
  void on_difference(const Payloads::Difference& difference) override;

  Stack& stack_;
  std::vector<Payloads::Place> places_;
  Payloads payloads_;
  OnFound on_found_;
};

}  // namespace conker::daemon
