#include "daemon/control/targets.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

/// Advice after a failed host lookup, for people.
std::string_view advice(DnsStatus status) {
  switch (status) {
    case DnsStatus::kNoServers:
      return ": name them under dns.servers in the configuration";
    case DnsStatus::kTimedOut:
      return ": does a route lead to them? status names them";
    default:
      return "";
  }
}

/// A link-local address without a zone means that of the only link, where there is no other.
IpAddress on_the_link(Engine& engine, const IpAddress& address) {
  constexpr std::uint16_t kFirst = 1;
  return address.zone() == 0 && engine.links().size() == 1 ? address.with_zone(kFirst) : address;
}

}  // namespace

void Targets::find(Call call, std::string_view parameter, const std::string& name,
                   Then<DnsAnswer> then) {
  const std::string verb(call.verb());
  if (const std::size_t percent = name.find('%'); percent != std::string::npos) {
    call.fail(Code::kInvalidParameters,
              fmt::format("{}: {}: a link-local address has the name of its link behind %; status "
                          "shows the links",
                          verb, name.substr(0, 80)));
    return;
  }
  // std::function must be copyable; a Call is not.
  const auto kept = std::make_shared<Call>(std::move(call));
  const auto answered = [kept, name, then = std::move(then)](const DnsAnswer& answer) {
    if (answer.status == DnsStatus::kFound) return then(std::move(*kept), answer);
    kept->fail(answer.status == DnsStatus::kTimedOut ? Code::kTimedOut : Code::kFailed,
               fmt::format("{}: {}{}", name, to_string(answer.status), advice(answer.status)));
  };
  engine_.enter();
  const Error error = host_lookup_.find(name, answered);
  if (error == Error::kInvalidArgument) {
    kept->fail(Code::kInvalidParameters,
               fmt::format("{}: {} must be an IP address or a name, not \"{}\"", verb, parameter,
                           name.substr(0, 80)));
  } else if (error != Error::kOk) {
    kept->fail(Code::kBusy,
               fmt::format("{}: too many names are being asked for: try again later", name));
  }
}

void Targets::find_hosts(Call call, std::string_view parameter, const std::string& text,
                         Then<DnsAddresses> then) {
  if (const auto address = parse_address(text))
    return then(std::move(call), DnsAddresses{{on_the_link(engine_, *address)}, 1});
  find(std::move(call), parameter, text,
       [then = std::move(then)](Call found, const DnsAnswer& answer) {
         then(std::move(found), answer.addresses);
       });
}

void Targets::find_host(Call call, std::string_view parameter, const std::string& text,
                        Then<IpAddress> then) {
  find_hosts(std::move(call), parameter, text,
             [then = std::move(then)](Call found, const DnsAddresses& addresses) {
               then(std::move(found), addresses.list[0]);
             });
}

void Targets::find_endpoints(Call call, std::string_view parameter, const std::string& text,
                             Then<std::vector<Endpoint>> then) {
  const auto parts = HostPort::parse(text);
  if (!parts) {
    const std::string verb(call.verb());
    call.fail(Code::kInvalidParameters,
              fmt::format("{}: {} must be ADDRESS:PORT or NAME:PORT, with a port from 1 to 65535",
                          verb, parameter));
    return;
  }
  find_hosts(std::move(call), parameter, std::string(parts->host),
             [then = std::move(then), port = parts->port](Call found, const DnsAddresses& all) {
               std::vector<Endpoint> endpoints;
               for (const IpAddress& address : all.span()) endpoints.push_back({address, port});
               then(std::move(found), endpoints);
             });
}

void Targets::find_endpoint(Call call, std::string_view parameter, const std::string& text,
                            Then<Endpoint> then) {
  find_endpoints(std::move(call), parameter, text,
                 [then = std::move(then)](Call found, const std::vector<Endpoint>& all) {
                   then(std::move(found), all[0]);
                 });
}

}  // namespace conker::daemon
