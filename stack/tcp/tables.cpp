#include "stack/tcp/tables.hpp"

#include <algorithm>

namespace conker {

TcpTables::TcpTables(Arena& arena, const Capacities& capacities, const Settings& settings_of_stack,
                     const Entropy& entropy, Counters& counters_of_stack, ChunkPool& pool,
                     TimerWheel& timer_wheel, Network& below)
    : settings(settings_of_stack),
      counters(counters_of_stack),
      chunks(pool),
      wheel(timer_wheel),
      network(below),
      connections(arena, capacities),
      index(arena, capacities.connections),
      half_open(arena, capacities.half_open),
      time_wait(arena, capacities.time_wait, SipKey{entropy.words[0], entropy.words[1]}),
      listeners(arena, capacities.listeners),
      transitions(arena, capacities.transitions),
      pieces(arena.take<std::span<const std::byte>>(std::max<std::size_t>(capacities.pieces, 3))),
      demux_key{entropy.words[0], entropy.words[1]},
      isn_key{entropy.words[2], entropy.words[3]},
      port_key{entropy.words[4], entropy.words[5]} {
  for (const Use use : {Use::kReceive, Use::kSend, Use::kOutOfOrder}) chunks.open(use);
}

}  // namespace conker
