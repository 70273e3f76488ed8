#include "daemon/names.hpp"

#include <utility>

namespace conker::daemon {
namespace {

ResolverSettings resolver_settings() {
  ResolverSettings settings;
  settings.tag = static_cast<std::uint8_t>(Owner::kResolver);
  return settings;
}

}  // namespace

Names::Names(Engine& engine)
    : engine_(engine), storage_(Resolver::storage_bytes(resolver_settings())) {
  resolver_.emplace(storage_.bytes(), resolver_settings(), engine.udp(), draw_entropy());
  engine.on_udp_events(Owner::kResolver,
                       [this](const UdpEvent& event) { resolver_->on_event(event); });
  engine.on_events(Owner::kResolver, [this](const Event& event) { resolver_->on_event(event); });
  engine.on_turn(Owner::kResolver, [this] { return on_turn(); });
  tell_servers();
}

// The engine may go on without us.
Names::~Names() {
  engine_.on_udp_events(Owner::kResolver, {});
  engine_.on_events(Owner::kResolver, {});
  engine_.on_turn(Owner::kResolver, {});
}

Error Names::find(const std::string& name, Then then) {
  const std::uint32_t cookie = next_cookie_++;
  const auto id = resolver_->resolve(name, cookie);
  if (!id) return id.error();
  waiting_.emplace(cookie, std::move(then));
  return Error::kOk;
}

void Names::set_leased(InterfaceId interface, std::span<const IpAddress> servers) {
  if (leased_.size() <= interface.index) leased_.resize(interface.index + std::size_t{1});
  leased_[interface.index].assign(servers.begin(), servers.end());
  tell_servers();
}

void Names::tell_servers() {
  std::vector<IpAddress> all = engine_.config().dns_servers;
  for (const auto& servers : leased_) all.insert(all.end(), servers.begin(), servers.end());
  resolver_->set_servers(all);
}

Instant Names::on_turn() {
  resolver_->step();
  for (DnsAnswer answer; resolver_->next_answer(answer);) {
    const auto found = waiting_.find(answer.cookie);
    if (found == waiting_.end()) continue;
    const Then then = std::move(found->second);
    waiting_.erase(found);
    then(answer);
  }
  return resolver_->next_deadline();
}

}  // namespace conker::daemon
