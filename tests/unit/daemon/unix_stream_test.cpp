// The stream link: framing, peers that connect and disconnect, and peers that misbehave.
#include "daemon/links/unix_stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "daemon/unix_socket.hpp"
#include "tests/support/scratch.hpp"

namespace conker::daemon {
namespace {

Instant at(Duration since_start) {
  return Instant(since_start);
}

config::Link link_named(const std::string& name) {
  config::Link link;
  link.name = name;
  return link;
}

bool send(Device& device, std::initializer_list<std::string_view> texts, Instant now) {
  std::vector<std::span<const std::byte>> parts;
  for (const std::string_view text : texts) parts.push_back(std::as_bytes(std::span(text)));
  return device.send(FrameOut{parts}, now);
}

std::string text_of(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// All frames that a device has received, as text.
std::vector<std::string> drain(Device& device, Instant now) {
  std::vector<std::string> frames;
  std::array<FrameIn, 16> batch;
  for (std::size_t count; (count = device.receive(batch, now)) > 0;) {
    for (std::size_t i = 0; i < count; ++i) frames.push_back(text_of(batch[i].bytes));
  }
  return frames;
}

void write_all(int fd, std::string_view bytes) {
  ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::string read_some(int fd) {
  std::string bytes(1 << 20, '\0');
  const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

class UnixStream : public testing::Test {
 protected:
  test::Scratch scratch_;
  std::string path_ = scratch_ / "link.sock";
  config::Unix listen_{{path_}, config::Unix::Mode::kListen};
  config::Unix connect_{{path_}, config::Unix::Mode::kConnect};
};

TEST_F(UnixStream, TwoDevicesPassFramesBothWays) {
  UnixStreamDevice a(link_named("a"), listen_), b(link_named("b"), connect_);
  EXPECT_TRUE(drain(b, at(0s)).empty());
  EXPECT_TRUE(drain(a, at(0s)).empty());
  EXPECT_TRUE(send(a, {"head", "", "tail"}, at(0s)));
  EXPECT_TRUE(send(a, {"two"}, at(0s)));
  a.flush(at(0s));
  EXPECT_EQ(drain(b, at(0s)), (std::vector<std::string>{"headtail", "two"}));
  EXPECT_TRUE(send(b, {"back"}, at(0s)));
  b.flush(at(0s));
  EXPECT_EQ(drain(a, at(0s)), std::vector<std::string>{"back"});
  EXPECT_EQ(a.counters().frames_out, 2u);
  EXPECT_EQ(a.counters().frames_in, 1u);
  EXPECT_EQ(b.counters().bytes_in, 11u);
}

TEST_F(UnixStream, TheWireIsALengthInFourBytesBigEndian) {
  UnixStreamDevice device(link_named("a"), listen_);
  const Descriptor peer = connect_to(path_);
  drain(device, at(0s));
  send(device, {"abc"}, at(0s));
  device.flush(at(0s));
  EXPECT_EQ(read_some(peer.get()), std::string("\0\0\0\3abc", 7));
}

TEST_F(UnixStream, FramesArriveInPiecesOfAnySize) {
  UnixStreamDevice device(link_named("a"), listen_);
  const Descriptor peer = connect_to(path_);
  const std::string wire("\0\0\0\2hi\0\0\0\5there", 15);
  std::vector<std::string> frames;
  for (const char byte : wire) {
    write_all(peer.get(), std::string_view(&byte, 1));
    for (const auto& frame : drain(device, at(0s))) frames.push_back(frame);
  }
  EXPECT_EQ(frames, (std::vector<std::string>{"hi", "there"}));
}

TEST_F(UnixStream, MoreFramesThanABatchArriveInSeveral) {
  UnixStreamDevice device(link_named("a"), listen_);
  const Descriptor peer = connect_to(path_);
  for (int i = 0; i < 100; ++i) write_all(peer.get(), std::string_view("\0\0\0\1x", 5));
  EXPECT_EQ(drain(device, at(0s)).size(), 100u);
}

TEST_F(UnixStream, AnInvalidLengthDisconnectsThePeerAfterEarlierFrames) {
  static_assert(kMaxFrame + 1 == 0x10016);
  for (const auto& absurd :
       {std::string("\xff\xff\xff\xff", 4), std::string(4, '\0'), std::string("\0\1\0\x16", 4)}) {
    UnixStreamDevice device(link_named("a"), listen_);
    const Descriptor peer = connect_to(path_);
    write_all(peer.get(), std::string_view("\0\0\0\1x", 5));
    write_all(peer.get(), absurd);
    EXPECT_EQ(drain(device, at(0s)), std::vector<std::string>{"x"});
    EXPECT_EQ(device.counters().bad_lengths, 1u);
    EXPECT_EQ(device.counters().disconnects, 1u);
    const Descriptor next = connect_to(path_);
    write_all(next.get(), std::string_view("\0\0\0\1y", 5));
    EXPECT_EQ(drain(device, at(0s)), std::vector<std::string>{"y"});
  }
}

TEST_F(UnixStream, TheLongestFramePasses) {
  UnixStreamDevice a(link_named("a"), listen_), b(link_named("b"), connect_);
  drain(b, at(0s));
  drain(a, at(0s));
  const std::string longest(kMaxFrame, 'l');
  EXPECT_TRUE(send(a, {longest}, at(0s)));
  std::vector<std::string> frames;
  for (int i = 0; i < 10 && frames.empty(); ++i) {
    a.flush(at(0s));
    frames = drain(b, at(0s));
  }
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0], longest);
  EXPECT_TRUE(send(a, {longest, "x"}, at(0s)));
  EXPECT_EQ(a.counters().out_dropped, 1u);
}

TEST_F(UnixStream, WithoutAPeerFramesAreDroppedAndCounted) {
  UnixStreamDevice device(link_named("a"), listen_);
  EXPECT_TRUE(send(device, {"lost"}, at(0s)));
  EXPECT_EQ(device.counters().out_down, 1u);
  EXPECT_FALSE(device.wants_write());
}

TEST_F(UnixStream, APeerThatDoesNotReadMakesTheLinkBusy) {
  UnixStreamDevice device(link_named("a"), listen_);
  const Descriptor peer = connect_to(path_);
  drain(device, at(0s));
  const std::string frame(1000, 'f');
  std::size_t taken = 0;
  while (send(device, {frame}, at(0s))) ++taken;
  EXPECT_TRUE(device.wants_write());
  EXPECT_GT(device.counters().busy, 0u);
  std::size_t bytes = 0;
  for (int i = 0; i < 1000 && bytes < taken * 1004; ++i) {
    bytes += read_some(peer.get()).size();
    device.flush(at(0s));
  }
  EXPECT_EQ(bytes, taken * 1004);
  EXPECT_FALSE(device.wants_write());
  EXPECT_TRUE(send(device, {frame}, at(0s)));
}

TEST_F(UnixStream, ConnectIsRetriedEverySecond) {
  UnixStreamDevice device(link_named("b"), connect_);
  drain(device, at(0s));
  EXPECT_EQ(device.next_deadline(), at(1s));
  EXPECT_EQ(device.fd(), -1);
  const Descriptor listener = listen_at(path_, 0600, 1);
  drain(device, at(999ms));
  EXPECT_EQ(device.counters().connects, 0u);
  drain(device, at(1s));
  EXPECT_EQ(device.counters().connects, 1u);
  EXPECT_EQ(device.next_deadline(), kNever);
  EXPECT_GE(device.fd(), 0);
}

TEST_F(UnixStream, ALostConnectionIsRetried) {
  UnixStreamDevice device(link_named("b"), connect_);
  Descriptor listener = listen_at(path_, 0600, 1);
  drain(device, at(0s));
  const std::uint32_t epoch = device.fd_epoch();
  Descriptor(::accept4(listener.get(), nullptr, nullptr, 0)).reset();
  drain(device, at(10s));
  EXPECT_EQ(device.counters().disconnects, 1u);
  EXPECT_NE(device.fd_epoch(), epoch);
  EXPECT_EQ(device.next_deadline(), at(11s));
  drain(device, at(11s));
  EXPECT_EQ(device.counters().connects, 2u);
}

TEST_F(UnixStream, APartialFrameOfADisconnectedPeerIsDropped) {
  UnixStreamDevice device(link_named("a"), listen_);
  Descriptor peer = connect_to(path_);
  write_all(peer.get(), std::string_view("\0\0\0\5ab", 6));
  EXPECT_TRUE(drain(device, at(0s)).empty());
  peer.reset();
  EXPECT_TRUE(drain(device, at(0s)).empty());
  peer = connect_to(path_);
  write_all(peer.get(), std::string_view("\0\0\0\1z", 5));
  EXPECT_EQ(drain(device, at(0s)), std::vector<std::string>{"z"});
}

TEST_F(UnixStream, ASecondPeerWaitsForTheFirstToGo) {
  UnixStreamDevice device(link_named("a"), listen_);
  Descriptor first = connect_to(path_);
  drain(device, at(0s));
  const Descriptor second = connect_to(path_);
  write_all(second.get(), std::string_view("\0\0\0\1s", 5));
  EXPECT_TRUE(drain(device, at(0s)).empty());
  first.reset();
  drain(device, at(0s));
  EXPECT_EQ(drain(device, at(0s)), std::vector<std::string>{"s"});
}

TEST_F(UnixStream, TheSocketFileGoesWithTheDevice) {
  struct stat status {};
  {
    UnixStreamDevice device(link_named("a"), listen_);
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
  }
  EXPECT_NE(::stat(path_.c_str(), &status), 0);
}

TEST(UnixSocket, AStaleFileIsReplacedALiveOneIsNot) {
  const test::Scratch scratch;
  const std::string path = scratch / "s";
  listen_at(path, 0600, 1).reset();  // the file stays
  const Descriptor listener = listen_at(path, 0640, 1);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_THROW(listen_at(path, 0600, 1), std::runtime_error);
  EXPECT_TRUE(connect_to(path)) << "the one that listens was not disturbed";
}

TEST(UnixSocket, AnotherKindOfFileIsKept) {
  const test::Scratch scratch;
  const std::string path = scratch / "file";
  Descriptor(::open(path.c_str(), O_CREAT | O_WRONLY, 0600)).reset();
  EXPECT_THROW(listen_at(path, 0600, 1), std::runtime_error);
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_THROW(listen_at(scratch / "no/such/directory", 0600, 1), std::runtime_error);
}

}  // namespace
}  // namespace conker::daemon
