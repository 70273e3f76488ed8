// Quiescing: ends all connections, after which nothing may be left. And a world's state as text.
#include "stack/tcp/tcp.hpp"
#include "tests/explore/world.hpp"

namespace conker::explore {

void World::quiesce(const Action& how) {
  constexpr int kMostTurns = 64;
  ledger_->link_busy = wire_.busy = false;
  if (ledger_->listening) act({.verb = Verb::kUnlisten});
  for (const Ledger::Held& held : ledger_->held) {
    if (!held.open) continue;
    static_cast<void>(how.verb == Verb::kQuiesceByAbort ? stack_->abort(held.id)
                                                        : stack_->close(held.id));
  }
  for (int i = 0; i < kMostTurns && complaint_ == nullptr; ++i) {
    act({.verb = Verb::kTurn});
    const bool more = stack_->next_deadline() != kNever;
    if (more) go_on();
    if (!more && !stack_->wants_turn()) break;
  }
  if (complaint_ != nullptr) return;
  const Audit audit = stack_->audit();
  if (!audit.balanced()) return complain(audit.fault);
  if (stack_->next_deadline() != kNever) complain("quiesced, and a timer is still armed");
  if (audit.live != 0) complain("quiesced, and a connection still lives");
  if (audit.half_open != 0) complain("quiesced, and a handshake is still half open");
  if (audit.time_wait != 0) complain("quiesced, and a TIME-WAIT is still there");
  if (audit.chunks_held != 0) complain("quiesced, and chunks are still held");
  if (stack_->tcp().connection_count() != 0) complain("quiesced, and a slot is still taken");
  if (stack_->counters()[Count::reaped] != audit.opened)
    complain("reaped are not as many as were opened");
  for (const Ledger::Held& held : ledger_->held) {
    if (held.open) complain("quiesced, and an application was never told of an end");
  }
}

std::string World::describe() const {
  const TcpTables& t = stack_->tcp().tables();
  std::string text;
  for (std::uint32_t slot = 0; slot < t.connections.end(); ++slot) {
    if (!t.connections.live(slot)) continue;
    const Connection& c = t.connections[slot];
    text += text.empty() ? "" : "; ";
    text += std::to_string(slot) + '.' + std::to_string(t.connections.id(slot).generation) + ' ' +
            to_string(c.state) + " with peer " + std::to_string(peer_of(c.tuple));
    if (c.application.closed) text += ", closed";
    if (c.listed.accept_queue) text += ", waits for accept";
    if (c.listed.dirty) text += ", dirty";
    if (c.listed.ready) text += ", has events";
    if (c.listed.reap) text += ", to be reaped";
  }
  const auto add = [&](std::uint32_t n, const char* what) {
    if (n > 0) text += (text.empty() ? "" : "; ") + std::to_string(n) + what;
  };
  add(stack_->tcp().half_open_count(), " half open");
  add(stack_->tcp().time_wait_count(), " in TIME-WAIT");
  add(stack_->tcp().listener_count(), " listening");
  return text.empty() ? "nothing" : text;
}

}  // namespace conker::explore
