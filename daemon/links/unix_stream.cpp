#include "daemon/links/unix_stream.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/unix_socket.hpp"

namespace conker::daemon {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kBuffer = 256 << 10;  // of each direction
static_assert(kBuffer > kLengthBytes + kMaxFrame);
constexpr Duration kReconnectAfter = 1s;
constexpr unsigned kMode = 0660;

std::size_t read_length(const std::byte* at) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length = length << 8 | std::to_integer<std::size_t>(at[i]);
  return length;
}

void write_length(std::byte* at, std::size_t length) {
  for (std::size_t i = kLengthBytes; i-- > 0; length >>= 8)
    at[i] = static_cast<std::byte>(length & 0xff);
}

/// Moves the bytes [begin, end) to the front.
void compact(std::byte* buffer, std::size_t& begin, std::size_t& end) {
  if (begin != 0 && begin != end) std::memmove(buffer, buffer + begin, end - begin);
  end -= begin;
  begin = 0;
}

}  // namespace

UnixStreamDevice::UnixStreamDevice(const config::Link& link, const config::Unix& settings)
    : name_(link.name),
      path_(settings.path.text),
      listens_(settings.mode == config::Unix::Mode::kListen),
      in_(std::make_unique<std::byte[]>(kBuffer)),
      out_(std::make_unique<std::byte[]>(kBuffer)) {
  if (!listens_) return;
  try {
    listener_ = listen_at(path_, kMode, 1);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("link " + name_ + ": " + error.what());
  }
  set_fd(listener_.get());
}

UnixStreamDevice::~UnixStreamDevice() {
  if (listener_) ::unlink(path_.c_str());
}

std::string UnixStreamDevice::description() const {
  return std::string("unix ") + (listens_ ? "listen " : "connect ") + path_ +
         (peer_ ? "" : " (no peer)");
}

Instant UnixStreamDevice::next_deadline() const {
  return listens_ || peer_ ? kNever : retry_at_;
}

bool UnixStreamDevice::find_peer(Instant now) {
  if (peer_) return true;
  look(now);
  if (listens_) {
    welcome(Descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)),
            now);
  } else if (now >= retry_at_) {
    retry_at_ = now + kReconnectAfter;
    welcome(connect_to(path_), now);
    if (!peer_ && !complained_) {
      complained_ = true;
      spdlog::warn("link {}: nobody listens on {} ({}); trying again every second", name_, path_,
                   std::generic_category().message(errno));
    }
  }
  return static_cast<bool>(peer_);
}

void UnixStreamDevice::welcome(Descriptor peer, Instant now) {
  if (!peer) return;
  peer_ = std::move(peer);
  set_fd(peer_.get());
  change_state(LinkState::kUp, now);
  complained_ = false;
  spdlog::info("link {}: connected over {}", name_, path_);
}

void UnixStreamDevice::lose_peer(Instant now, const std::string& why) {
  change_state(LinkState::kNoCarrier, now);
  spdlog::info("link {}: disconnected: {}", name_, why);
  peer_.reset();
  set_fd(listener_.get());
  in_begin_ = in_end_ = out_begin_ = out_end_ = 0;
  blocked_ = false;
  retry_at_ = now + kReconnectAfter;
}

std::size_t UnixStreamDevice::take_frames(std::span<FrameIn> batch, bool& absurd) {
  std::size_t count = 0;
  while (count < batch.size() && in_end_ - in_begin_ >= kLengthBytes) {
    const std::size_t length = read_length(&in_[in_begin_]);
    absurd = length == 0 || length > kMaxFrame;
    if (absurd || in_end_ - in_begin_ - kLengthBytes < length) break;
    batch[count++] = FrameIn{{&in_[in_begin_ + kLengthBytes], length}, ChecksumState::kUnknown};
    in_begin_ += kLengthBytes + length;
    ++counters_.frames_in;
    counters_.bytes_in += length;
  }
  return count;
}

std::size_t UnixStreamDevice::receive(std::span<FrameIn> batch, Instant now) {
  if (!find_peer(now)) return 0;
  bool absurd = false;
  std::size_t count = take_frames(batch, absurd);
  if (count == 0 && !absurd) {
    compact(in_.get(), in_begin_, in_end_);
    const ssize_t got = ::recv(peer_.get(), &in_[in_end_], kBuffer - in_end_, 0);
    if (got == 0) {
      lose_peer(now, "the peer closed");
      return 0;
    }
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) lose_peer(now, std::generic_category().message(errno));
      return 0;
    }
    in_end_ += static_cast<std::size_t>(got);
    count = take_frames(batch, absurd);
  }
  // Frames before the invalid length are good; the next call meets the length again.
  if (count == 0 && absurd) {
    ++counters_.bad_lengths;
    const std::size_t length = read_length(&in_[in_begin_]);
    lose_peer(now, "the peer announced a frame of " + std::to_string(length) +
                       " bytes; a frame has 1 to " + std::to_string(kMaxFrame) +
                       "; is it a conkerd?");
  }
  return count;
}

bool UnixStreamDevice::send(const FrameOut& frame, Instant now) {
  if (!peer_) {
    ++counters_.out_down;
    return true;
  }
  const std::size_t size = frame.size();
  if (size == 0 || size > kMaxFrame) {
    ++counters_.out_dropped;
    return true;
  }
  if (kBuffer - out_end_ < kLengthBytes + size) {
    flush(now);
    compact(out_.get(), out_begin_, out_end_);
    if (kBuffer - out_end_ < kLengthBytes + size) {
      ++counters_.busy;
      return false;
    }
  }
  write_length(&out_[out_end_], size);
  out_end_ += kLengthBytes;
  for (const auto part : frame.parts) {
    if (!part.empty()) std::memcpy(&out_[out_end_], part.data(), part.size());
    out_end_ += part.size();
  }
  ++counters_.frames_out;
  counters_.bytes_out += size;
  return true;
}

void UnixStreamDevice::flush(Instant) {
  blocked_ = false;
  while (peer_ && out_begin_ < out_end_) {
    const ssize_t put = ::send(peer_.get(), &out_[out_begin_], out_end_ - out_begin_, MSG_NOSIGNAL);
    if (put > 0) {
      out_begin_ += static_cast<std::size_t>(put);
    } else if (errno == EAGAIN) {
      blocked_ = true;
      return;
    } else if (errno != EINTR) {
      // The peer has disconnected. receive() will notice too, after the frames sent before.
      out_begin_ = out_end_;
    }
  }
  out_begin_ = out_end_ = 0;
}

}  // namespace conker::daemon
