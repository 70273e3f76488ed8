// The destination in a call's parameters: an address, or a name that is looked up first.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/host_lookup.hpp"

namespace conker::daemon {

/// Each function calls `then` once the address is known; at once when the parameter is an address.
/// When the parameter is malformed or the lookup fails, the call is answered here instead.
class Targets {
 public:
  Targets(Engine& engine, HostLookup& host_lookup) : engine_(engine), host_lookup_(host_lookup) {}
  /// Drops calls that wait for host lookup: they must not outlive the server.
  ~Targets() { host_lookup_.forget(); }
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

  /// "10.77.0.1:80" or "www.example.org:80", a text in the call's parameters.
  template <typename V>
  void endpoint(CallOf<V> call, std::string V::Parameters::*member,
                std::type_identity_t<std::function<void(CallOf<V>, const Endpoint&)>> then) {
    const std::string text = call.parameters().*member;
    find_endpoint(std::move(call), protocol::parameter_of(member).name, text, as_of<V>(then));
  }
  /// The same with all addresses of a name, in the order in which they are to be tried.
  template <typename V>
  void endpoints(
      CallOf<V> call, std::string V::Parameters::*member,
      std::type_identity_t<std::function<void(CallOf<V>, const std::vector<Endpoint>&)>> then) {
    const std::string text = call.parameters().*member;
    find_endpoints(std::move(call), protocol::parameter_of(member).name, text, as_of<V>(then));
  }
  /// "10.77.0.1" or "www.example.org".
  template <typename V>
  void host(CallOf<V> call, std::string V::Parameters::*member,
            std::type_identity_t<std::function<void(CallOf<V>, const IpAddress&)>> then) {
    const std::string text = call.parameters().*member;
    find_host(std::move(call), protocol::parameter_of(member).name, text, as_of<V>(then));
  }
  /// Looks up a name and passes on the whole answer.
  template <typename V>
  void name(CallOf<V> call, std::string V::Parameters::*member,
            std::type_identity_t<std::function<void(CallOf<V>, const DnsAnswer&)>> then) {
    const std::string text = call.parameters().*member;
    find(std::move(call), protocol::parameter_of(member).name, text, as_of<V>(then));
  }

 private:
  template <typename Found>
  using Then = std::function<void(Call, const Found&)>;
  template <typename V, typename Found>
  static Then<Found> as_of(std::function<void(CallOf<V>, const Found&)> then) {
    return [then = std::move(then)](Call call, const Found& found) {
      then(CallOf<V>(std::move(call)), found);
    };
  }

  void find_endpoint(Call call, std::string_view parameter, const std::string& text,
                     Then<Endpoint> then);
  void find_endpoints(Call call, std::string_view parameter, const std::string& text,
                      Then<std::vector<Endpoint>> then);
  void find_hosts(Call call, std::string_view parameter, const std::string& text,
                  Then<DnsAddresses> then);
  void find_host(Call call, std::string_view parameter, const std::string& text,
                 Then<IpAddress> then);
  void find(Call call, std::string_view parameter, const std::string& name, Then<DnsAnswer> then);

  Engine& engine_;
  HostLookup& host_lookup_;
};

}  // namespace conker::daemon
