// Measures the stack by itself, without a kernel: its inner loops, and whole connections between
// two stacks in memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "stack/base/checksum.hpp"
#include "stack/base/siphash.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/stack.hpp"

namespace conker {
namespace {

void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) {
    Checksum sum;
    sum.add(bytes);
    benchmark::DoNotOptimize(sum.finish());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum)->Arg(20)->Arg(1460)->Arg(65536);

void siphash_of_a_four_tuple(benchmark::State& state) {
  std::array<std::uint64_t, 5> words{1, 2, 3, 4, 5};
  for (auto _ : state) {
    benchmark::DoNotOptimize(siphash13(SipKey{6, 7}, words));
    ++words[0];
  }
}
BENCHMARK(siphash_of_a_four_tuple);

/// One end of a wire in memory: frames sent at one end are received at the other with its next
/// batch.
class WireEnd final : public Link {
 public:
  void join(WireEnd& other) { other_ = &other; }

  std::size_t receive(std::span<FrameIn> batch, Instant) override {
    reading_.clear();
    std::swap(reading_, arrived_);
    const std::size_t n = std::min(batch.size(), reading_.size());
    for (std::size_t i = 0; i < n; ++i) batch[i] = {reading_[i].view(), ChecksumState::kUnknown};
    return n;
  }

  bool send(const FrameOut& frame, Instant) override {
    if (other_->arrived_.size() == kRoom) return false;
    Frame& copy = other_->arrived_.emplace_back();
    for (const auto part : frame.parts) {
      std::memcpy(copy.bytes.data() + copy.size, part.data(), part.size());
      copy.size += part.size();
    }
    return true;
  }

 private:
  static constexpr std::size_t kRoom = 256;
  struct Frame {
    std::array<std::byte, 1514> bytes;
    std::size_t size = 0;
    std::span<const std::byte> view() const { return std::span(bytes).first(size); }
  };
  WireEnd* other_ = nullptr;
  std::vector<Frame> arrived_, reading_;
};

/// A stack with its storage and link.
struct Host {
  Host(std::uint8_t number, const Capacities& capacities) {
    const std::size_t need = Stack::storage_bytes(capacities);
    storage.reset(new (std::align_val_t{16}) std::byte[need]());
    Entropy entropy;
    entropy.words.fill(number * 0x9e3779b97f4a7c15u);
    stack =
        std::make_unique<Stack>(std::span(storage.get(), need), capacities, Settings{}, entropy);
    ipv4.emplace(stack->parts(), entropy);
    const auto interface = stack->add_interface(link, MacAddress{{0x02, 0, 0, 0, 0, number}}, 1500);
    address = IpAddress::v4(10, 0, 0, number);
    if (!interface || stack->add_address(*interface, {address, 24}) != Error::kOk) std::abort();
  }

  template <typename OnEvent>
  void turn(Instant now, OnEvent on_event) {
    stack->begin(now);
    std::array<FrameIn, 256> batch;
    const std::size_t n = link.receive(batch, now);
    stack->input(InterfaceId{}, std::span(batch).first(n));
    stack->timers();
    Event event;
    while (stack->next_event(event)) on_event(event);
    stack->output();
    stack->reap();
  }

  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{16}); }
  };
  WireEnd link;
  std::unique_ptr<std::byte[], Free> storage;
  std::unique_ptr<Stack> stack;
  std::optional<Ipv4> ipv4;
  IpAddress address;
};

/// Connections opened and closed by the left stack and accepted and closed by the right one, 32 in
/// flight.
void cycles(benchmark::State& state) {
  const bool reset = state.range(0) != 0;
  Capacities capacities;
  capacities.connections = 1024;
  capacities.time_wait = 16384;
  Host left(1, capacities), right(2, capacities);
  left.link.join(right.link);
  right.link.join(left.link);
  Instant now{};
  left.stack->begin(now);
  right.stack->begin(now);
  const ConnectRequest request{.remote = {right.address, Port{80}}, .local = {}, .local_port = {}};
  const auto listener = right.stack->listen({.local = {{}, Port{80}}});
  if (!listener) return state.SkipWithError("listen");

  std::uint64_t live = 0, done = 0, wanted = 0;
  const auto on_left = [&](const Event& event) {
    if (event.has(Event::kConnected)) {
      (void)(reset ? left.stack->abort(event.connection) : left.stack->close(event.connection));
    }
    if (event.has(Event::kClosed)) {
      --live;
      ++done;
    }
  };
  const auto on_right = [&](const Event& event) {
    if (event.has(Event::kAcceptable)) {
      for (auto id = right.stack->accept(event.listener); id;
           id = right.stack->accept(event.listener)) {
        (void)right.stack->close(*id);
      }
    }
  };
  for (auto _ : state) {
    ++wanted;  // one turn may end several connections
    while (done < wanted) {
      now += 10us;
      left.stack->begin(now);
      while (live < 32 && left.stack->connect(request)) ++live;
      left.turn(now, on_left);
      right.turn(now, on_right);
    }
  }
  state.SetItemsProcessed(state.iterations());
  if (!left.stack->audit().balanced()) state.SkipWithError(left.stack->audit().fault);
  if (!right.stack->audit().balanced()) state.SkipWithError(right.stack->audit().fault);
}
BENCHMARK(cycles)->ArgName("reset")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace conker

BENCHMARK_MAIN();
