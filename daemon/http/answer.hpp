// Answers of the HTTP server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "stack/base/time.hpp"

namespace conker::daemon {

/// Bytes that stay as long as somebody sends them.
class HttpText {
 public:
  HttpText() = default;
  /// A constant of the program.
  explicit HttpText(std::string_view constant) : bytes_(constant) {}
  explicit HttpText(const std::string&) = delete;  // use of(): it would not stay
  explicit HttpText(std::shared_ptr<const std::string> owned)
      : owned_(std::move(owned)), bytes_(*owned_) {}
  static HttpText of(std::string text) {
    return HttpText(std::make_shared<const std::string>(std::move(text)));
  }

  std::string_view bytes() const { return bytes_; }

 private:
  std::shared_ptr<const std::string> owned_;
  std::string_view bytes_;
};

struct HttpAnswer {
  /// How long the client may keep it.
  enum class Keep : std::uint8_t { kNot, kAsk, kDay };

  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";  // of the content
  HttpText content;
  Keep keep = Keep::kNot;
  bool stream = false;  // what follows is told as it happens, and has no length
};

/// The answer that something is wrong, in one line.
HttpAnswer http_error(int status);

/// The lines before the content, with the empty one behind them. `date`: Unix time in seconds.
std::string http_head(const HttpAnswer& answer, bool keep_alive, std::int64_t date);

/// What paths lead to.
class HttpSite {
 public:
  /// Called in turns of the stack.
  virtual HttpAnswer answer(std::string_view path, Instant now) = 0;
  /// What streams are told now.
  virtual HttpText event(Instant now) = 0;

 protected:
  ~HttpSite() = default;
};

}  // namespace conker::daemon
