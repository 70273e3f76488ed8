#include "daemon/engine.hpp"

#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "daemon/descriptor.hpp"
#include "stack/base/address_text.hpp"

namespace conker::daemon {
namespace {

// Rounds of a turn while frames keep coming; then other watchers of the loop run. A TAP device has
// its answer as soon as a frame is written: sleeping in between costs more than another round.
constexpr int kRoundsPerTurn = 64;
constexpr std::uint32_t kHeldFrames = 4096;  // by the fault link of each link

std::int64_t read_clock(clockid_t id) {
  timespec t{};
  ::clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}

std::string megabytes(std::size_t bytes) {
  return std::to_string((bytes >> 20) + 1) + " MiB";
}

}  // namespace

Entropy draw_entropy() {
  Entropy entropy;
  const auto bytes = std::as_writable_bytes(std::span(entropy.words));
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the system gives no random numbers: " +
                             std::generic_category().message(errno));
  }
  return entropy;
}

/// The engine's watchers: descriptors of links, the stack's next deadline (a timer), changes of the
/// host's interfaces, and ev_prepare, which makes the turn before the loop would sleep.
struct Engine::Watchers {
  struct Io {
    ev_io watcher{};
    std::uint32_t epoch = 0;
    int events = 0;  // 0: not started
  };

  explicit Watchers(Engine& engine, std::size_t links) : engine_(engine), ios_(links) {
    timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!timer_)
      throw std::runtime_error("cannot create a timer: " + std::generic_category().message(errno));
    ev_io_init(&timer_watcher_, &Watchers::on_timer, timer_.get(), EV_READ);
    timer_watcher_.data = this;
    ev_io_start(engine_.loop_, &timer_watcher_);
    ev_prepare_init(&prepare_, &Watchers::on_prepare);
    ev_set_priority(&prepare_, EV_MAXPRI);
    prepare_.data = this;
    ev_prepare_start(engine_.loop_, &prepare_);
    ev_idle_init(&idle_, [](struct ev_loop*, ev_idle*, int) {});
    ev_io_init(&interfaces_, &Watchers::on_interfaces, engine_.interfaces_.fd(), EV_READ);
    interfaces_.data = this;
    if (engine_.interfaces_.fd() >= 0) ev_io_start(engine_.loop_, &interfaces_);
  }

  ~Watchers() {
    for (Io& io : ios_) ev_io_stop(engine_.loop_, &io.watcher);
    ev_io_stop(engine_.loop_, &timer_watcher_);
    ev_prepare_stop(engine_.loop_, &prepare_);
    ev_idle_stop(engine_.loop_, &idle_);
    ev_io_stop(engine_.loop_, &interfaces_);
  }

  /// Makes the loop poll without waiting; other watchers that are ready still run.
  void do_not_sleep() { ev_idle_start(engine_.loop_, &idle_); }
  void may_sleep() { ev_idle_stop(engine_.loop_, &idle_); }

  void watch(std::size_t index, const Device& device) {
    Io& io = ios_[index];
    const int events = device.fd() < 0 ? 0 : EV_READ | (device.wants_write() ? EV_WRITE : 0);
    if (events == io.events && device.fd_epoch() == io.epoch) return;
    ev_io_stop(engine_.loop_, &io.watcher);
    io.events = events;
    io.epoch = device.fd_epoch();
    if (events == 0) return;
    ev_io_init(&io.watcher, &Watchers::on_io, device.fd(), events);
    io.watcher.data = this;
    ev_io_start(engine_.loop_, &io.watcher);
  }

  /// Sets the timer when the deadline is earlier than the timer's. For a later deadline the timer
  /// stays and fires once too early: cheaper than setting it in every turn.
  void wake_at(Instant deadline) {
    if (deadline >= armed_) return;
    armed_ = deadline;
    const std::int64_t us = std::max<std::int64_t>(deadline.time_since_epoch().count(), 1);
    itimerspec at{};
    at.it_value.tv_sec = us / 1'000'000;
    at.it_value.tv_nsec = us % 1'000'000 * 1000;
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
  }

 private:
  static Watchers& of(void* data) { return *static_cast<Watchers*>(data); }

  static void on_io(struct ev_loop*, ev_io* watcher, int) { of(watcher->data).engine_.want_turn(); }

  static void on_interfaces(struct ev_loop*, ev_io* watcher, int) {
    of(watcher->data).engine_.look_at_links();
  }

  static void on_timer(struct ev_loop*, ev_io* watcher, int) {
    Watchers& self = of(watcher->data);
    std::uint64_t expirations;
    if (::read(self.timer_.get(), &expirations, sizeof expirations) > 0) self.armed_ = kNever;
    self.engine_.want_turn();
  }

  static void on_prepare(struct ev_loop*, ev_prepare* watcher, int) {
    Engine& engine = of(watcher->data).engine_;
    if (engine.turn_wanted_) engine.turn();
  }

  Engine& engine_;
  std::vector<Io> ios_;
  Descriptor timer_;
  Instant armed_ = kNever;
  ev_io timer_watcher_{};
  ev_prepare prepare_{};
  ev_idle idle_{};
  ev_io interfaces_{};
};

Engine::Engine(struct ev_loop* loop, const config::Config& config) : loop_(loop), config_(config) {
  open_links();
  build_stack();
  watchers_ = std::make_unique<Watchers>(*this, links_.size());
  want_turn();
}

Engine::~Engine() = default;

void Engine::reconfigure(const config::Config& config) {
  enter();  // the turn that follows recomputes the deadline of frames that are held back
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (config.links[i].faults != config_.links[i].faults) set_faults(links_[i], config.links[i]);
  }
  config_ = config;
}

void Engine::set_faults(EngineLink& link, const config::Link& configured) {
  link.fault->set(configured.faults);
  if (configured.faults.any()) {
    spdlog::warn("link {}: has faults, as the configuration says", link.name);
  } else {
    spdlog::info("link {}: has no faults any more", link.name);
  }
}

void Engine::open_links() {
  if (const std::string key = config_.first_of_autoconf(); !key.empty())
    throw std::runtime_error(key + ": " + kNoAutoconf);
  std::vector<std::string> names;
  for (const config::Link& configured : config_.links) names.push_back(configured.name);
  ZoneNames::of_process() = ZoneNames(std::move(names));
  for (const config::Link& configured : config_.links) {
    EngineLink link;
    link.name = configured.name;
    link.device = open_device(configured);
    const std::uint32_t frame = longest_frame(configured);
    link.fault_storage = Mapping(FaultLink::storage_bytes(kHeldFrames, frame));
    link.fault = std::make_unique<FaultLink>(*link.device, link.fault_storage.bytes(), frame);
    link.observed = std::make_unique<ObservedLink>(*link.fault);
    spdlog::info("link {}: {}", link.name, link.device->description());
    if (configured.faults.any()) set_faults(link, configured);
    link.device->look(clock());
    link.told = link.device->state();
    links_.push_back(std::move(link));
  }
}

void Engine::build_stack() {
  // Each interface with IPv6 has a link-local address beside those of the configuration.
  Capacities capacities = config_.capacities;
  for (const config::Link& link : config_.links) capacities.addresses += link.ipv6() ? 1 : 0;
  const std::size_t bytes = Stack::storage_bytes(capacities);
  try {
    storage_ = Mapping(bytes);
  } catch (const std::system_error& error) {
    throw std::runtime_error("no memory for " + megabytes(bytes) +
                             " of tables: " + error.code().message() +
                             "; lower the capacities in the configuration");
  }
  if (config_.syn_cookies) {
    const auto words = draw_entropy().words;
    cookies_ = std::make_unique<SynCookies>(SipKey{words[0], words[1]});
  }
  stack_ = std::make_unique<Stack>(storage_.bytes(), capacities, config_.settings, draw_entropy(),
                                   Parts{.cubic = &cubic_,
                                         .recovery = &recovery_,
                                         .cookies = cookies_.get(),
                                         .reassembler = make_reassembler()});
  ipv4_ = std::make_unique<Ipv4>(stack_->parts(), draw_entropy());
  ipv6_ = std::make_unique<Ipv6>(stack_->parts(), draw_entropy());
  stack_->begin(clock());
  udp_storage_ = Mapping(Udp::storage_bytes(config_.capacities));
  udp_ = std::make_unique<Udp>(udp_storage_.bytes(), *stack_, draw_entropy());
  add_interfaces();
  add_routes();
  host_.emplace(*stack_, Host::Storage{clients_, batch_});
  add(address_log_);
  spdlog::debug("tables of {} reserved", megabytes(bytes));
}

void Engine::add_interfaces() {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const config::Link& configured = config_.links[i];
    const auto interface =
        stack_->add_interface(*links_[i].observed, configured.mac, configured.mtu);
    if (!interface)
      throw std::runtime_error("link " + configured.name + ": " + to_string(interface.error()));
    links_[i].interface = *interface;
    for (const Prefix& address : configured.addresses) {
      // RFC 5227, 2.4: a configured address is defended in a conflict and never given up.
      const AddressOptions options{.probe = configured.probe.value_or(!address.address.is_v4()),
                                   .give_up = false};
      const Error error = stack_->add_address(*interface, address, options);
      if (error == Error::kOk) continue;
      throw std::runtime_error("link " + configured.name + ": address " +
                               to_string(address.address) + ": " + to_string(error));
    }
  }
}

void Engine::add_routes() {
  const auto check = [](Error error, const IpAddress& to) {
    if (error != Error::kOk)
      throw std::runtime_error("route to " + to_string(to) + ": " + to_string(error));
  };
  // Routes over links come first, since a gateway may be reachable only by one of them.
  for (const config::Route& route : config_.routes) {
    if (!route.gateway)
      check(stack_->add_route(route.to, links_[route.link].interface), route.to.address);
  }
  if (config_.gateway.v4) check(stack_->set_gateway(*config_.gateway.v4), IpAddress::v4(0));
  if (config_.gateway.v6) check(stack_->set_gateway(*config_.gateway.v6), IpAddress());
  for (const config::Route& route : config_.routes) {
    if (route.gateway) check(stack_->add_route(route.to, *route.gateway), route.to.address);
  }
}

Reassembler* Engine::make_reassembler() {
  const config::Reassembly& wanted = config_.reassembly;
  if (wanted.datagrams == 0) return nullptr;
  constexpr std::size_t kOptions = 40;  // bytes of IP options, beside datagram_bytes
  fragmented_.resize(wanted.datagrams);
  whole_.resize(wanted.datagram_bytes + kOptions);
  reassembly_.emplace(fragmented_, whole_, wanted.chunks);
  return &*reassembly_;
}

Instant Engine::clock() const {
  return Instant(Duration(read_clock(CLOCK_MONOTONIC)));
}

std::int64_t Engine::epoch_us() const {
  return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

void Engine::enter() {
  if (in_turn_) return;
  stack_->begin(clock());
  want_turn();
}

void Engine::want_turn() {
  turn_wanted_ = true;
  watchers_->do_not_sleep();
}

void Engine::add(Client& client) {
  if (host_->add(client) != Error::kOk)
    throw std::runtime_error(std::string(client.name()) + ": no room for another client");
}

const char* Engine::name_of(ClientId client) const {
  const Client* found = host_->client(client);
  return found == nullptr ? "nobody" : found->name();
}

void Engine::turn() {
  in_turn_ = true;
  turn_wanted_ = false;
  Instant deadline = kNever;
  bool more = true;
  for (int round = 0; more && round < kRoundsPerTurn; ++round) {
    const Host::Turn turn = host_->turn(clock());
    deadline = turn.deadline;
    const bool links_up = tell_links_up();
    more = turn.again || links_up;
  }
  in_turn_ = false;

  for (std::size_t i = 0; i < links_.size(); ++i) {
    watchers_->watch(i, *links_[i].device);
    if (links_[i].device->state() != links_[i].told) tell_event(links_[i]);
  }
  watchers_->wake_at(deadline);
  if (more) {
    want_turn();
  } else if (!turn_wanted_) {
    watchers_->may_sleep();
  }
}

void Engine::look_at_links() {
  interfaces_.drain();
  for (EngineLink& link : links_) link.device->look(clock());
  want_turn();
}

bool Engine::tell_links_up() {
  bool any = false;
  for (EngineLink& link : links_) {
    if (!link.device->take_link_up()) continue;
    host_->link_up(link.interface);
    any = true;
  }
  return any;
}

void Engine::tell_event(EngineLink& link) {
  link.told = link.device->state();
  events_.tell<protocol::LinkEvent>([&] {
    const std::string state = to_string(link.told);
    return protocol::LinkEvent{link.name, state, link.device->description() + " is " + state};
  });
}

void Engine::AddressLog::on_address(const AddressEvent& event) {
  using What = protocol::AddressEvent::What;
  const std::string& link = engine_.links_[event.interface.index].name;
  const std::string where = to_string(event.address) + " on link " + link;
  const std::string host = event.conflict ? to_string(event.conflicting_host) : "";
  const auto tell = [&](What what) {
    engine_.events_.tell<protocol::AddressEvent>([&] {
      return protocol::AddressEvent{.what = what,
                                    .link = link,
                                    .address = to_string(event.address),
                                    .host = event.conflict ? std::optional(host) : std::nullopt,
                                    .lease_s = std::nullopt};
    });
  };
  switch (event.state) {
    case AddressState::kPreferred:
    case AddressState::kDeprecated:
      if (event.conflict) {
        spdlog::warn("{}: {} uses it too; ours is defended: give one of the two another address",
                     where, host);
        tell(What::kConflict);
      } else {
        spdlog::info("{}: nobody else has it", where);
        tell(What::kUsed);
      }
      break;
    case AddressState::kDuplicate:
      spdlog::error("{}: not used, {} has it already{}", where, host,
                    engine_.config_.links[event.interface.index].dhcp ? "" : ": configure another");
      tell(What::kDuplicate);
      break;
    case AddressState::kTentative:
      break;
  }
}

}  // namespace conker::daemon
