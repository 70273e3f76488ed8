// The judge, tried on the device (tests/e2e/peers): a strike in memory, on virtual time, against a
// TCP that breaks one rule in one connection of fifty. The judge must find that rule and no other,
// and nothing where the device is right.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/link/observed.hpp"
#include "stack/strike/payloads.hpp"
#include "stack/strike/probes.hpp"
#include "stack/strike/strike.hpp"
#include "stack/verdict/judge.hpp"
#include "tests/e2e/peers/device.hpp"
#include "tests/support/storage.hpp"

namespace conker {
namespace {

using device::Device;
using device::Fault;
using verdict::Rule;

constexpr Endpoint kDevice{IpAddress::v4(10, 0, 0, 2), Port{9000}};
constexpr std::array<std::byte, 9> kPayload{};
constexpr std::array<std::byte, 16384> kFilling{};
constexpr MacAddress kHostMac{{2, 0, 0, 0, 0, 1}}, kDeviceMac{{2, 0, 0, 0, 0, 2}};

/// A link to the device: frames take 50 us, and none is lost.
class DeviceLink final : public Link {
 public:
  explicit DeviceLink(const Device::Options& options) : device_(options) {}

  std::size_t receive(std::span<FrameIn> batch, Instant now) override {
    given_.clear();
    while (given_.size() < batch.size() && !to_host_.empty() && to_host_.front().arrives <= now) {
      given_.push_back(std::move(to_host_.front().bytes));
      to_host_.pop_front();
    }
    for (std::size_t i = 0; i < given_.size(); ++i) batch[i] = {given_[i]};
    return given_.size();
  }
  bool send(const FrameOut& frame, Instant now) override {
    std::vector<std::byte> bytes;
    for (const auto part : frame.parts) bytes.insert(bytes.end(), part.begin(), part.end());
    to_device_.push_back({now + kDelay, std::move(bytes)});
    return true;
  }
  Instant next_deadline() const override {
    Instant next = device_.next_deadline();
    if (!to_host_.empty()) next = std::min(next, to_host_.front().arrives);
    if (!to_device_.empty()) next = std::min(next, to_device_.front().arrives);
    return next;
  }
  void run_device(Instant now) {
    while (!to_device_.empty() && to_device_.front().arrives <= now) {
      device_.on_frame(to_device_.front().bytes, now, *outbox_);
      to_device_.pop_front();
      deliver(now);
    }
    device_.on_time(now, *outbox_);
    deliver(now);
  }
  const Device& device() const { return device_; }

 private:
  static constexpr Duration kDelay = 50us;
  struct Flying {
    Instant arrives;
    std::vector<std::byte> bytes;
  };

  void deliver(Instant now) {
    for (std::size_t i = 0; i < outbox_->size(); ++i) {
      const auto frame = (*outbox_)[i];
      to_host_.push_back({now + kDelay, {frame.begin(), frame.end()}});
    }
    outbox_->clear();
  }

  Device device_;
  std::unique_ptr<device::Outbox> outbox_ = std::make_unique<device::Outbox>();
  std::deque<Flying> to_host_, to_device_;
  std::vector<std::vector<std::byte>> given_;
};

/// A host that strikes the device, with a judge at its link.
class Tribunal final : public verdict::Judge::Sink, public Payloads::Sink {
 public:
  explicit Tribunal(const Device::Options& options)
      : link_(options), observed_(link_), storage_(Stack::storage_bytes(kCapacities)) {
    stack_ = std::make_unique<Stack>(storage_.bytes(), kCapacities, Settings(),
                                     Entropy{{1, 2, 3, 4, 5, 6, 7, 8}});
    ipv4_.emplace(stack_->parts(), Entropy{{1, 2, 3, 4, 5, 6, 7, 8}});
    stack_->begin(now_);
    const auto interface = stack_->add_interface(observed_, kHostMac, 1500);
    EXPECT_EQ(stack_->add_address(*interface, {IpAddress::v4(10, 0, 0, 1), 24}), Error::kOk);
    probes_ = std::make_unique<Probes>(*stack_, &edits_);
    observed_.editors().add(edits_);
    observed_.observers().add(judge_);
  }

  /// Strikes until the cycles are done, and then waits for what comes late.
  StrikeReport strike(std::uint64_t cycles, StrikeRequest::Close close,
                      Expect expect = Expect::kNothing) {
    payloads_.emplace(*stack_, places_, expect, kPayload.size(), *this);
    strike_ =
        std::make_unique<Strike>(*stack_, slots_, ClientId{1}, nullptr, probes_.get(), &*payloads_);
    StrikeRequest request;
    request.expect = expect;
    request.target = kDevice;
    request.cycles = cycles;
    request.concurrency = 8;
    request.mix = Mix::only(close);
    request.payload = kPayload;
    request.filling = kFilling;
    EXPECT_EQ(strike_->start(request), Error::kOk);
    while (strike_->running()) turn(kNever);
    for (const Instant end = now_ + 2s; now_ < end;) turn(end);
    return strike_->report();
  }

  const Device& device() const { return link_.device(); }
  const verdict::Judge& judge() const { return judge_; }
  /// Findings by the names of their rules.
  const std::map<std::string, std::uint64_t>& found() const { return found_; }

 private:
  static constexpr Capacities kCapacities{.connections = 1024,
                                          .half_open = 16,
                                          .time_wait = 65536,
                                          .listeners = 4,
                                          .neighbours = 16,
                                          .addresses = 4,
                                          .interfaces = 1,
                                          .chunks = 64,
                                          .chunk_bytes = 2048,
                                          .transitions = 64};

  void on_finding(const verdict::Judge::Found& found) override {
    ++found_[verdict::info_of(found.finding.rule).name];
  }

  void on_difference(const Payloads::Difference& difference) override {
    using Kind = Payloads::Difference::Kind;
    const Rule rule = difference.kind == Kind::kByte   ? Rule::kEchoDiffers
                      : difference.kind == Kind::kMore ? Rule::kEchoBeyond
                                                       : Rule::kEchoShort;
    ++found_[verdict::info_of(rule).name];
  }

  void turn(Instant limit) {
    Instant next =
        std::min({limit, link_.next_deadline(), stack_->next_deadline(), strike_->next_deadline()});
    if (stack_->wants_turn()) next = now_;
    now_ = std::max(now_, next);
    link_.run_device(now_);
    stack_->begin(now_);
    std::array<FrameIn, 64> batch;
    for (std::size_t n; (n = observed_.receive(batch, now_)) != 0;)
      stack_->input(InterfaceId{0}, std::span(batch).first(n));
    stack_->timers();
    for (Event event; stack_->next_event(event);) strike_->on_event(event);
    strike_->step();
    stack_->output();
    stack_->reap();
  }

  Instant now_{1s};
  DeviceLink link_;
  ObservedLink observed_;
  test::Storage storage_;
  std::vector<Strike::Slot> slots_ = std::vector<Strike::Slot>(64);
  std::unique_ptr<Stack> stack_;
  std::optional<Ipv4> ipv4_;
  Edits edits_;
  std::unique_ptr<Probes> probes_;
  std::vector<Payloads::Place> places_ = std::vector<Payloads::Place>(64);
  std::optional<Payloads> payloads_;
  std::unique_ptr<Strike> strike_;
  verdict::Judge judge_{kDevice, 4096, *this};
  std::map<std::string, std::uint64_t> found_;
};

Device::Options options_of(const Fault* fault, std::uint32_t every) {
  return {.self = {kDeviceMac, kDevice.address.v4_bits()},
          .port = kDevice.port.value,
          .fault = fault,
          .every = every};
}

StrikeRequest::Close close_of(const Fault& fault) {
  return static_cast<StrikeRequest::Close>(*find_choice(choices_of(WayToClose{}), fault.close));
}

Expect expect_of(const Fault& fault) {
  return static_cast<Expect>(*find_choice(choices_of(Expect{}), fault.expect));
}

TEST(VerdictDeviceTest, NothingIsFoundInADeviceThatIsRight) {
  using Close = StrikeRequest::Close;
  for (const auto close :
       {Close::kFin, Close::kReset, Close::kResetOutside, Close::kResetInside, Close::kSynInside,
        Close::kAckBeyond, Close::kFinEarly, Close::kFinOverlap, Close::kReopen, Close::kSynSilence,
        Close::kWindowSmall, Close::kWindowShut, Close::kAckSilence, Close::kSynData}) {
    Tribunal tribunal(options_of(nullptr, 1));
    const StrikeReport report = tribunal.strike(20'000, close);
    EXPECT_EQ(report.completed(), 20'000u);
    EXPECT_EQ(report.retransmits, 0u);
    EXPECT_EQ(tribunal.device().connections(), 20'000u);
    EXPECT_GE(tribunal.judge().judged(), 20'000u);
    EXPECT_TRUE(tribunal.found().empty()) << tribunal.found().begin()->first;
  }
}

TEST(VerdictDeviceTest, AnEchoThatKeepsToSmallWindowsIsNotAccused) {
  using Close = StrikeRequest::Close;
  Device::Options options = options_of(nullptr, 1);
  options.echo = true;
  for (const auto close : {Close::kWindowSmall, Close::kWindowShut}) {
    Tribunal tribunal(options);
    const StrikeReport report = tribunal.strike(2'000, close);
    EXPECT_EQ(report.completed(), 2'000u);
    EXPECT_GE(tribunal.judge().judged(), 2'000u * 4) << "the echo comes in pieces";
    EXPECT_TRUE(tribunal.found().empty()) << tribunal.found().begin()->first;
  }
}

TEST(VerdictDeviceTest, DataOfASynMayBeTaken) {
  for (const bool echo : {false, true}) {
    Device::Options options = options_of(nullptr, 1);
    options.takes_syn_data = true;
    options.echo = echo;
    Tribunal tribunal(options);
    const StrikeReport report = tribunal.strike(2'000, StrikeRequest::Close::kSynData);
    EXPECT_EQ(report.completed(), 2'000u);
    EXPECT_EQ(report.retransmits, 0u);
    EXPECT_TRUE(tribunal.found().empty()) << tribunal.found().begin()->first;
  }
}

TEST(VerdictDeviceTest, OneThatClosesFirstIsNotAccused) {
  using Close = StrikeRequest::Close;
  Device::Options options = options_of(nullptr, 1);
  options.closes = true;
  for (const auto close :
       {Close::kPeerFirst, Close::kReopen, Close::kDataToClosed, Close::kFin, Close::kResetLate}) {
    Tribunal tribunal(options);
    const StrikeReport report = tribunal.strike(2'000, close);
    EXPECT_EQ(report.completed(), 2'000u);
    EXPECT_EQ(report.aborted,
              close == Close::kDataToClosed || close == Close::kResetLate ? 2'000u : 0u);
    EXPECT_TRUE(tribunal.found().empty()) << tribunal.found().begin()->first;
  }
}

TEST(VerdictDeviceTest, AnEchoThatIsRightIsNotAccused) {
  using Close = StrikeRequest::Close;
  Device::Options options = options_of(nullptr, 1);
  options.echo = true;
  for (const auto close : {Close::kFin, Close::kFinLate, Close::kHalfClose, Close::kDataFin}) {
    for (const auto expect : {Expect::kEcho, Expect::kDiscard}) {
      Tribunal tribunal(options);
      const StrikeReport report = tribunal.strike(2'000, close, expect);
      EXPECT_EQ(report.completed(), 2'000u);
      EXPECT_TRUE(tribunal.found().empty()) << tribunal.found().begin()->first;
    }
  }
}

class VerdictFaultTest : public ::testing::TestWithParam<const Fault*> {};

TEST_P(VerdictFaultTest, IsFoundByItsRuleAndByNoOther) {
  const Fault& fault = *GetParam();
  Tribunal tribunal(options_of(&fault, 50));
  const StrikeReport report = tribunal.strike(1000, close_of(fault), expect_of(fault));
  const std::uint64_t broken = tribunal.device().broken();
  EXPECT_GE(broken, 20u);

  std::map<std::string, std::uint64_t> expected;
  if (fault.rule) {
    // Of ISNs, challenge ACKs, four-tuples opened again and data after a close a rule is told
    // once, of a host.
    const bool of_host =
        (*fault.rule >= Rule::kIsnRepeats && *fault.rule <= Rule::kIpIdPredictable) ||
        (*fault.rule >= Rule::kReopenRefused && *fault.rule <= Rule::kSynDataUnanswered) ||
        *fault.rule == Rule::kAboveSequenceDropped || *fault.rule == Rule::kStretchAcks ||
        *fault.rule == Rule::kResetUnchallenged || *fault.rule == Rule::kSynUnchallenged ||
        *fault.rule == Rule::kDataAfterCloseTaken || fault.kind == device::FaultKind::kSynAborts;
    expected[verdict::info_of(*fault.rule).name] = of_host ? 1 : broken;
  }
  EXPECT_EQ(tribunal.found(), expected);

  const std::string kind = fault.failure == nullptr ? "" : fault.failure;
  EXPECT_EQ(report.refused(), kind == "refused" ? broken : 0);
  EXPECT_EQ(report.timed_out(), kind == "timed_out" ? broken : 0);
  EXPECT_EQ(report.reset(), kind == "reset" ? broken : 0);
  EXPECT_EQ(report.other(), kind == "other" ? broken : 0);
  EXPECT_EQ(report.completed(), 1000 - report.failed());
}

std::vector<const Fault*> all_faults() {
  std::vector<const Fault*> all;
  for (const Fault& fault : device::faults()) {
    if (!fault.probed) all.push_back(&fault);  // by the daemon (time_wait_probe_test.cpp)
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Faults, VerdictFaultTest, ::testing::ValuesIn(all_faults()),
                         [](const auto& test) {
                           std::string name = test.param->name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace conker
