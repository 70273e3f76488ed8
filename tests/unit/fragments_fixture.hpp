// A network with reassembly, and fragments for it.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "stack/net/reassembly.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker::test {

class FragmentsTest : public NetworkTest {
 protected:
  static constexpr std::uint32_t kDatagrams = 4, kChunks = 24;  // of 256 bytes

  explicit FragmentsTest(std::size_t whole = Reassembly::kWholeMax)
      : NetworkTest(roomy()), whole_(whole) {
    network_->use_reassembler(reassembly_);
    know();
  }
  ~FragmentsTest() override {
    EXPECT_TRUE(network_->fragments_balance());
    run_for(settings_.reassembly_timeout + 10s);
    EXPECT_EQ(chunks_.taken(), chunks_.returned());
    EXPECT_EQ(network_->next_deadline(), kNever);
  }

  static Capacities roomy() {
    Capacities capacities = small();
    capacities.chunks = 600;
    return capacities;
  }

  /// The bytes [offset, offset + length) of a packet whose byte i is i * 3.
  static std::vector<std::byte> bytes_at(std::size_t offset, std::size_t length) {
    std::vector<std::byte> bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>((offset + i) * 3);
    return bytes;
  }
  Disposition fragment(std::size_t offset, std::span<const std::byte> bytes, bool more,
                       std::uint16_t identification = 1, std::uint8_t protocol = kProtocolTcp) {
    Ipv4Packet packet = from_peer(protocol);
    packet.dont_fragment = false;
    packet.identification = identification;
    packet.fragment_offset = static_cast<std::uint16_t>(offset / 8);
    packet.more_fragments = more;
    return input(ethernet(kEtherTypeIpv4, ip(packet, bytes)));
  }
  Disposition fragment(std::size_t offset, std::size_t length, bool more,
                       std::uint16_t identification = 1) {
    return fragment(offset, bytes_at(offset, length), more, identification);
  }
  /// Whether the packet that was delivered is the one of `length` bytes.
  bool delivered(std::size_t length) const {
    return std::ranges::equal(packet_.payload, bytes_at(0, length));
  }

  std::array<Reassembly::Datagram, kDatagrams> table_{};
  std::vector<std::byte> whole_;
  Reassembly reassembly_{table_, whole_, kChunks};
};

}  // namespace conker::test
