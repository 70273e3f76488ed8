#include "daemon/control/relay.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

constexpr std::size_t kRelayBytes = std::size_t{64} * 1024;
constexpr int kReadsAtATime = 4;  // then other watchers of the loop run
constexpr std::size_t kPieces = 16;

}  // namespace

Relay::Relay(Engine& engine, ConnectionId id, Way way, Descriptor ours,
             std::function<void(Relay&, const Ended&)> ended)
    : engine_(engine),
      id_(id),
      way_(way),
      ours_(std::move(ours)),
      ended_callback_(std::move(ended)),
      io_(engine.loop(), [this](int events) { ready(events); }),
      to_peer_done_(!way.to_peer),
      to_client_done_(!way.to_client) {}

void Relay::start() {
  // The client's unused direction is shut down at once.
  if (!way_.to_client) ::shutdown(ours_.get(), SHUT_WR);
  if (!way_.to_peer) ::shutdown(ours_.get(), SHUT_RD);
  work();
}

void Relay::ready(int events) {
  engine_.enter();
  if ((events & EV_WRITE) != 0) client_blocks_ = false;
  work();
}

void Relay::on_event(const Event& event) {
  if (ended_) return;
  if (!event.has(Event::kClosed)) {
    work();
    return;
  }
  // Received bytes, if there still are any, are read now: the id is stale after this turn.
  if (!to_client_done_ && engine_.stack().unread(id_)) feed_client();
  if (!ended_) end(to_string(event.reason));
}

void Relay::work() {
  if (!ended_ && !to_client_done_ && !client_blocks_) feed_client();
  if (!ended_ && !to_peer_done_) feed_peer();
  if (!ended_ && to_client_done_ && to_peer_done_) finish();
  if (!ended_) watch();
}

void Relay::watch() {
  const bool reading = !to_peer_done_ && pending_.empty();
  io_.watch(ours_.get(), (reading ? EV_READ : 0) | (client_blocks_ ? EV_WRITE : 0));
}

// ---- From the client to the peer ----

void Relay::feed_peer() {
  if (!send_pending()) return;
  static std::array<std::byte, kRelayBytes> bytes;  // of all relays, one at a time
  for (int i = 0; i < kReadsAtATime; ++i) {
    const ssize_t n = ::recv(ours_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n > 0) {
      const auto read = std::span(bytes).first(static_cast<std::size_t>(n));
      const std::size_t taken = send(read);
      if (ended_) return;
      pending_.assign(read.begin() + static_cast<std::ptrdiff_t>(taken), read.end());
      if (!pending_.empty()) return;
      continue;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0 && way_.resets) return end(std::strerror(errno));
    // The client has shut down sending. With both directions relayed the peer gets a FIN.
    to_peer_done_ = true;
    if (!way_.to_client) return;
    const Error error = engine_.stack().shutdown(id_);
    if (error != Error::kOk && error != Error::kClosing) end(to_string(error));
    return;
  }
}

/// Hands bytes to the stack; returns how many it has taken. After fewer a kWritable event follows,
/// unless the relay has ended.
std::size_t Relay::send(std::span<const std::byte> bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto taken = engine_.stack().send(id_, bytes.subspan(at));
    if (!taken) {
      end(to_string(taken.error()));
      break;
    }
    if (*taken == 0) break;
    at += *taken;
    sent_ += *taken;
  }
  return at;
}

/// Hands pending bytes to the stack; true when all were taken.
bool Relay::send_pending() {
  pending_at_ += send(std::span(pending_).subspan(pending_at_));
  if (ended_ || pending_at_ < pending_.size()) return false;
  pending_.clear();
  pending_at_ = 0;
  return true;
}

// ---- From the peer to the client ----

void Relay::feed_client() {
  const auto unread = engine_.stack().unread(id_);
  if (!unread) {
    end("it is gone");
    return;
  }
  if (!way_.follow && share_ == 0) share_ = unread->bytes;
  for (;;) {
    std::array<std::span<const std::byte>, kPieces> pieces;
    const auto count = engine_.stack().peek(id_, pieces);
    if (!count) {
      end(to_string(count.error()));
      return;
    }
    if (*count == 0) {
      if (!unread->fin_received) return;
      peer_closed_ = true;
      client_has_all();
      return;
    }
    std::array<iovec, kPieces> vectors;
    std::uint64_t room = way_.follow ? UINT64_MAX : share_ - received_;
    std::size_t used = 0;
    for (; used < *count && room > 0; ++used) {
      const std::size_t length =
          static_cast<std::size_t>(std::min<std::uint64_t>(pieces[used].size(), room));
      vectors[used] = {const_cast<std::byte*>(pieces[used].data()), length};
      room -= length;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    const ssize_t n = ::sendmsg(ours_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      client_blocks_ = true;
      return;
    }
    if (n < 0 && way_.resets) return end(std::strerror(errno));
    if (n < 0) {
      // The client has closed its end. Unread bytes stay in the receive queue.
      client_has_all();
      return;
    }
    received_ += static_cast<std::uint64_t>(n);
    (void)engine_.stack().consume(id_, static_cast<std::uint32_t>(n));
    if (!way_.follow && received_ == share_) {
      const auto left = engine_.stack().unread(id_);
      peer_closed_ = left && left->bytes == 0 && left->fin_received;
      client_has_all();
      return;
    }
  }
}

void Relay::client_has_all() {
  to_client_done_ = true;
  client_blocks_ = false;
  ::shutdown(ours_.get(), SHUT_WR);
}

// ---- The end ----

void Relay::finish() {
  // A client that relayed both directions is done with the connection.
  if (way_.to_peer && way_.to_client) (void)engine_.stack().close(id_);
  end("");
}

void Relay::end(std::string failure) {
  if (std::exchange(ended_, true)) return;
  io_.stop();
  if (way_.resets) {
    const bool reset = !failure.empty();
    if (reset) (void)engine_.stack().abort(id_);
    // Also of a socket whose other holder has chosen to linger: close() must not wait.
    const linger at_once{.l_onoff = reset, .l_linger = 0};
    (void)::setsockopt(ours_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ours_.reset();
  ended_callback_(*this, {sent_, received_, peer_closed_, std::move(failure)});
}

}  // namespace conker::daemon
