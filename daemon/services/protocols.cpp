#include "daemon/services/protocols.hpp"

#include <time.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>

namespace conker::daemon {
namespace {

using config::ServiceKind;

/// Whether the peer has sent its FIN and everything before it has been read.
bool finished(const Stack& stack, ConnectionId id) {
  ConnectionInfo info;
  if (!stack.info(id, info) || info.receive_queue != 0) return false;
  return info.state == State::kCloseWait || info.state == State::kClosing || info.state == State::kLastAck ||
         info.state == State::kTimeWait;
}

void close_if_finished(Stack& stack, ConnectionId id) {
  if (finished(stack, id)) static_cast<void>(stack.close(id));
}

/// RFC 862. Nothing is taken from the receive queue that the send queue has no room for: a peer that does not
/// read is not read from either.
void echo(Stack& stack, ConnectionId id) {
  std::array<std::span<const std::byte>, 8> pieces;
  for (;;) {
    const auto count = stack.peek(id, pieces);
    if (!count || *count == 0) break;
    std::uint32_t moved = 0;
    bool full = false;
    for (std::uint32_t i = 0; i < *count && !full; ++i) {
      const auto sent = stack.send(id, pieces[i]);
      if (!sent) return;
      moved += *sent;
      full = *sent < pieces[i].size();
    }
    if (stack.consume(id, moved) != Error::kOk || full) return;
  }
  close_if_finished(stack, id);
}

/// RFC 863.
void discard(Stack& stack, ConnectionId id) {
  std::array<std::span<const std::byte>, 8> pieces;
  for (;;) {
    const auto count = stack.peek(id, pieces);
    if (!count || *count == 0) break;
    std::uint32_t bytes = 0;
    for (std::uint32_t i = 0; i < *count; ++i) bytes += static_cast<std::uint32_t>(pieces[i].size());
    if (stack.consume(id, bytes) != Error::kOk) return;
  }
  close_if_finished(stack, id);
}

/// RFC 867. Our side is shut down and not closed: whatever the peer sends meanwhile is thrown away, and does
/// not turn the answer into a reset.
void tell_time(Stack& stack, ConnectionId id) {
  const time_t now = ::time(nullptr);
  tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 64> text;
  const std::size_t length = ::strftime(text.data(), text.size(), "%A, %B %e, %Y %T-%Z\r\n", &local);
  static_cast<void>(stack.send(id, std::as_bytes(std::span(text).first(length))));
  static_cast<void>(stack.shutdown(id));
}

/// RFC 864: lines of 72 of the 95 printing characters, each line one further on; after 95 lines it is where
/// it began.
constexpr std::size_t kPrinting = 95, kColumns = 72, kLine = kColumns + 2, kPattern = kPrinting * kLine;

constexpr std::array<char, kPattern> make_pattern() {
  std::array<char, kPattern> pattern{};
  for (std::size_t line = 0; line < kPrinting; ++line) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      pattern[line * kLine + column] = static_cast<char>(' ' + (line + column) % kPrinting);
    }
    pattern[line * kLine + kColumns] = '\r';
    pattern[line * kLine + kColumns + 1] = '\n';
  }
  return pattern;
}

constexpr std::array<char, kPattern> kCharacters = make_pattern();

void generate(Stack& stack, ConnectionId id, ServiceCookie cookie) {
  const auto pattern = std::as_bytes(std::span(kCharacters));
  for (;;) {
    const auto rest = pattern.subspan(cookie.offset);
    const auto sent = stack.send(id, rest);
    if (!sent) return;
    cookie.offset = static_cast<std::uint16_t>((cookie.offset + *sent) % kPattern);
    if (*sent < rest.size()) break;
  }
  static_cast<void>(stack.set_cookie(id, cookie.pack()));
}

}  // namespace

void welcome(Stack& stack, ConnectionId id, ServiceKind kind) {
  if (kind == ServiceKind::kDaytime) tell_time(stack, id);
  // Bytes and even the FIN may have come before the connection was accepted.
  serve(stack, id, ServiceCookie{kind, 0});
}

void serve(Stack& stack, ConnectionId id, ServiceCookie cookie) {
  switch (cookie.kind) {
    case ServiceKind::kEcho:
      return echo(stack, id);
    case ServiceKind::kDaytime:
    case ServiceKind::kDiscard:
      return discard(stack, id);
    case ServiceKind::kChargen:
      discard(stack, id);
      return generate(stack, id, cookie);
    case ServiceKind::kAcceptClose:
      static_cast<void>(stack.close(id));
      return;
  }
}

}  // namespace conker::daemon
