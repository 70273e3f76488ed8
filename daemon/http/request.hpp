// Requests of HTTP/1.1 (RFC 9112), read from the bytes of a connection by Boost.Beast's parser,
// which only request.cpp knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace conker::daemon {

struct HttpRequest {
  enum class Method : std::uint8_t { kGet, kHead, kOther };

  Method method = Method::kOther;
  std::string path;         // without authority and query
  bool keep_alive = false;  // whether the client wants to send another one
};

class RequestReader {
 public:
  /// The most bytes that a request may have, all of which are its head.
  static constexpr std::size_t kMaxBytes = std::size_t{8} * 1024;

  enum class State : std::uint8_t { kIncomplete, kComplete, kBad };

  RequestReader();
  ~RequestReader();

  /// Takes bytes up to the end of a request; returns how many. Never throws, whatever they are.
  /// Only while it is incomplete.
  std::size_t take(std::span<const std::byte> bytes);
  State state() const { return state_; }
  /// Whether nothing of a request was taken yet.
  bool empty() const { return held_.empty() && parsed_ == 0 && state_ == State::kIncomplete; }
  /// The request, when it is complete.
  const HttpRequest& request() const { return request_; }
  /// Of a bad one: the status that says so, 400 to 505.
  int status() const { return status_; }
  /// Forgets the request, and begins with the next one.
  void next();

 private:
  struct Parser;

  void bad(int status);
  void finish();

  std::unique_ptr<Parser> parser_;
  std::string held_;        // of an incomplete request, what is not parsed yet
  std::size_t parsed_ = 0;  // bytes of it before that
  HttpRequest request_;
  State state_ = State::kIncomplete;
  int status_ = 0;
};

}  // namespace conker::daemon
