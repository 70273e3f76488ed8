// Target: the DHCP client and the resolver on a whole stack. Steps are answers of a server that
// knows the queries, and deviate from them as the step says.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <vector>

#include "stack/dhcp/client.hpp"
#include "stack/dns/resolver.hpp"
#include "stack/host/host.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/wire/arp.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/udp.hpp"
#include "tests/fuzz/records.hpp"
#include "tests/fuzz/stack/link.hpp"
#include "tests/fuzz/stack/peer.hpp"
#include "tests/fuzz/stack/sent_frames.hpp"
#include "tests/fuzz/storage.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return conker::fuzz::mutate_records(data, size, most, seed, 1);
}

namespace conker::fuzz {
namespace {

constexpr IpAddress kServer = kPeer;
constexpr MacAddress kServerMac{{2, 0, 0, 0, 1, 1}};
constexpr std::array<IpAddress, 3> kServers{kServer, kOtherPeer, IpAddress::v4(8, 8, 8, 8)};
constexpr ClientId kDhcp{1}, kDns{2};
constexpr std::size_t kUdpAt = kEthernetHeader + kIpv4HeaderMin, kDataAt = kUdpAt + kUdpHeader;
constexpr std::uint16_t kMtu = 1500;
constexpr Capacities kCapacities{.connections = 4,
                                 .half_open = 1,
                                 .time_wait = 2,
                                 .listeners = 1,
                                 .neighbours = 3,
                                 .addresses = 3,
                                 .interfaces = 1,
                                 .chunks = 40,
                                 .chunk_bytes = 256,
                                 .transitions = 4,
                                 .routes = 2,
                                 .udp_sockets = 8};
constexpr ResolverSettings kResolver{.client = kDns, .queries = 4, .entries = 3, .rounds = 2};
constexpr std::array<std::uint32_t, 8> kSeconds{3600, 0,          1,          10,
                                                60,   0x7fffffff, 0x80000000, 0xffffffff};

Settings settings() {
  Settings s;
  s.time_wait = 2s;
  s.connect_timeout = 4s;
  s.retransmits = 3;
  return s;
}

/// Writes bytes one behind the other, as far as there is room.
class Text {
 public:
  Text& bytes(Input more) {
    for (const std::byte b : more) {
      if (size_ < bytes_.size()) bytes_[size_++] = b;
    }
    return *this;
  }
  Text& word8(std::uint32_t v) { return bytes(std::array{static_cast<std::byte>(v)}); }
  Text& word16(std::uint32_t v) { return word8(v >> 8).word8(v); }
  Text& word32(std::uint32_t v) { return word16(v >> 16).word16(v); }
  std::span<std::byte> span() { return std::span(bytes_).first(size_); }
  std::size_t size() const { return size_; }

 private:
  std::array<std::byte, 1400> bytes_;
  std::size_t size_ = 0;
};

struct DhcpOfHost final : Client {
  explicit DhcpOfHost(DhcpClient& client) : dhcp(client) {}
  void on_datagrams(const UdpEvent& event) override { dhcp.on_event(event); }
  void on_address(const AddressEvent& event) override { dhcp.on_event(event); }
  Instant step() override {
    dhcp.step();
    return dhcp.next_deadline();
  }
  DhcpClient& dhcp;
};

struct DnsOfHost final : Client {
  explicit DnsOfHost(Resolver& client) : resolver(client) {}
  void on_event(const Event& event) override { resolver.on_event(event); }
  void on_datagrams(const UdpEvent& event) override { resolver.on_event(event); }
  Instant step() override {
    resolver.step();
    return resolver.next_deadline();
  }
  Resolver& resolver;
};

/// A query that was sent.
struct Question {
  std::uint16_t port = 0, id = 0;
  IpAddress from;
  std::array<std::byte, 280> bytes;  // the name, type and class
  std::size_t size = 0;
};

class Scene final : private FuzzLink::Observer {
 public:
  explicit Scene(std::uint8_t head)
      : link_(*this),
        stack_(storage<0>(Stack::storage_bytes(kCapacities)), kCapacities, settings(), kEntropy),
        udp_(storage<1>(Udp::storage_bytes(kCapacities)), stack_, kEntropy),
        dhcp_({.interface = {0}, .client = kDhcp, .link_local = (head & 1) == 0}, udp_, kEntropy),
        resolver_(storage<2>(Resolver::storage_bytes(kResolver)), kResolver, udp_, kEntropy) {
    check(host_.add(dhcp_client_) == Error::kOk && host_.add(dns_client_) == Error::kOk &&
              dhcp_client_.id() == kDhcp && dns_client_.id() == kDns,
          "clients have other ids than their order says");
    stack_.begin(now_);
    check(bool(stack_.add_interface(link_, kOurMac, kMtu)), "an interface is refused");
    if ((head & 2) != 0)
      check(stack_.add_address({0}, {kOurs, 24}) == Error::kOk, "an address is refused");
    resolver_.set_servers(std::array{kServer});
    if ((head & 4) == 0) check(dhcp_.start() == Error::kOk, "the client does not start");
    turn();
  }

  void step(const Record& r, Records& more);
  void quiesce();

 private:
  static constexpr Entropy kEntropy{{1, 2, 3, 4, 5, 6, 7, 8}};

  Batch& batch() { return batches_[filling_]; }
  void turn();
  void advance(Duration duration, int turns);
  Instant next_deadline() const {
    return std::min({stack_.next_deadline(), dhcp_.next_deadline(), resolver_.next_deadline()});
  }
  void sent(std::span<const std::byte> frame) override;
  void deliver(Text& payload, const Record& r, std::uint16_t from, std::uint16_t to,
               const IpAddress& destination);
  void offer(const Record& r, Input more);
  void answer(const Record& r, Input more);
  void write_answer(Text& text, const Record& r, const Question& question, Input more);
  void over_tcp(const Record& r, Input more);
  void resolve(const Record& r);
  void conflicting_host(const Record& r);
  void check_answers();

  FuzzLink link_;
  Stack stack_;
  Ipv4 ipv4_{stack_.parts(), kEntropy};
  Udp udp_;
  DhcpClient dhcp_;
  Resolver resolver_;
  std::array<Client*, 2> clients_{};
  std::array<FrameIn, 16> frames_;
  Host host_{stack_, {clients_, frames_}};
  DhcpOfHost dhcp_client_{dhcp_};
  DnsOfHost dns_client_{resolver_};
  std::array<Batch, 2> batches_;
  unsigned filling_ = 0;
  Instant now_{1s};
  bool answers_arp_ = true;

  std::uint32_t transaction_ = 0;
  std::uint32_t asked_ = 0x0a00000a;
  std::array<Question, 4> questions_{};
  std::size_t question_ = 0;
  test::WireSegment
      segment_;  // the last segment sent, and the server's position in that connection
  std::uint32_t said_ = 0;
  std::vector<DnsQueryId> waiting_;
};

// ---- Frames sent ----

void Scene::sent(std::span<const std::byte> frame) {
  check_sent(frame, kOurMac, kMtu);
  if (get16(frame, 12) == kEtherTypeArp) {
    const auto question = parse_arp(frame.subspan(kEthernetHeader));
    if (!answers_arp_ || batch().full() || question->target != kServer) return;
    emit_ethernet({kOurMac, kServerMac, kEtherTypeArp, {}}, batch().room());
    emit_arp({ArpPacket::Operation::kReply, kServerMac, kServer, kOurMac, question->sender},
             batch().room().subspan(kEthernetHeader));
    batch().add(kEthernetHeader + kArpLength);
    return;
  }
  if (get8(frame, 23) == kProtocolUdp) {
    const auto data = frame.subspan(kDataAt);
    const std::uint16_t to = get16(frame, kUdpAt + 2);
    if (to == kDhcpServerPort.value) {
      check(data.size() >= 300 && get8(data, 0) == 1 && get32(data, 236) == 0x63825363,
            "a DHCP message that is none");
      transaction_ = get32(data, 4);
    } else if (to == kDnsPort.value) {
      check(data.size() >= 17 && get16(data, 4) == 1, "a question that is none");
      Question& question = questions_[question_++ % questions_.size()];
      question.port = get16(frame, kUdpAt);
      question.id = get16(data, 0);
      question.from = get_ipv4(frame, 26);
      question.size = std::min(data.size() - kDnsHeader, question.bytes.size());
      std::memcpy(question.bytes.data(), data.data() + kDnsHeader, question.size);
    }
  } else if (const auto segment = test::decode(frame)) {
    segment_ = *segment;
    if ((segment_.flags & test::kSyn) != 0) said_ = 1000;
  }
}

// ---- Answers of the server ----

void Scene::deliver(Text& payload, const Record& r, std::uint16_t from, std::uint16_t to,
                    const IpAddress& destination) {
  if (batch().full()) return;
  const auto bytes = payload.span();
  if ((r[6] & 0x80) != 0 && !bytes.empty())
    bytes[r[7] * 5u % bytes.size()] ^= static_cast<std::byte>(1u << (r[6] & 7));
  const std::size_t size =
      (r[6] & 0x40) != 0 ? bytes.size() - r[7] % (bytes.size() + 1) : bytes.size();
  const auto frame = batch().room();
  Ipv4Packet ip;
  ip.source = (r[6] & 0x20) != 0 ? kOtherPeer : kServer;
  ip.destination = destination;
  ip.protocol = kProtocolUdp;
  std::memcpy(frame.data() + kDataAt, bytes.data(), size);
  const UdpDatagram datagram{Port{from}, Port{to}, frame.subspan(kDataAt, size)};
  emit_udp(datagram, ip.source, ip.destination, frame.subspan(kUdpAt));
  emit_ipv4(ip, kUdpHeader + size, frame.subspan(kEthernetHeader));
  const bool to_all = destination == IpAddress::v4(0xffffffff);
  emit_ethernet({to_all ? MacAddress::broadcast() : kOurMac, kServerMac, kEtherTypeIpv4, {}},
                frame);
  batch().add(kDataAt + size);
}

void Scene::offer(const Record& r, Input more) {
  constexpr std::array<std::uint8_t, 8> kTypes{2, 5, 6, 2, 5, 5, 1, 4};
  const std::uint32_t yours = (r[2] & 0x80) != 0 ? r[3] * 0x01010101u : asked_ + (r[2] & 3);
  Text text;
  text.word32(0x02010600)
      .word32(transaction_ + ((r[1] & 0x80) != 0 ? 1u : 0u))
      .word32(0)
      .word32(0)
      .word32(yours);
  text.word32(0).word32(0).bytes(std::as_bytes(std::span(kOurMac.bytes)));
  while (text.size() < 236) text.word8(0);
  text.word32(0x63825363).word8(53).word8(1).word8(kTypes[r[1] & 7]);
  if ((r[4] & 1) == 0) text.word16(54 << 8 | 4).word32(kServer.v4_bits());
  if ((r[4] & 2) == 0) text.word16(51 << 8 | 4).word32(kSeconds[r[5] & 7]);
  if ((r[4] & 4) == 0) text.word16(1 << 8 | 4).word32((r[4] & 128) != 0 ? 0xfffffffe : 0xffffff00);
  if ((r[4] & 8) != 0) text.word16(3 << 8 | 4).word32(kServer.v4_bits());
  if ((r[4] & 16) != 0)
    text.word16(6 << 8 | 8).word32(kServer.v4_bits()).word32(kOtherPeer.v4_bits());
  if ((r[4] & 32) != 0) text.word16(58 << 8 | 4).word32(kSeconds[r[5] >> 3 & 7]);
  if ((r[4] & 64) != 0) text.word16(59 << 8 | 4).word32(kSeconds[r[5] >> 5]);
  text.bytes(more).word8(255);
  deliver(text, r, kDhcpServerPort.value, kDhcpClientPort.value,
          (r[2] & 64) != 0 ? IpAddress::v4(yours) : IpAddress::v4(0xffffffff));
}

void Scene::write_answer(Text& text, const Record& r, const Question& question, Input more) {
  constexpr std::array<std::uint16_t, 8> kFlags{0x8180, 0x8180, 0x8183, 0x8180,
                                                0x8380, 0x8182, 0x8180, 0x0180};
  const std::uint8_t kind = r[1] & 7;
  const bool alias = kind == 1 || kind == 6, address = kind == 0 || kind == 1;
  const std::uint32_t ttl = kSeconds[r[3] & 7];
  text.word16(question.id).word16(kFlags[kind]).word16(1);
  text.word16((alias ? 1u : 0u) + (address ? 1u : 0u) + (r[3] >> 6))
      .word16(kind == 2 || kind == 3 ? 1 : 0)
      .word16(0);
  text.bytes(Input(question.bytes).first(question.size));
  if (alias) {  // the name is an alias of "a", "b", ...
    text.word16(0xc00c)
        .word16(5)
        .word16(1)
        .word32(ttl)
        .word16(3)
        .word8(1)
        .word8('a' + (r[4] & 15))
        .word8(0);
  }
  if (address) {
    if (alias) {
      text.word8(1).word8('a' + (r[4] & 15)).word8(0);
    } else {
      text.word16(0xc00c);
    }
    text.word16(1).word16(1).word32(ttl).word16(4).word32(0x0a090807);
  } else if (kind == 2 || kind == 3) {
    text.word16(0xc00c).word16(6).word16(1).word32(ttl).word16(22).word16(0xc00c);
    for (int i = 0; i < 5; ++i) text.word32(kSeconds[r[4] & 7]);
  }
  text.bytes(more);
}

void Scene::answer(const Record& r, Input more) {
  const Question& question = questions_[(question_ + 3 - (r[2] & 3)) % questions_.size()];
  if (question.size == 0) return;
  Text text;
  write_answer(text, r, question, more);
  deliver(text, r, kDnsPort.value, static_cast<std::uint16_t>(question.port + (r[2] >> 7)),
          question.from);
}

/// The server's side of the last TCP connection.
void Scene::over_tcp(const Record& r, Input more) {
  if (batch().full() || segment_.destination_port != kDnsPort.value) return;
  TcpSegment reply;
  reply.source = kDnsPort;
  reply.destination.value = segment_.source_port;
  reply.sequence = Seq(said_);
  reply.acknowledgment = Seq(segment_.seq + static_cast<std::uint32_t>(segment_.data.size()) +
                             ((segment_.flags & (test::kSyn | test::kFin)) != 0 ? 1 : 0));
  reply.window = 4000;
  const bool opens = (segment_.flags & test::kSyn) != 0;
  reply.flags = opens ? TcpFlags::kSyn | TcpFlags::kAck : TcpFlags::kAck;
  if ((r[5] & 1) != 0) reply.flags = TcpFlags::kRst | TcpFlags::kAck;
  if ((r[5] & 2) != 0) reply.flags |= TcpFlags::kFin;
  Text text;
  if (segment_.data.size() > 2 + kDnsHeader) {  // the query, behind its length
    Question question;
    const auto asked = std::as_bytes(std::span(segment_.data)).subspan(2);
    question.id = get16(asked, 0);
    question.size = std::min(asked.size() - kDnsHeader, question.bytes.size());
    std::memcpy(question.bytes.data(), asked.data() + kDnsHeader, question.size);
    Text message;
    write_answer(message, r, question, more);
    text.word16(static_cast<std::uint32_t>(message.size()) + ((r[5] & 4) != 0 ? r[7] * 64u : 0))
        .bytes(message.span());
  }
  // Part of the message now, the rest with the next step.
  const std::size_t size = (r[5] & 8) != 0 ? std::min<std::size_t>(text.size(), r[6]) : text.size();
  const auto frame = batch().room();
  const auto tcp = frame.subspan(kUdpAt);
  Checksum sum;
  const std::size_t header = emit_tcp(reply, tcp, sum);
  std::memcpy(tcp.data() + header, text.span().data(), size);
  finish_tcp_checksum(tcp.first(header), sum, segment_.destination, segment_.source,
                      std::array{Input(tcp.subspan(header, size))});
  Ipv4Packet ip;
  ip.source = segment_.destination;
  ip.destination = segment_.source;
  ip.protocol = kProtocolTcp;
  emit_ipv4(ip, header + size, frame.subspan(kEthernetHeader));
  emit_ethernet({kOurMac, kServerMac, kEtherTypeIpv4, {}}, frame);
  batch().add(kUdpAt + header + size);
  said_ += static_cast<std::uint32_t>(size) + (opens ? 1 : 0);
}

/// Another host claims an address of this host, or a tentative one.
void Scene::conflicting_host(const Record& r) {
  if (batch().full()) return;
  IpAddress address = IpAddress::v4(asked_ + (r[2] & 3));
  if ((r[1] & 1) != 0 && dhcp_.lease() != nullptr) address = dhcp_.lease()->address.address;
  if ((r[1] & 2) != 0) address = dhcp_.link_local();
  const MacAddress mac{{2, 0, 0, 0, 2, r[3]}};
  emit_ethernet({MacAddress::broadcast(), mac, kEtherTypeArp, {}}, batch().room());
  emit_arp({(r[1] & 4) != 0 ? ArpPacket::Operation::kRequest : ArpPacket::Operation::kReply,
            mac,
            address,
            {},
            address},
           batch().room().subspan(kEthernetHeader));
  batch().add(kEthernetHeader + kArpLength);
}

// ---- The application ----

void Scene::resolve(const Record& r) {
  std::array<char, 8> name{'w', 'w', 'w', '.', static_cast<char>('a' + (r[1] & 3)), 0, 0, 0};
  const auto id =
      resolver_.resolve(std::string_view(name.data(), (r[1] & 4) != 0 ? r[2] & 7 : 5), 7);
  if (!id) return;
  check(std::ranges::find(waiting_, *id) == waiting_.end(), "an id was given out twice");
  waiting_.push_back(*id);
}

void Scene::check_answers() {
  for (DnsAnswer answer; resolver_.next_answer(answer);) {
    const auto at = std::ranges::find(waiting_, answer.id);
    check(at != waiting_.end() && answer.token == 7, "an answer that nobody waits for");
    waiting_.erase(at);
    check((answer.status == DnsStatus::kFound) == (answer.addresses.count > 0),
          "an answer without what it says");
    check(answer.addresses.count <= DnsAddresses::kMost && answer.valid >= Duration(0) &&
              answer.valid <= 24h,
          "an answer beyond its limits");
    check(resolver_.cancel(answer.id) == Error::kNoSuchId,
          "the id of a question that was answered finds something");
  }
}

// ---- Turns and time ----

void Scene::turn() {
  Batch& arriving = batch();
  filling_ ^= 1;
  batch().clear();
  link_.arrive(arriving.frames());
  host_.turn(now_);
  for (DhcpEvent event; dhcp_.next_event(event);) check(event.mask != 0, "an event without bits");
  check_answers();
  const Audit audit = stack_.audit();
  check(audit.balanced(), audit.fault == nullptr ? "" : audit.fault);
  const DhcpState state = dhcp_.state();
  const bool leased = state >= DhcpState::kBound && state <= DhcpState::kRebinding;
  check(!leased || dhcp_.lease() != nullptr, "bound, and without a lease");
  if (dhcp_.lease() != nullptr && leased) {
    const DhcpLease& lease = *dhcp_.lease();
    check(lease.renew_at <= lease.rebind_at && lease.rebind_at <= lease.expires,
          "a lease that is to be renewed when it is over");
    check(stack_.network().is_local(lease.address.address),
          "a lease whose address the stack does not have");
    check(lease.dns_count <= DhcpMessage::kMostServers, "more servers than there is room for");
  }
}

void Scene::advance(Duration duration, int turns) {
  const Instant end = now_ + duration;
  for (int still = 0; now_ < end && turns > 0; --turns) {
    const Instant next = std::clamp(next_deadline(), now_, end);
    still = next == now_ ? still + 1 : 0;
    check(still < 64, "time stands still: the next deadline is always now");
    now_ = next;
    turn();
  }
  if (now_ >= end) return;
  now_ = end;
  turn();
}

void Scene::step(const Record& r, Records& more) {
  // The first bytes of the step may ask for plain bytes behind what is written.
  const auto plain = [&] {
    return (r[0] & 0x40) != 0 ? more.take(1 + r[0] / 32 % 2 * 3) : Input();
  };
  switch (r[0] & 15) {
    case 0:
    case 1:
      offer(r, plain());
      break;
    case 2:
    case 3:
      answer(r, plain());
      break;
    case 4:
    case 5:
      over_tcp(r, plain());
      break;
    case 6:
      resolve(r);
      break;
    case 7:
      if (!waiting_.empty()) {
        check(resolver_.cancel(waiting_.back()) == Error::kOk, "a question cannot be taken back");
        waiting_.pop_back();
      }
      break;
    case 8:
      conflicting_host(r);
      break;
    case 9:
      dhcp_.stop();
      break;
    case 10:
      (void)dhcp_.start((r[1] & 1) != 0 ? std::optional(IpAddress::v4(asked_ + (r[2] & 3)))
                                        : std::nullopt);
      break;
    case 11:
      resolver_.set_servers(std::span(kServers).first(r[1] % (kServers.size() + 1)));
      break;
    case 12:
      answers_arp_ = (r[1] & 1) == 0;
      link_.room = (r[1] & 2) != 0 ? r[2] & 3 : FuzzLink::kNoLimit;
      break;
    case 13:
      advance(Duration(r[1] * 20'000), 16);
      return;
    case 14:
      advance(Duration(r[1] * std::int64_t{1'000'000}), 48);
      return;
    default:
      advance(Duration(r[1] * std::int64_t{60'000'000}), 48);
      return;
  }
  if ((r[0] & 0x80) == 0) turn();
}

void Scene::quiesce() {
  link_.room = FuzzLink::kNoLimit;
  dhcp_.stop();
  for (const DnsQueryId id : waiting_)
    check(resolver_.cancel(id) == Error::kOk, "a question cannot be taken back");
  waiting_.clear();
  (void)stack_.remove_address(kOurs);
  int most = 500;
  turn();
  while (next_deadline() != kNever || batch().frames().size() != 0 || stack_.wants_turn()) {
    check(most-- > 0, "when everything is over there is always another deadline");
    if (next_deadline() != kNever) now_ = std::max(now_, next_deadline());
    turn();
  }
  check(dhcp_.state() == DhcpState::kStopped, "the client does not stop");
  check(udp_.socket_count() == 0, "sockets are left over");
  check(stack_.network().address_count() == 0, "addresses are left over");
  check(resolver_.query_count() == 0, "questions are left over");
  const Audit audit = stack_.audit();
  check(audit.live == 0 && audit.time_wait == 0 && audit.chunks_held == 0,
        "connections or chunks are left over");
}

}  // namespace

void run(Input input) {
  Scene scene(input.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(input[0]));
  Records records(input, 1);
  for (Record r; records.next(r);) scene.step(r, records);
  scene.quiesce();
}

}  // namespace conker::fuzz
