// The journal of a strike: lines in a file, and what becomes of those that the file does not take.
#include "daemon/control/journal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/scratch.hpp"

namespace conker::daemon {
namespace {

constexpr std::chrono::milliseconds kSoon{5000};

class JournalTest : public ::testing::Test {
 protected:
  Descriptor open(int flags = O_WRONLY | O_CREAT | O_APPEND) const {
    return Descriptor(::open(path().c_str(), flags | O_CLOEXEC, 0600));
  }
  std::string path() const { return scratch_ / "journal"; }
  std::string text() const {
    std::ifstream in(path());
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  test::Scratch scratch_;
};

TEST_F(JournalTest, LinesAreInTheFileInOrder) {
  Appender appender(open());
  for (const char* line : {"one", "two", "three"}) appender.append(line, 1s);
  EXPECT_TRUE(appender.settle(kSoon));
  EXPECT_EQ(text(), "one\ntwo\nthree\n");
  EXPECT_EQ(appender.counts().lines, 3u);
  EXPECT_EQ(appender.counts().lost, 0u);
}

TEST_F(JournalTest, WhatAFullDiskDoesNotTakeIsLostWithItsTime) {
  Appender appender{Descriptor(::open("/dev/full", O_WRONLY | O_APPEND | O_CLOEXEC))};
  appender.append("one", 3s);
  appender.append("two", 4s);
  EXPECT_TRUE(appender.settle(kSoon));
  const Appender::Counts counts = appender.counts();
  EXPECT_EQ(counts.lines, 0u);
  EXPECT_EQ(counts.lost, 2u);
  EXPECT_EQ(counts.lost_first, Duration(3s));
  EXPECT_EQ(counts.error, "No space left on device");
}

TEST_F(JournalTest, ALineIsInTheFileWholeOrNotAtAll) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Appender appender(open());
  appender.append("1234", 1s);
  appender.append("567890", 2s);  // 5 of its 7 bytes would fit
  appender.append("abc", 3s);
  EXPECT_TRUE(appender.settle(kSoon));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(text(), "1234\nabc\n");
  EXPECT_EQ(appender.counts().lost, 1u);
  EXPECT_EQ(appender.counts().lost_first, Duration(2s));
}

TEST_F(JournalTest, ADiskThatHangsHoldsUpNobodyAndItsLinesAreBounded) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);  // blocks when it is full, as such a disk does
  const Descriptor reader(ends[0]);
  Appender appender{Descriptor(ends[1])};
  const std::string line(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 6; ++i) appender.append(line, std::chrono::seconds(i));
  EXPECT_FALSE(appender.settle(std::chrono::milliseconds(1)));
  EXPECT_EQ(appender.counts().waiting, 3u);
  EXPECT_EQ(appender.counts().lost, 3u);
  EXPECT_EQ(appender.counts().lost_first, Duration(3s));
  EXPECT_EQ(appender.counts().error, "the disk does not take it in time");

  std::array<char, 65536> bytes;  // the disk goes on
  for (std::size_t left = 3 * (line.size() + 1); left > 0;) {
    const ssize_t n = ::read(reader.get(), bytes.data(), bytes.size());
    ASSERT_GT(n, 0);
    left -= static_cast<std::size_t>(n);
  }
  EXPECT_TRUE(appender.settle(kSoon));
  EXPECT_EQ(appender.counts().lines, 3u);
}

TEST_F(JournalTest, ALineIsAnObjectOfOneMember) {
  Journal journal(open());
  journal.begin({});
  journal.stopped(2s, "told to stop");
  journal.end({});
  EXPECT_TRUE(text().starts_with("{\"begin\":{\"version\":\"\"")) << text();
  EXPECT_NE(text().find("\n{\"stopped\":{\"at_s\":2.0,\"why\":\"told to stop\"}}\n{\"report\":{"),
            std::string::npos);
  EXPECT_TRUE(text().ends_with("}\n"));
  EXPECT_EQ(journal.result().lines, 3u);
}

TEST_F(JournalTest, TimesGoOnAfterEarlierParts) {
  Journal journal(open(), {.cycles = 100, .time = 10s});
  journal.stopped(2s, "");
  journal.end({});
  EXPECT_NE(text().find("\"at_s\":12.0"), std::string::npos) << text();
}

TEST_F(JournalTest, TheReportHasRoomWhereNothingElseHas) {
  Journal journal(open(), {}, 100'000);
  journal.stopped(2s, "no more");
  journal.end({});
  EXPECT_TRUE(text().starts_with("{\"report\":")) << text();
  EXPECT_EQ(journal.result().lost, 1u);
  EXPECT_EQ(journal.result().incomplete_from, Duration(2s));
  EXPECT_EQ(journal.result().error, "it has grown to its limit of 100000 bytes");
}

TEST_F(JournalTest, FilesThatAreRefused) {
  EXPECT_EQ(unfit_for_journal(Descriptor()),
            "a descriptor open for writing must come with the request");
  EXPECT_EQ(unfit_for_journal(open(O_WRONLY | O_CREAT)),
            "the journal's file is not open for appending");
  EXPECT_EQ(unfit_for_journal(open(O_RDONLY)), "the file of a journal is not open for writing");
  const Descriptor first = open();
  EXPECT_EQ(unfit_for_journal(first), "");
  EXPECT_EQ(unfit_for_journal(open()), "another strike is writing to it: wait for its end");
}

}  // namespace
}  // namespace conker::daemon
