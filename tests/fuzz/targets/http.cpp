// Target: the HTTP server, on a stack of its own, and clients on another one that is joined to it
// in memory. Steps say what a client sends, reads, closes, and how time passes.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/server.hpp"
#include "stack/host/host.hpp"
#include "stack/ip4/ipv4.hpp"
#include "tests/fuzz/found.hpp"
#include "tests/fuzz/storage.hpp"

namespace conker::fuzz {
namespace {

using daemon::HttpAnswer;
using daemon::HttpServer;
using daemon::HttpText;
using daemon::RequestReader;

constexpr Port kPort{80};
constexpr IpAddress kServer = IpAddress::v4(10, 0, 0, 1), kClient = IpAddress::v4(10, 0, 0, 2);
constexpr std::size_t kConnections = 3;
constexpr Capacities kCapacities{.connections = 8,
                                 .half_open = 4,
                                 .time_wait = 8,
                                 .listeners = 2,
                                 .neighbours = 2,
                                 .addresses = 1,
                                 .interfaces = 1,
                                 .chunks = 60,
                                 .chunk_bytes = 256,
                                 .transitions = 4,
                                 .routes = 2,
                                 .udp_sockets = 1};
/// What a step may say, so that a mutator need not find it.
constexpr std::array<std::string_view, 16> kWords{"GET / HTTP/1.1\r\n",
                                                  "Host: x\r\n",
                                                  "\r\n",
                                                  "GET /events HTTP/1.1\r\n",
                                                  "HEAD ",
                                                  "/long ",
                                                  "HTTP/1.0\r\n",
                                                  "Connection: close\r\n",
                                                  "GET ",
                                                  " HTTP/1.1\r\n",
                                                  "POST /x ",
                                                  "Content-Length: 3\r\n",
                                                  "http://x/long?y ",
                                                  "abc",
                                                  "Expect: 100-continue\r\n",
                                                  "Transfer-Encoding: chunked\r\n"};

/// One end of a wire in memory.
class Cable final : public Link {
 public:
  Cable* other = nullptr;

  std::size_t receive(std::span<FrameIn> batch, Instant) override {
    arrived_ = std::exchange(coming_, {});
    const std::size_t count = std::min(batch.size(), arrived_.size());
    for (std::size_t i = 0; i < count; ++i) batch[i] = {arrived_[i], ChecksumState::kUnknown};
    return count;
  }
  bool send(const FrameOut& frame, Instant) override {
    std::vector<std::byte>& copy = other->coming_.emplace_back();
    for (const auto part : frame.parts) copy.insert(copy.end(), part.begin(), part.end());
    return true;
  }
  bool idle() const { return coming_.empty(); }

 private:
  std::vector<std::vector<std::byte>> coming_, arrived_;
};

struct End {
  End(std::span<std::byte> storage, Cable& cable, const IpAddress& address, std::uint8_t mac)
      : stack(storage, kCapacities, Settings{}, Entropy{{mac, 2, 3, 4, 5, 6, 7, 8}}),
        ipv4(stack.parts(), Entropy{{mac, 2, 3, 4, 5, 6, 7, 8}}) {
    stack.begin(Instant(1s));
    check(bool(stack.add_interface(cable, MacAddress{{2, 0, 0, 0, 0, mac}}, 1500)),
          "an interface is refused");
    check(stack.add_address({0}, {address, 24}) == Error::kOk, "an address is refused");
  }

  Stack stack;
  Ipv4 ipv4;
  std::array<Client*, 2> clients{};
  std::array<FrameIn, 64> batch;
  Host host{stack, {clients, batch}};
};

class Scene final : private daemon::HttpSite {
 public:
  Scene() {
    left_cable_.other = &right_cable_;
    right_cable_.other = &left_cable_;
    config_.port = kPort;
    config_.allow = {Prefix{kClient, 32}};
    config_.clients = 2;
    config_.per_address = 2;
    config_.streams = 1;
    daemon::HttpSite& site = *this;
    server_.emplace(left_.stack, config_, site);
    check(left_.host.add(*server_) == Error::kOk && server_->start() == Error::kOk,
          "the server does not listen");
  }

  void run(Input input);

 private:
  HttpAnswer answer(std::string_view path, Instant) override {
    HttpAnswer made;
    made.stream = path == "/events";
    made.content = made.stream ? event({}) : HttpText::of(path == "/long" ? long_ : "short");
    return made;
  }
  HttpText event(Instant) override { return HttpText(std::string_view("data: 1\n\n")); }

  void turn();
  void pass(Duration time);
  void say(std::string_view text) {
    if (open_[at_])
      static_cast<void>(right_.stack.send(*open_[at_], std::as_bytes(std::span(text))));
  }
  void connect();
  void read();
  void quiesce();

  Cable left_cable_, right_cable_;
  End left_{storage<0>(Stack::storage_bytes(kCapacities)), left_cable_, kServer, 1};
  End right_{storage<1>(Stack::storage_bytes(kCapacities)), right_cable_, kClient, 2};
  config::Http config_;
  std::optional<HttpServer> server_;
  std::array<std::optional<ConnectionId>, kConnections> open_;
  std::array<bool, kConnections> heard_{};  // whether the connection has an answer
  std::size_t at_ = 0;
  Instant now_{1s}, due_left_ = kNever, due_right_ = kNever;
  bool again_ = false;
  std::string long_ = std::string(5000, 'x');
};

void Scene::turn() {
  const Host::Turn left = left_.host.turn(now_), right = right_.host.turn(now_);
  due_left_ = left.deadline;
  due_right_ = right.deadline;
  again_ = left.again || right.again || !left_cable_.idle() || !right_cable_.idle();
  for (const Stack* stack : {&left_.stack, &right_.stack}) {
    const Audit audit = stack->audit();
    check(audit.balanced(), audit.fault == nullptr ? "" : audit.fault);
  }
  const auto counters = server_->counters();
  check(counters.clients <= config_.clients && counters.streams <= config_.streams,
        "more clients than there may be");
  check(counters.errors <= counters.requests + counters.bad_requests + counters.slow_requests,
        "more errors than there were requests");
}

void Scene::pass(Duration time) {
  const Instant end = now_ + time;
  for (int still = 0; now_ < end;) {
    turn();
    const Instant next =
        again_ ? now_ + 50us : std::clamp(std::min(due_left_, due_right_), now_, end);
    still = next == now_ ? still + 1 : 0;
    check(still < 64, "time stands still: the next deadline is always now");
    now_ = next;
  }
  turn();
}

void Scene::connect() {
  if (open_[at_]) static_cast<void>(right_.stack.abort(*open_[at_]));
  ConnectRequest request;
  request.remote = Endpoint{kServer, kPort};
  const auto id = right_.stack.connect(request);
  open_[at_] = id ? std::optional(*id) : std::nullopt;
  heard_[at_] = false;
  pass(1ms);
}

void Scene::read() {
  if (!open_[at_]) return;
  std::array<std::byte, 1024> piece;
  for (;;) {
    const auto count = right_.stack.receive(*open_[at_], piece);
    if (!count || *count == 0) return;
    const std::string_view text(reinterpret_cast<const char*>(piece.data()), *count);
    check(heard_[at_] || text.starts_with("HTTP/1.1 "), "an answer that does not begin as one");
    heard_[at_] = true;
  }
}

void Scene::quiesce() {
  for (auto& open : open_) {
    if (open) static_cast<void>(right_.stack.abort(*open));
    open.reset();
  }
  pass(100s);
  check(server_->counters().clients == 0 && server_->counters().streams == 0,
        "clients are left over");
  server_->stop();
  pass(100s);
  const Audit audit = left_.stack.audit();
  check(audit.live == 0 && audit.chunks_held == 0, "connections or chunks are left over");
}

void Scene::run(Input input) {
  const auto next = [&]() -> std::uint8_t {
    if (input.empty()) return 0;
    const auto byte = std::to_integer<std::uint8_t>(input.front());
    input = input.subspan(1);
    return byte;
  };
  connect();
  for (int steps = 0; !input.empty() && steps < 64; ++steps) {
    const std::uint8_t step = next();
    const std::size_t more = step >> 3;  // 0 to 31
    switch (step & 7) {
      case 0: {
        const Input bytes = input.first(std::min(input.size(), more + 1));
        input = input.subspan(bytes.size());
        say({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        break;
      }
      case 1:
        say(kWords[more % kWords.size()]);
        continue;  // the next step in the same segment
      case 2:
        for (std::size_t i = 0; i <= more; ++i) say("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
        break;
      case 3:
        at_ = more % kConnections;
        if ((step & 0x80) != 0 || !open_[at_]) connect();
        break;
      case 4:
        read();
        break;
      case 5:
        if (open_[at_]) {
          static_cast<void>((step & 8) != 0 ? right_.stack.abort(*open_[at_])
                                            : right_.stack.shutdown(*open_[at_]));
        }
        break;
      case 6:
        pass(more * 10ms);
        continue;
      default:
        pass(more * 1s);
        continue;
    }
    pass(1ms);
  }
  quiesce();
}

/// Reads the bytes as requests, in pieces of that size; says which there are. What is no request is
/// seen sooner or later as the pieces are, and is not said.
std::string requests_in(Input bytes, std::size_t piece) {
  RequestReader reader;
  std::string all;
  while (!bytes.empty()) {
    const std::size_t taken = reader.take(bytes.first(std::min(piece, bytes.size())));
    check(taken <= std::min(piece, bytes.size()), "a request takes more than there is");
    bytes = bytes.subspan(taken);
    if (reader.state() == RequestReader::State::kIncomplete) {
      check(taken > 0, "a request takes nothing, and is not complete");
    } else if (reader.state() == RequestReader::State::kBad) {
      check(reader.status() >= 400 && reader.status() <= 505, "a status that is none");
      return all;
    } else {
      const auto& request = reader.request();
      check(request.path.size() <= RequestReader::kMaxBytes, "a path longer than a request");
      all += std::to_string(static_cast<int>(request.method)) + request.path +
             (request.keep_alive ? "+" : "-");
      reader.next();
    }
  }
  return all;
}

}  // namespace

void run(Input input) {
  if (input.empty()) return;
  // One part of the inputs is text alone, the other one steps.
  if ((std::to_integer<std::uint8_t>(input[0]) & 1) != 0) {
    const Input text = input.subspan(1);
    const std::string whole = requests_in(text, text.size());
    for (const std::size_t piece : {1, 3, 16})
      check(requests_in(text, piece) == whole, "a request in pieces is another one than whole");
    return;
  }
  const auto scene = std::make_unique<Scene>();
  scene->run(input.subspan(1));
}

}  // namespace conker::fuzz
