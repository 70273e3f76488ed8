// A device: the end of a link that the host's kernel holds. The engine watches its descriptor.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "config/config.hpp"
#include "protocol/links.hpp"
#include "stack/link/link.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker::daemon {

using protocol::DeviceCounters;

enum class LinkState : std::uint8_t {
  kUp,
  kDown,       // the interface is there, but not up
  kNoCarrier,  // the interface is up and has no carrier; a stream link has no peer
  kGone,       // the interface does not exist any more
};
/// For people: "no carrier".
const char* to_string(LinkState state);

class Device : public Link {
 public:
  virtual ~Device() = default;

  LinkState state() const { return state_; }
  /// The time of the last change of state.
  Instant state_since() const { return since_; }
  /// True once after each change to kUp; the first state is no change.
  bool take_link_up() { return std::exchange(link_up_, false); }
  /// Updates the state after a change among the host's interfaces. Also called once at the start.
  virtual void look(Instant now) { change_state(state_, now); }

  /// A descriptor that is readable when receive() has frames; -1 when there is none to watch now.
  int fd() const { return fd_; }
  /// Changes with every new descriptor, even if its number is the same.
  std::uint32_t fd_epoch() const { return epoch_; }
  /// Whether flush() is to be called when fd() becomes writable.
  virtual bool wants_write() const { return false; }
  /// The kind and the name, for people: "tap conker0".
  virtual std::string description() const = 0;

  /// The largest IP packet that the host's interface takes, in bytes; 0 where there is none.
  std::uint32_t host_mtu() const { return host_mtu_; }

  const DeviceCounters& counters() const { return counters_; }

 protected:
  void change_state(LinkState state, Instant now) {
    const bool first = !std::exchange(looked_, true);
    if (!first && state == state_) return;
    if (!first && state == LinkState::kUp) ++counters_.connects;
    if (!first && state_ == LinkState::kUp) ++counters_.disconnects;
    link_up_ = !first && state == LinkState::kUp;
    state_ = state;
    since_ = now;
  }
  bool looked() const { return looked_; }
  void set_fd(int fd) {
    fd_ = fd;
    ++epoch_;
  }

  DeviceCounters counters_;
  std::uint32_t host_mtu_ = 0;

 private:
  int fd_ = -1;
  std::uint32_t epoch_ = 0;
  LinkState state_ = LinkState::kUp;
  bool looked_ = false;
  bool link_up_ = false;
  Instant since_{};
};

/// Throws the error of a link, for people: "link NAME: what: reason; what to do".
[[noreturn]] inline void fail_link(const std::string& name, const std::string& what, int error,
                                   const std::string& advice) {
  throw std::runtime_error("link " + name + ": " + what + ": " +
                           std::generic_category().message(error) +
                           (advice.empty() ? "" : "; " + advice));
}

/// Opens the device of a configured link. Throws std::runtime_error: one line, with advice.
std::unique_ptr<Device> open_device(const config::Link& link);

/// Bytes of the longest header, with the tags of VLAN 0 that the stack skips.
inline constexpr std::uint32_t kLongestHeader = kEthernetHeader + kVlanTag * kVlanTags;
/// Bytes of the longest frame that any device hands over: veth and others coalesce up to 64 KiB of
/// IP.
inline constexpr std::uint32_t kMaxFrame = kLongestHeader + 65535;
/// Bytes of the longest frame that this kind of link receives.
std::uint32_t longest_frame(const config::Link& link);

}  // namespace conker::daemon
