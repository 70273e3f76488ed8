// The log's sinks: they never wait, and lost lines are counted and reported.
#include "daemon/log_sinks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

#include "daemon/log_field.hpp"
#include "tests/support/scratch.hpp"

namespace conker::daemon {
namespace {

void log(LossySink& sink, const std::string& text) {
  sink.log(spdlog::details::log_msg("conkerd", spdlog::level::info, text));
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Reads what a descriptor has, without waiting for more.
std::string drained(int fd) {
  std::string all;
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    const ssize_t got = n >= 0 ? n : ::read(fd, bytes.data(), bytes.size());
    if (got <= 0) return all;
    all.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

/// Logs more than a pipe or socket holds while no reader reads; then reads it.
void lose_and_catch_up(int reader, int writer) {
  StreamSink sink(writer);
  sink.set_pattern("%v");
  int told = 0;
  sink.on_loss([&] { ++told; });
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) log(sink, line);
  EXPECT_GT(sink.lost(), 1000u);
  EXPECT_GE(told, 1);
  EXPECT_FALSE(sink.catch_up());
  const std::string before = drained(reader);
  EXPECT_TRUE(sink.catch_up());
  EXPECT_TRUE(sink.catch_up()) << "said once";
  log(sink, "after");
  const std::string all = before + drained(reader);
  // Each line is whole, or lost and counted. A short line may have room where a long one has not.
  std::istringstream lines(all);
  std::uint64_t said = 0, whole = 0;
  std::string last;
  for (std::string one; std::getline(lines, one); last = one) {
    if (one.find(" of the log w") != std::string::npos) said += std::stoull(one);
    whole += one == line ? 1 : 0;
  }
  EXPECT_EQ(said, sink.lost());
  EXPECT_EQ(whole + sink.lost(), 2000u);
  EXPECT_EQ(last, "after");
  EXPECT_EQ(::fcntl(writer, F_GETFL) & O_NONBLOCK, 0) << "the description is others' too";
}

TEST(LogSinksTest, AFullPipeDoesNotBlock) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor reader(ends[0]), writer(ends[1]);
  ASSERT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
  lose_and_catch_up(reader.get(), writer.get());
}

TEST(LogSinksTest, AFullSocketDoesNotBlock) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor reader(ends[0]), writer(ends[1]);
  ASSERT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
  lose_and_catch_up(reader.get(), writer.get());
}

TEST(LogSinksTest, LinesWithoutAReaderAreCounted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor writer(ends[1]);
  ::close(ends[0]);
  StreamSink sink(writer.get());
  log(sink, "one");
  log(sink, "two");
  EXPECT_EQ(sink.lost(), 2u);
}

TEST(LogSinksTest, LinesLostToAFullDiskAreCounted) {
  StreamSink sink(std::string("/dev/full"));
  log(sink, "one");
  EXPECT_EQ(sink.lost(), 1u);
  EXPECT_FALSE(sink.catch_up());
}

TEST(LogSinksTest, AFileIsReopened) {
  const test::Scratch scratch;
  const std::string path = scratch / "log";
  StreamSink sink(path);
  sink.set_pattern("%v");
  log(sink, "one");
  ASSERT_EQ(::rename(path.c_str(), (path + ".1").c_str()), 0);
  log(sink, "two");
  EXPECT_EQ(sink.reopen(), "");
  log(sink, "three");
  EXPECT_EQ(contents(path + ".1"), "one\ntwo\n");
  EXPECT_EQ(contents(path), "three\n");
  // logrotate's copytruncate: the next line is at the file's beginning.
  ASSERT_EQ(::truncate(path.c_str(), 0), 0);
  log(sink, "four");
  EXPECT_EQ(contents(path), "four\n");
}

TEST(LogSinksTest, AFileThatCannotBeReopenedStaysInUse) {
  const test::Scratch scratch;
  const std::string path = scratch / "log";
  StreamSink sink(path);
  sink.set_pattern("%v");
  ASSERT_EQ(::rename(path.c_str(), (path + ".1").c_str()), 0);
  std::filesystem::create_directory(path);
  EXPECT_EQ(sink.reopen(), path + ": Is a directory");
  log(sink, "one");
  EXPECT_EQ(contents(path + ".1"), "one\n");
}

TEST(LogSinksTest, TheJournalDoesNotBlock) {
  const test::Scratch scratch;
  const std::string path = scratch / "journal";
  EXPECT_THROW(JournalSink{path}, std::runtime_error);
  const Descriptor journal(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(journal.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  JournalSink sink(path);
  {
    const LogField strike("CONKER_STRIKE", "7");
    const LogField peer("CONKER_PEER", "10.0.0.1:9\nMESSAGE=forged");
    log(sink, "two\nlines");
  }
  for (int i = 0; i < 2000; ++i) log(sink, "two\nlines");
  EXPECT_GT(sink.lost(), 0u);
  std::array<char, 1024> entry{};
  using namespace std::string_literals;
  const std::string head = "SYSLOG_IDENTIFIER=conkerd\nPRIORITY=6\n",
                    text = "MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n"s;
  for (const std::string fields :
       {"CONKER_STRIKE=7\nCONKER_PEER=10.0.0.1:9 MESSAGE=forged\n", ""}) {
    const ssize_t n = ::recv(journal.get(), entry.data(), entry.size(), 0);
    ASSERT_GT(n, 0);
    EXPECT_EQ(std::string(entry.data(), static_cast<std::size_t>(n)), head + fields + text);
  }
}

}  // namespace
}  // namespace conker::daemon
