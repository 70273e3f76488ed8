// How long a command waits for a daemon that has accepted it and answers nothing.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ctl/command.hpp"
#include "tests/support/scratch.hpp"

namespace conker::ctl {
namespace {

class CtlContext : public testing::Test {
 protected:
  void SetUp() override {
    context_.socket = scratch_ / "socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    context_.socket.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(silent_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(silent_.get(), 8), 0);
  }

  test::Scratch scratch_;
  OwnedFd silent_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Context context_;
};

TEST_F(CtlContext, ACommandThatIsAnsweredAtOnceDoesNotWaitForEver) {
  const int left = context_.connect().poll_timeout();
  EXPECT_TRUE(0 < left && left <= 30'000) << left << " ms";
  EXPECT_EQ(context_.connect_to_wait().poll_timeout(), -1) << "one that waits has no deadline";
}

TEST_F(CtlContext, TheTimeoutHoldsForBoth) {
  context_.timeout = 0.5;
  EXPECT_LE(context_.connect().poll_timeout(), 500);
  EXPECT_LE(context_.connect_to_wait().poll_timeout(), 500);
  EXPECT_GT(context_.connect_to_wait(100).poll_timeout(), 90'000) << "with its grace";
}

TEST_F(CtlContext, ADaemonThatTakesNoClientsIsNotWaitedForForEver) {
  context_.timeout = 0.1;
  ASSERT_EQ(::listen(silent_.get(), 0), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  context_.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  const OwnedFd first(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(first.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  try {
    (void)context_.connect();
    FAIL() << "connected";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit(), kExitTimedOut) << failure.what();
  }
}

}  // namespace
}  // namespace conker::ctl
