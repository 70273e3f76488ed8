// The part of ARP (RFC 826) that a null peer needs. IPv4 addresses are in host order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "tests/bench/null/tap.hpp"

namespace conker::null {

inline constexpr std::size_t kArpFrame = 14 + 28;

/// Turns a request for one of `addresses` into its reply, which is kArpFrame bytes long. False when
/// the frame is no such request.
bool answer_arp(FrameBuffer& buffer, std::size_t length, std::span<const std::uint32_t> addresses,
                const MacAddress& ours);

/// Asks the kernel for the link address of `target`, from each of `addresses`, until it has
/// answered each: then its end of the device, which is up only some time after the process
/// attached, works, and has resolved the addresses. Throws std::runtime_error when it does not
/// answer for 5 seconds.
void greet(const Tap& tap, const peer::StopSignal& stop, const MacAddress& ours,
           std::span<const std::uint32_t> addresses, std::uint32_t target);

}  // namespace conker::null
