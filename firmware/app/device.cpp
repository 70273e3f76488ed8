#include "firmware/app/device.hpp"

#include <algorithm>

#include "firmware/app/report.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/panic.hpp"
#include "stack/services/services.hpp"
#include "stack/strike/summary.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::app {
namespace {

constexpr std::uint16_t kMtu = 1500;
/// The audit is printed when no connection is left, at most once in this time.
constexpr Duration kAuditEvery = 1s;

std::array<FrameIn, 8> batch;
std::array<Client*, 3> clients;

}  // namespace

Device::Device(chip::Ethernet& ethernet, Stack& stack, Console& console)
    : ethernet_(ethernet),
      stack_(stack),
      console_(console),
      host_(stack, {clients, batch}, Host::TcpOnly()),
      echo_(stack, services::echo),
      accept_close_(stack, services::accept_close),
      strike_(stack, slots_, join(), this) {}

/// Adds all clients to the host, the device last; returns the device's id, for the strike.
ClientId Device::join() {
  (void)host_.add(echo_);
  (void)host_.add(accept_close_);
  chip::require(host_.add(*this) == Error::kOk, "the host takes no client");
  return id();
}

void Device::start(const Command& command, const MacAddress& mac) {
  command_ = command;
  stack_.begin(chip::clock_now());
  const auto interface = stack_.add_interface(ethernet_, mac, kMtu);
  chip::require(static_cast<bool>(interface), "the stack takes no interface");
  const Error address = stack_.add_address(*interface, command.ip);
  const Error gateway = command.gateway ? stack_.set_gateway(*command.gateway) : Error::kOk;
  for (const auto& [error, what] : {std::pair(address, "ip"), std::pair(gateway, "gateway")}) {
    if (error == Error::kOk) continue;
    console_ << "settings: " << what << ": " << to_string(error) << "\n";
    chip::exit(chip::kExitUsage);
  }
  echo_.listen(kEchoPort);
  accept_close_.listen(kAcceptClosePort);
  console_ << command.ip.address << " at " << mac << ": ping, echo on port " << kEchoPort
           << ", accept-close on port " << kAcceptClosePort << "\n";
  if (command.verb == Verb::kStrike) begin_strike();
}

void Service::listen(Port port) {
  ListenRequest request;
  request.local = Endpoint{IpAddress(), port};
  request.backlog = stack_.capacities().connections;
  request.half_open = stack_.capacities().half_open;
  request.token = token();
  chip::require(static_cast<bool>(stack_.listen(request)), "the stack takes no listener");
}

void Device::begin_strike() {
  const StrikeRequest& request = command_.strike;
  if (request.concurrency > kStrikeSlots) {
    console_ << "strike: concurrency must be from 1 to " << kStrikeSlots << " on this chip\n";
    chip::exit(chip::kExitUsage);
  }
  if (request.mix.provokes()) {
    console_ << "strike: this chip does not have the ways to close that provoke the peer\n";
    chip::exit(chip::kExitUsage);
  }
  if (const Error error = strike_.start(request); error != Error::kOk) {
    console_ << "strike: cannot strike " << request.target << ": " << to_string(error) << "\n";
    chip::exit(chip::kExitUsage);
  }
  signs_.begin(stack_.counters());
  striking_ = true;
}

void Device::on_connected(ConnectionId id, Duration, std::optional<Duration>, Instant) {
  ConnectionInfo info;
  if (stack_.info(id, info)) signs_.add_isn(info.local(), info.irs);
}

void Device::turn() {
  const Instant deadline = host_.turn(chip::clock_now()).deadline;
  if (exit_code_ && !stack_.wants_output())
    chip::exit(*exit_code_);  // the final segments have left
  sleep_until(std::min(deadline, report_audit()));
}

// serve_ is called after accept() at once: text and the FIN may have been received before.
void Service::on_event(const Event& event) {
  if (event.has(Event::kAcceptable)) {
    while (const auto id = stack_.accept(event.listener)) serve_(stack_, *id);
  } else if (!event.has(Event::kClosed)) {
    serve_(stack_, event.connection);
  }
}

Instant Device::step() {
  if (!striking_) return kNever;
  strike_.step();
  if (strike_.running()) return strike_.next_deadline();
  striking_ = false;
  const auto summary = StrikeSummary::of(command_.strike, strike_.report(), stack_.audit());
  print(console_, summary);
  const bool right = print_findings(console_, signs_, stack_.counters());
  if (command_.exit) exit_code_ = summary.good() && right ? chip::kExitDone : chip::kExitFailed;
  return kNever;
}

Instant Device::report_audit() {
  const Counters& counters = stack_.counters();
  const std::uint64_t opened = counters[Count::opened_active] + counters[Count::opened_passive];
  if (striking_ || opened == opened_reported_ || stack_.tcp().connection_count() != 0)
    return kNever;
  if (stack_.now() < next_audit_) return next_audit_;
  next_audit_ = stack_.now() + kAuditEvery;
  opened_reported_ = opened;
  const Audit audit = stack_.audit();
  print(console_, audit);
  print_device(console_, ethernet_.counters());
  chip::require(audit.balanced(), "the audit does not balance");
  return kNever;
}

void Device::sleep_until(Instant deadline) {
  if (stack_.wants_turn() || deadline <= stack_.now()) return;
  if (deadline != kNever) chip::alarm_at(deadline);
  chip::InterruptLock lock;
  if (!ethernet_.pending()) chip::wait_for_interrupt();
}

}  // namespace conker::app
