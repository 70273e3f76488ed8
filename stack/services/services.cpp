#include "stack/services/services.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace conker::services {
namespace {

/// Whether the peer has sent its FIN and everything before it has been read.
bool finished(const Stack& stack, ConnectionId id) {
  const auto unread = stack.unread(id);
  return unread && unread->bytes == 0 && unread->fin_received;
}

void close_if_finished(Stack& stack, ConnectionId id) {
  if (finished(stack, id)) static_cast<void>(stack.close(id));
}

/// The pattern: lines of 72 of the 95 printing characters, each line one character further on; it
/// repeats after 95 lines.
constexpr std::size_t kPrinting = 95, kColumns = 72, kLine = kColumns + 2,
                      kPattern = kPrinting * kLine;

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

}  // namespace

// Moves from the receive queue only what the send queue has room for: the peer's window stays
// closed while it does not read.
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

void discard(Stack& stack, ConnectionId id) {
  std::array<std::span<const std::byte>, 8> pieces;
  for (;;) {
    const auto count = stack.peek(id, pieces);
    if (!count || *count == 0) break;
    std::uint32_t bytes = 0;
    for (std::uint32_t i = 0; i < *count; ++i)
      bytes += static_cast<std::uint32_t>(pieces[i].size());
    if (stack.consume(id, bytes) != Error::kOk) return;
  }
  close_if_finished(stack, id);
}

std::uint16_t chargen(Stack& stack, ConnectionId id, std::uint16_t offset) {
  const auto pattern = std::as_bytes(std::span(kCharacters));
  for (;;) {
    const auto rest = pattern.subspan(offset % kPattern);
    const auto sent = stack.send(id, rest);
    if (!sent) return offset;
    offset = static_cast<std::uint16_t>((offset + *sent) % kPattern);
    if (*sent < rest.size()) return offset;
  }
}

}  // namespace conker::services
