#include "daemon/http/request.hpp"

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace conker::daemon {
namespace {

namespace http = boost::beast::http;

int status_for(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::bad_version) return 505;
  return 400;
}

HttpRequest::Method method_of(http::verb verb) {
  if (verb == http::verb::get) return HttpRequest::Method::kGet;
  if (verb == http::verb::head) return HttpRequest::Method::kHead;
  return HttpRequest::Method::kOther;
}

/// The path of a target (RFC 9112, 3.2), which may have an authority before it.
std::string path_of(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && !target.starts_with('/')) {
    const std::size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return std::string(target.substr(0, target.find('?')));
}

}  // namespace

struct RequestReader::Parser {
  Parser() { begin(); }
  void begin() {
    one.emplace();
    one->header_limit(kMaxBytes);
    one->body_limit(UINT64_MAX);  // no body is read
  }

  std::optional<http::request_parser<http::empty_body>> one;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}

RequestReader::~RequestReader() = default;

std::size_t RequestReader::take(std::span<const std::byte> bytes) {
  const std::size_t before = held_.size();
  const std::size_t taken = std::min(bytes.size(), kMaxBytes - parsed_ - before);
  held_.append(reinterpret_cast<const char*>(bytes.data()), taken);
  boost::beast::error_code error;
  const std::size_t used = parser_->one->put(boost::asio::buffer(held_), error);
  if (error == http::error::need_more) {
    held_.erase(0, used);
    parsed_ += used;
    if (parsed_ + held_.size() == kMaxBytes) bad(431);
    return taken;
  }
  // A body that follows is none of the head's errors.
  if (error && error != http::error::unexpected_body) {
    bad(status_for(error));
    return taken;
  }
  finish();
  // What was there before was less than the request.
  return used > before ? used - before : 0;
}

void RequestReader::finish() {
  const auto& head = parser_->one->get();
  request_.method = method_of(head.method());
  if (!parser_->one->is_done())
    return bad(request_.method == HttpRequest::Method::kOther ? 405 : 413);
  // RFC 9112, 3.2: exactly one Host, unless the version is 1.0.
  const std::size_t hosts = head.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() >= 11)) return bad(400);
  request_.path = path_of({head.target().data(), head.target().size()});
  request_.keep_alive = head.keep_alive();
  state_ = State::kComplete;
  held_.clear();
}

void RequestReader::bad(int status) {
  state_ = State::kBad;
  status_ = status;
  held_.clear();
}

void RequestReader::next() {
  parser_->begin();
  held_.clear();
  parsed_ = 0;
  state_ = State::kIncomplete;
}

}  // namespace conker::daemon
