#include "daemon/host_lookup.hpp"

#include <utility>

namespace conker::daemon {
HostLookup::HostLookup(Engine& engine) : engine_(engine) {
  engine.add(*this);
  const ResolverSettings settings{.client = id()};
  storage_ = Mapping(Resolver::storage_bytes(settings));
  resolver_.emplace(storage_.bytes(), settings, engine.udp(), draw_entropy());
  tell_servers();
}

Error HostLookup::find(const std::string& name, Then then) {
  const std::uint32_t token = next_token_++;
  const auto query = resolver_->resolve(name, token);
  if (!query) return query.error();
  waiting_.emplace(token, std::move(then));
  return Error::kOk;
}

void HostLookup::set_leased(InterfaceId interface, std::span<const IpAddress> servers) {
  if (leased_.size() <= interface.index) leased_.resize(interface.index + std::size_t{1});
  leased_[interface.index].assign(servers.begin(), servers.end());
  tell_servers();
}

void HostLookup::tell_servers() {
  std::vector<IpAddress> all = engine_.config().dns_servers;
  for (const auto& servers : leased_) all.insert(all.end(), servers.begin(), servers.end());
  resolver_->set_servers(all);
}

Instant HostLookup::step() {
  resolver_->step();
  for (DnsAnswer answer; resolver_->next_answer(answer);) {
    const auto found = waiting_.find(answer.token);
    if (found == waiting_.end()) continue;
    const Then then = std::move(found->second);
    waiting_.erase(found);
    then(answer);
  }
  return resolver_->next_deadline();
}

}  // namespace conker::daemon
