// The site: the dashboard and its parts, what it is told each second, /metrics and /healthz.
#pragma once

#include <string>
#include <string_view>

#include "daemon/http/answer.hpp"
#include "daemon/http/facts.hpp"

namespace conker::daemon {

class Site final : public HttpSite {
 public:
  /// The facts walk all tables: however often they are asked for, they are taken anew only when
  /// they are older.
  static constexpr Duration kAge = 500ms;

  explicit Site(AskHttpFacts ask) : ask_(std::move(ask)) {}

  HttpAnswer answer(std::string_view path, Instant now) override;
  HttpText event(Instant now) override;

 private:
  /// A text that is made of the facts.
  struct Made {
    Instant at = Instant() - kAge;
    HttpText text;
  };
  const HttpText& health(Instant now);
  template <typename Make>
  const HttpText& make(Made& made, Instant now, Make&& of);

  AskHttpFacts ask_;
  Made metrics_, health_, event_;
  bool healthy_ = true;  // as health_ says
};

}  // namespace conker::daemon
