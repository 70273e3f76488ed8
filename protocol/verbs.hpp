// The list of all verbs of the control protocol. Each is a structure with a name, help, the
// structures of its parameters and its result, and where it has them codes and a descriptor. The
// daemon's checks and answers, the CLI's calls and help and the printed schema are made from them.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "protocol/connections.hpp"
#include "protocol/forward.hpp"
#include "protocol/judgement.hpp"
#include "protocol/links.hpp"
#include "protocol/services.hpp"
#include "protocol/status.hpp"
#include "protocol/strike.hpp"
#include "protocol/strikes.hpp"
#include "protocol/verb.hpp"
#include "protocol/visit.hpp"
#include "protocol/watch.hpp"

namespace conker::protocol {

namespace detail {

template <typename V>
constexpr std::span<const Code> codes_of() {
  if constexpr (requires { V::kCodes; }) {
    return V::kCodes;
  } else {
    return {};
  }
}
template <typename V>
constexpr Descriptor descriptor_of() {
  if constexpr (requires { V::kDescriptor; }) {
    return V::kDescriptor;
  } else {
    return Descriptor::kNone;
  }
}

template <typename V>
constexpr Effect effect_of() {
  if constexpr (requires { V::kEffect; }) {
    return V::kEffect;
  } else {
    return Effect::kChanges;
  }
}

}  // namespace detail

template <typename V>
inline constexpr Verb kVerb{V::kName,
                            V::kHelp,
                            kParameters<typename V::Parameters>,
                            describe<typename V::Result>,
                            detail::descriptor_of<V>(),
                            detail::codes_of<V>(),
                            detail::effect_of<V>()};

template <typename... V>
struct VerbList {
  static constexpr std::array kTable{kVerb<V>...};
  /// Calls f.template operator()<V>() for each verb.
  static void for_each(auto&& f) { (f.template operator()<V>(), ...); }
};

using Verbs =
    VerbList<Version, Schema, Status, Stats, SetLog, Reload, Open, Close, Abort, List, Show, Relay,
             Forward, ForwardListen, ForwardTake, Listen, Unlisten, Ping, UdpSend, UdpListen,
             Resolve, Strike, StrikeStart, StrikeList, StrikeTimes, StrikeAttach, StrikeStop,
             StrikeFile, CaptureStart, CaptureStop, FaultSet, FaultClear, Watch>;

inline constexpr auto& kVerbs = Verbs::kTable;

/// The verb of a name; null when there is none.
constexpr const Verb* find_verb(std::string_view name) {
  const auto verb =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& v) { return v.name == name; });
  return verb == kVerbs.end() ? nullptr : &*verb;
}

}  // namespace conker::protocol
