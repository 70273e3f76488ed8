#include "firmware/chip/ethernet.hpp"

#include <algorithm>
#include <cstring>

#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers.hpp"

namespace conker::chip {
namespace {

// Bits of MACRIS and MACIM.
constexpr std::uint32_t kReceived = 1u << 0, kTransmitterEmpty = 1u << 2, kOverrun = 1u << 3,
                        kAll = 0x7f;
// Bits of MACRCTL.
constexpr std::uint32_t kReceive = 1u << 0, kMulticast = 1u << 1, kResetFifo = 1u << 4;
// Bits of MACTCTL: transmit, pad to 60 bytes, append the CRC, full duplex.
constexpr std::uint32_t kTransmit = 0x17;
// Bits of MACTR.
constexpr std::uint32_t kNewTransmission = 1u << 0;
// The driver filters by MAC address, since not every controller of the family (nor the emulator)
// does.
constexpr std::uint32_t kHighHalf = 0xffff0000;

constexpr std::uint32_t kHeader =
    14;  // bytes of the Ethernet header, which the transmitter's length does not count

// For the interrupt handler, which has no argument.
Ethernet* the_controller;

/// Collects bytes into the words that the transmitter takes.
class Transmitter {
 public:
  explicit Transmitter(std::uint16_t length) : word_(length), bits_(16) {}

  void put(std::span<const std::byte> bytes) {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    // The processor reads words from any address; only the shift differs.
    for (; left >= 4; left -= 4, at += 4) {
      std::uint32_t next;
      std::memcpy(&next, at, 4);
      if (bits_ == 0) {
        kMacData.write(next);
      } else {
        kMacData.write(word_ | next << bits_);
        word_ = next >> (32 - bits_);
      }
    }
    for (; left != 0; --left, ++at) {
      word_ |= std::to_integer<std::uint32_t>(*at) << bits_;
      bits_ += 8;
      if (bits_ == 32) finish();
    }
  }
  void finish() {
    if (bits_ != 0) kMacData.write(word_);
    word_ = bits_ = 0;
  }

 private:
  std::uint32_t word_;  // its lower bits_ are in use
  std::uint32_t bits_;
};

}  // namespace

Ethernet::Ethernet(std::span<std::uint32_t> ring) : ring_(ring) {
  the_controller = this;
}

MacAddress Ethernet::burnt_in() {
  kRcgc2.set(5u << 28);  // MAC and PHY
  MacAddress mac;
  const std::uint32_t words[]{kMacIa0.read(), kMacIa1.read()};
  std::memcpy(mac.bytes.data(), words, mac.bytes.size());
  return mac;
}

void Ethernet::start(const MacAddress& mac) {
  std::uint32_t words[2]{};
  std::memcpy(words, mac.bytes.data(), mac.bytes.size());
  mac_high_ = words[0] << 16;
  mac_low_ = words[0] >> 16 | words[1] << 16;

  kRcgc2.set(5u << 28);
  kMacIa0.write(words[0]);
  kMacIa1.write(words[1]);
  kMacRctl.write(kResetFifo);
  kMacRctl.write(0);
  kMacRis.write(kAll);
  kMacIm.write(kReceived | kOverrun);
  kMacTctl.write(kTransmit);
  kMacRctl.write(kReceive | kMulticast);
  // The priority is below SysTick's, which counts the time during a drain.
  kInterruptPriorities40.write((kInterruptPriorities40.read() & ~(0xffu << 16)) | 0x80u << 16);
  kInterruptEnable1.write(1u << (kEthernetInterrupt - 32));
}

// ---- Receiving ----

void Ethernet::interrupt() {
  const std::uint32_t happened = kMacRis.read();
  kMacRis.write(happened);
  if ((happened & kOverrun) != 0) ++counters_.overruns;
  // The transmitter's interrupt only wakes the main loop.
  if ((happened & kTransmitterEmpty) != 0) kMacIm.clear(kTransmitterEmpty);
  if (!waiting_for_room_) drain();
}

void Ethernet::drain() {
  waiting_for_room_ = false;
  while (kMacNp.read() != 0) {
    std::uint32_t* room = ring_.room();
    if (room == nullptr) {
      ++counters_.ring_full;
      waiting_for_room_ = true;
      kMacIm.clear(kReceived);
      return;
    }
    take_frame(room);
  }
}

void Ethernet::take_frame(std::uint32_t* room) {
  const std::uint32_t first = kMacData.read();
  const std::uint32_t length = first & 0xffff;
  if (length < FrameRing::kOverhead) {  // the receiver is out of step: only a reset helps
    kMacRctl.write(kReceive | kMulticast | kResetFifo);
    ++counters_.malformed;
    return;
  }
  std::uint32_t left = FrameRing::words_of(first) - 1;
  const std::uint32_t second = kMacData.read();
  --left;
  const bool sound = length >= kHeader + FrameRing::kOverhead &&
                     length <= FrameRing::kMaxFrame + FrameRing::kOverhead;
  if (!sound || !is_for_us(first, second)) {
    for (; left != 0; --left) static_cast<void>(kMacData.read());
    ++(sound ? counters_.filtered : counters_.malformed);
    return;
  }
  *room++ = first;
  *room++ = second;
  for (; left != 0; --left) *room++ = kMacData.read();
  ring_.push();
  ++counters_.received;
}

bool Ethernet::is_for_us(std::uint32_t first, std::uint32_t second) const {
  const std::uint32_t high = first & kHighHalf;
  return (high == mac_high_ && second == mac_low_) || (high == kHighHalf && second == 0xffffffff);
}

std::size_t Ethernet::receive(std::span<FrameIn> batch, Instant) {
  ring_.release();
  if (waiting_for_room_) {
    InterruptLock lock;
    drain();
    if (!waiting_for_room_) kMacIm.set(kReceived);
  }
  return ring_.peek(batch);
}

// ---- Sending ----

bool Ethernet::send(const FrameOut& frame, Instant) {
  const std::size_t size = frame.size();
  if (size < kHeader || size > FrameRing::kMaxFrame) return true;  // the stack keeps to the MTU
  if ((kMacTr.read() & kNewTransmission) != 0) {
    ++counters_.transmit_busy;
    InterruptLock lock;
    kMacIm.set(kTransmitterEmpty);
    return false;
  }
  Transmitter transmitter(static_cast<std::uint16_t>(size - kHeader));
  for (const auto part : frame.parts) transmitter.put(part);
  transmitter.finish();
  kMacTr.write(kNewTransmission);
  ++counters_.sent;
  return true;
}

}  // namespace conker::chip

extern "C" void ethernet_handler() {
  conker::chip::the_controller->interrupt();
}
