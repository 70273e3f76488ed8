#include "tests/bench/memory/pair.hpp"

#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "stack/tcp/tcp.hpp"

namespace conker::bench {
namespace {

constexpr Port kStrikePort{80};
constexpr std::uint16_t kIdlePorts =
    8000;  // the first port; so many connections of each address to one of them:
constexpr std::uint32_t kIdlePerPort = 20'000;
constexpr Duration kPatience = 50s;  // shorter than TIME-WAIT
constexpr IpAddress kRight = IpAddress::v4(10, 0, 0, 1);

/// The use of a connection: the token of both of its ends.
enum Kind : std::uint32_t { kStriking, kIdle };

IpAddress left_address(std::uint32_t index) {
  return IpAddress::v4((std::uint32_t{10} << 24 | 1u << 16) + index);
}

Entropy draw_entropy() {
  Entropy entropy;
  const auto bytes = std::as_writable_bytes(std::span(entropy.words));
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the system gives no random numbers");
  }
  return entropy;
}

daemon::Mapping make_storage(std::size_t bytes, bool huge_pages) {
  daemon::Mapping storage(bytes);
  if (huge_pages && ::madvise(storage.bytes().data(), bytes, MADV_HUGEPAGE) != 0) {
    throw std::runtime_error("the kernel gives no huge pages; leave --huge-pages out");
  }
  return storage;
}

std::uint32_t idle_port_count(const StrikeOptions& options) {
  return options.idle / options.addresses / kIdlePerPort + 1;
}

Capacities capacities(const StrikeOptions& options) {
  Capacities c;
  c.connections = options.flight * 4 + std::max(options.idle, options.room);
  c.compact = c.connections;
  c.half_open = options.flight * 4;
  c.time_wait = 16;
  c.listeners = 1 + idle_port_count(options);
  c.neighbours = options.addresses + 1;
  c.addresses = options.addresses;
  c.interfaces = 1;
  c.chunks = 512;  // only packets that wait for a neighbour need them
  c.transitions = 256;
  return c;
}

void expect(Error error, const char* what) {
  if (error != Error::kOk) throw std::runtime_error(std::string(what) + ": " + to_string(error));
}

/// Connections that ended in another way than `wanted`, and opens that were refused.
std::uint64_t failures(const Counters& counters, Count wanted) {
  std::uint64_t failed = counters[Count::open_failed];
  for (const Count end : {Count::ended_closed, Count::ended_reset, Count::ended_aborted,
                          Count::ended_timed_out, Count::ended_refused, Count::ended_other}) {
    if (end != wanted) failed += counters[end];
  }
  return failed;
}

void check_audit(const Stack& stack, const char* which) {
  const Audit audit = stack.audit();
  if (audit.balanced()) return;
  throw std::runtime_error(std::string("the audit of the ") + which +
                           " stack does not balance: " + audit.fault);
}

}  // namespace

Host::Host(std::uint8_t number, const Capacities& capacities, std::size_t frames, bool huge_pages)
    : storage_(make_storage(Stack::storage_bytes(capacities), huge_pages)),
      link(frames),
      stack(storage_.bytes(), capacities, Settings{}, draw_entropy()),
      ipv4(stack.parts(), draw_entropy()) {
  stack.begin(clock_now());
  const auto interface = stack.add_interface(link, MacAddress{{0x02, 0, 0, 0, 0, number}}, 1500);
  if (!interface) expect(interface.error(), "interface");
}

Capacities Pair::left_capacities(const StrikeOptions& options) {
  Capacities c = capacities(options);
  c.time_wait = options.time_wait;
  return c;
}

Capacities Pair::right_capacities(const StrikeOptions& options) {
  return capacities(options);
}

Pair::Pair(const StrikeOptions& options)
    : options_(options),
      left_(1, left_capacities(options), options.flight * 4 + kBatch, options.huge_pages),
      right_(2, right_capacities(options), options.flight * 4 + kBatch, options.huge_pages) {
  left_.link.join(right_.link);
  right_.link.join(left_.link);
  expect(right_.stack.add_address({}, {kRight, 8}), "address");
  for (std::uint32_t i = 0; i < options.addresses; ++i) {
    addresses_.push_back(left_address(i));
    expect(left_.stack.add_address({}, {addresses_.back(), 8}), "address");
  }
  const auto listen = [&](Port port, std::uint32_t kind) {
    const auto listener = right_.stack.listen({.local = {{}, port},
                                               .backlog = options.flight * 4,
                                               .half_open = options.flight * 4,
                                               .token = Token(kind)});
    if (!listener) expect(listener.error(), "listen");
  };
  listen(kStrikePort, kStriking);
  for (std::uint32_t i = 0; i < idle_port_count(options); ++i) {
    listen(Port{static_cast<std::uint16_t>(kIdlePorts + i)}, kIdle);
  }
  resolve_neighbours();
}

// Resolves the neighbours first: else the first connections' SYNs would wait in the neighbours'
// queues, which drop what they have no room for.
void Pair::resolve_neighbours() {
  for (const IpAddress& address : addresses_) {
    expect(right_.stack.ping(address, 1, 1, {}), "ping");
    for (int i = 0; i < 4; ++i) turn([] {});
  }
}

template <typename Open>
void Pair::turn(Open&& open) {
  now_ = clock_now();
  left_.turn(
      now_,
      [&](const Event& event) {
        if (event.has(Event::kConnected)) {
          if (event.token == Token(kIdle)) {
            --idle_under_way_;
          } else {
            (void)(options_.close == Close::kReset ? left_.stack.abort(event.connection)
                                                   : left_.stack.close(event.connection));
          }
        }
        if (event.has(Event::kClosed)) ++(event.token == Token(kIdle) ? idle_ended_ : ended_);
      },
      open);
  right_.turn(
      now_,
      [&](const Event& event) {
        if (!event.has(Event::kAcceptable)) return;
        for (auto id = right_.stack.accept(event.listener); id;
             id = right_.stack.accept(event.listener)) {
          if (event.token == Token(kStriking)) (void)right_.stack.close(*id);
        }
      },
      [] {});
}

bool Pair::connect(std::uint16_t port, std::uint32_t kind) {
  const IpAddress& local = addresses_[next_address_];
  if (++next_address_ == addresses_.size()) next_address_ = 0;
  return static_cast<bool>(left_.stack.connect(
      {.remote = {kRight, Port{port}}, .local = local, .local_port = {}, .token = Token(kind)}));
}

void Pair::open_strikes() {
  while (begun_ - ended_ < options_.flight && connect(kStrikePort.value, kStriking)) ++begun_;
}

void Pair::strike(Instant end) {
  do {
    turn([this] { open_strikes(); });
  } while (now_ < end);
}

void Pair::fill_time_wait() {
  const Instant give_up = clock_now() + kPatience;
  while (left_.stack.tcp().time_wait_count() < options_.time_wait) {
    turn([this] { open_strikes(); });
    if (now_ < give_up) continue;
    throw std::runtime_error("the first records in TIME-WAIT end before there are " +
                             std::to_string(options_.time_wait) + "; give a smaller --time-wait");
  }
}

void Pair::open_idle() {
  const Instant give_up = clock_now() + kPatience;
  std::uint32_t opened = 0;
  const auto open = [&] {
    for (; opened < options_.idle && idle_under_way_ < options_.flight;
         ++opened, ++idle_under_way_) {
      const auto port =
          static_cast<std::uint16_t>(kIdlePorts + opened / options_.addresses / kIdlePerPort);
      if (!connect(port, kIdle)) return;
    }
  };
  while (opened < options_.idle || idle_under_way_ != 0) {
    turn(open);
    if (now_ >= give_up)
      throw std::runtime_error("the idle connections take too long; give a smaller --idle");
  }
}

void Pair::warm_up() {
  open_idle();
  if (options_.warm_until_full) {
    fill_time_wait();
  } else {
    strike(clock_now() + 1s);
  }
}

Tally Pair::tally() const {
  const bool reset = options_.close == Close::kReset;
  const Counters& left = left_.stack.counters();
  const Counters& right = right_.stack.counters();
  const Count wanted = reset ? Count::ended_aborted : Count::ended_closed;
  return {
      left[wanted],
      failures(left, wanted) + failures(right, reset ? Count::ended_reset : Count::ended_closed),
      left[Count::time_wait_evicted], left[Count::time_wait_reused]};
}

void Pair::check() const {
  if (idle_ended_ != 0)
    throw std::runtime_error(std::to_string(idle_ended_) + " idle connections ended");
  check_audit(left_.stack, "left");
  check_audit(right_.stack, "right");
}

}  // namespace conker::bench
