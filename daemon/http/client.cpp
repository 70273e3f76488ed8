#include "daemon/http/client.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <span>

namespace conker::daemon {
namespace {

constexpr Duration kAnswerWithin = 60s, kStalledStream = 20s, kLeaveWithin = 5s, kCloseWithin = 10s;
/// Answers in one go, and the pause after them: many requests in one segment are not answered at
/// the expense of others.
constexpr int kAnswersAtOnce = 8;
constexpr Duration kPause = 2ms;
constexpr std::size_t kHttpPieces = 8;

}  // namespace

HttpClient::HttpClient(HttpCommon& common, ConnectionId id, const IpAddress& address)
    : common_(common), id_(id), address_(address) {
  begin_request(common.config.request_timeout);
}

void HttpClient::enter(Phase phase, Duration most) {
  phase_ = phase;
  due_ = now() + most;
}

void HttpClient::begin_request(Duration most) {
  awaited_since_ = now();
  enter(Phase::kAwaited, most);
}

void HttpClient::serve() {
  again_ = kNever;
  for (int answers = 0; !gone();) {
    if (!send()) return;
    switch (phase_) {
      case Phase::kAwaited:
      case Phase::kReading:
        if (answers++ == kAnswersAtOnce) {
          again_ = now() + kPause;
          return;
        }
        if (!read()) return;
        answer();
        break;
      case Phase::kAnswering:
        if (!keep_alive_) {
          leave();
          break;
        }
        reader_.next();
        first_ = false;
        begin_request(common_.config.idle_timeout);
        break;
      case Phase::kStreaming:
        due_ = kNever;
        if (peer_is_done()) close();
        return;
      case Phase::kLeaving:
        return drain();
      case Phase::kGone:
        return;
    }
  }
}

void HttpClient::step() {
  if (due_ <= now()) return overdue();
  if (again_ <= now()) serve();
}

/// The phase has lasted as long as it may.
void HttpClient::overdue() {
  switch (phase_) {
    case Phase::kAwaited:
      if (first_) ++common_.counters.slow_requests;
      return close();
    case Phase::kReading:
      ++common_.counters.slow_requests;
      ++common_.counters.errors;
      keep_alive_ = false;
      put(http_error(408), true);
      return serve();
    case Phase::kAnswering:
    case Phase::kStreaming:
      ++common_.counters.unread;
      return reset();
    case Phase::kLeaving:
      return reset();
    case Phase::kGone:
      return;
  }
}

// ---- Requests ----

bool HttpClient::peer_is_done() const {
  const auto unread = common_.stack.unread(id_);
  return !unread || (unread->fin_received && unread->bytes == 0);
}

/// Reads what has come; whether a request is complete, or bad.
bool HttpClient::read() {
  std::array<std::span<const std::byte>, kHttpPieces> pieces;
  while (reader_.state() == RequestReader::State::kIncomplete) {
    const auto count = common_.stack.peek(id_, pieces);
    if (!count || *count == 0) {
      if (!count || peer_is_done()) close();
      return false;
    }
    std::size_t used = 0;
    for (const auto& piece : std::span(pieces).first(*count)) {
      const std::size_t taken = reader_.take(piece);
      used += taken;
      if (reader_.state() != RequestReader::State::kIncomplete) break;
    }
    static_cast<void>(common_.stack.consume(id_, static_cast<std::uint32_t>(used)));
    if (phase_ == Phase::kAwaited) enter(Phase::kReading, common_.config.request_timeout);
  }
  return true;
}

void HttpClient::answer() {
  protocol::HttpCounters& counters = common_.counters;
  const HttpRequest& request = reader_.request();
  const bool bad = reader_.state() == RequestReader::State::kBad;
  ++(bad ? counters.bad_requests : counters.requests);
  HttpAnswer answer;
  if (bad) {
    answer = http_error(reader_.status());
  } else if (request.method == HttpRequest::Method::kOther) {
    answer = http_error(405);
  } else {
    answer = common_.site.answer(request.path, now());
    if (answer.stream && counters.streams >= common_.config.streams) answer = http_error(503);
  }
  if (answer.status >= 400) ++counters.errors;
  const bool with_content = bad || request.method != HttpRequest::Method::kHead;
  keep_alive_ = !bad && request.keep_alive && !answer.stream;
  put(answer, with_content);
  if (answer.stream && with_content) {
    phase_ = Phase::kStreaming;
    ++counters.streams;
    ++counters.events;
  }
}

// ---- Answers ----

void HttpClient::put(const HttpAnswer& answer, bool with_content) {
  head_ = http_head(answer, keep_alive_, std::time(nullptr));
  content_ = with_content ? answer.content : HttpText();
  sent_ = 0;
  enter(Phase::kAnswering, kAnswerWithin);
}

void HttpClient::tell(const HttpText& event) {
  if (!send()) {
    ++common_.counters.events_skipped;
    return;
  }
  ++common_.counters.events;
  content_ = event;
  due_ = now() + kStalledStream;
  serve();
}

/// Hands over what is to be sent, as far as the client may hold it; whether all of it is.
bool HttpClient::send() {
  while (sent_ < head_.size() + content_.bytes().size()) {
    ConnectionInfo info;
    if (!common_.stack.info(id_, info)) {
      close();
      return false;
    }
    const std::uint32_t room = kMostHeld - std::min(kMostHeld, info.send_queue);
    const std::string_view rest = sent_ < head_.size()
                                      ? std::string_view(head_).substr(sent_)
                                      : content_.bytes().substr(sent_ - head_.size());
    const auto taken = common_.stack.send(
        id_, std::as_bytes(std::span(rest)).first(std::min<std::size_t>(room, rest.size())));
    if (!taken) {
      close();
      return false;
    }
    if (*taken == 0) {
      again_ = now() + kPause;
      return false;
    }
    sent_ += *taken;
    common_.counters.bytes_out += *taken;
  }
  head_.clear();
  content_ = HttpText();
  sent_ = 0;
  return true;
}

// ---- The end ----

/// Sends our FIN, and waits for the peer's: a RST, in answer to what it still sends, could overtake
/// the answer (RFC 9112, 9.6).
void HttpClient::leave() {
  if (common_.stack.shutdown(id_) != Error::kOk) return close();
  enter(Phase::kLeaving, kLeaveWithin);
}

void HttpClient::drain() {
  std::array<std::span<const std::byte>, kHttpPieces> pieces;
  for (;;) {
    const auto count = common_.stack.peek(id_, pieces);
    if (!count || *count == 0) break;
    std::size_t bytes = 0;
    for (const auto& piece : std::span(pieces).first(*count)) bytes += piece.size();
    static_cast<void>(common_.stack.consume(id_, static_cast<std::uint32_t>(bytes)));
  }
  if (peer_is_done()) close();
}

void HttpClient::reset() {
  if (streaming()) --common_.counters.streams;
  phase_ = Phase::kGone;
  static_cast<void>(common_.stack.abort(id_));
}

void HttpClient::close() {
  if (streaming()) --common_.counters.streams;
  phase_ = Phase::kGone;
  static_cast<void>(common_.stack.close(id_, kCloseWithin));
}

}  // namespace conker::daemon
