#include "daemon/http/answer.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace conker::daemon {
namespace {

struct StatusText {
  int status;
  std::string_view reason, advice;
};

constexpr StatusText kStatusTexts[]{
    {200, "OK", ""},
    {400, "Bad Request", "this is no request of HTTP/1.1"},
    {404, "Not Found", "there is nothing: / /metrics /healthz are here"},
    {405, "Method Not Allowed", "only GET and HEAD are answered"},
    {408, "Request Timeout", "the request was not complete in time"},
    {413, "Content Too Large", "a request may have no body"},
    {431, "Request Header Fields Too Large", "a request may have 8 KiB"},
    {503, "Service Unavailable", "too many pages are open: try again later"},
    {505, "HTTP Version Not Supported", "only HTTP/1.1 and 1.0 are answered"},
};

const StatusText& text_of(int status) {
  for (const StatusText& text : kStatusTexts) {
    if (text.status == status) return text;
  }
  return text_of(400);
}

std::string_view caching(HttpAnswer::Keep keep) {
  switch (keep) {
    case HttpAnswer::Keep::kNot:
      return "no-store";
    case HttpAnswer::Keep::kAsk:
      return "no-cache";
    case HttpAnswer::Keep::kDay:
      return "max-age=86400";
  }
  return "";
}

/// What keeps a page to itself: nothing from elsewhere in it, and it in no frame of elsewhere.
constexpr std::string_view kProtection =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

}  // namespace

HttpAnswer http_error(int status) {
  HttpAnswer answer;
  answer.status = status;
  answer.content = HttpText::of(fmt::format("{}\n", text_of(status).advice));
  return answer;
}

std::string http_head(const HttpAnswer& answer, bool keep_alive, std::int64_t date) {
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %T} GMT\r\nServer: conker\r\n", answer.status,
      text_of(answer.status).reason, fmt::gmtime(static_cast<std::time_t>(date)));
  if (answer.status == 405) head += "Allow: GET, HEAD\r\n";
  if (answer.status == 503) head += "Retry-After: 10\r\n";
  head +=
      fmt::format("Content-Type: {}\r\nCache-Control: {}\r\n", answer.type, caching(answer.keep));
  head += kProtection;
  if (!answer.stream) head += fmt::format("Content-Length: {}\r\n", answer.content.bytes().size());
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace conker::daemon
