#include "daemon/host_lookup.hpp"

#include <algorithm>
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
  Lookup lookup;
  lookup.then = std::move(then);
  // Without room for a second query, the addresses of IPv4 must do.
  lookup.both = has_ipv6() && resolver_->resolve(name, token, DnsFamily::kIpv6);
  waiting_.emplace(token, std::move(lookup));
  return Error::kOk;
}

/// Whether this host has an address of IPv6 that reaches beyond its links.
bool HostLookup::has_ipv6() const {
  const Network& network = engine_.stack().network();
  for (std::uint32_t i = 0; i < network.address_count(); ++i) {
    const IpAddress& address = network.address_record(i).address;
    if (!address.is_v4() && address.scope() == Scope::kGlobal) return true;
  }
  return false;
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
  for (DnsAnswer answer; resolver_->next_answer(answer);) take(answer);
  const Instant now = engine_.stack().now();
  Instant next = kNever;
  std::vector<std::uint32_t> due;
  for (const auto& [token, lookup] : waiting_) {
    if (lookup.deadline <= now) due.push_back(token);
    next = std::min(next, lookup.deadline);
  }
  for (const std::uint32_t token : due) tell(token);
  return std::min(next, resolver_->next_deadline());
}

/// Per RFC 8305, 3, addresses of one family wait a moment for the other's.
void HostLookup::take(const DnsAnswer& answer) {
  const auto found = waiting_.find(answer.token);
  if (found == waiting_.end()) return;
  Lookup& lookup = found->second;
  (answer.family == DnsFamily::kIpv4 ? lookup.v4 : lookup.v6) = answer;
  if (lookup.complete()) return tell(answer.token);
  if (answer.status == DnsStatus::kFound)
    lookup.deadline = engine_.stack().now() + kDnsResolutionDelay;
}

void HostLookup::tell(std::uint32_t token) {
  const auto node = waiting_.extract(token);
  if (node.empty()) return;
  const Lookup& lookup = node.mapped();
  if (lookup.v4 && lookup.v6) return lookup.then(join(*lookup.v4, *lookup.v6));
  lookup.then(lookup.v4 ? *lookup.v4 : *lookup.v6);
}

}  // namespace conker::daemon
