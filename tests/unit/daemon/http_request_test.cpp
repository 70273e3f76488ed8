// Requests as they come from a connection, whole, in pieces, and as no client sends them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/http/request.hpp"

namespace conker::daemon {
namespace {

using Method = HttpRequest::Method;
using ReadState = RequestReader::State;

std::size_t give(RequestReader& reader, std::string_view text) {
  return reader.take(std::as_bytes(std::span(text)));
}

/// The status by which a request is refused; 200 for one that is not, 0 for one that is incomplete.
int status_of(std::string_view text) {
  RequestReader reader;
  give(reader, text);
  if (reader.state() == ReadState::kBad) return reader.status();
  return reader.state() == ReadState::kComplete ? 200 : 0;
}

constexpr std::string_view kGet = "GET /metrics HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n";

TEST(HttpRequestTest, IsReadWholeOrByteByByte) {
  for (const std::size_t step : {kGet.size(), std::size_t{1}}) {
    RequestReader reader;
    for (std::size_t at = 0; at < kGet.size(); at += step) {
      ASSERT_EQ(reader.state(), ReadState::kIncomplete);
      EXPECT_EQ(give(reader, kGet.substr(at, step)), step);
    }
    ASSERT_EQ(reader.state(), ReadState::kComplete);
    EXPECT_EQ(reader.request().method, Method::kGet);
    EXPECT_EQ(reader.request().path, "/metrics");
    EXPECT_TRUE(reader.request().keep_alive);
  }
}

TEST(HttpRequestTest, TakesNothingOfTheNextOne) {
  RequestReader reader;
  give(reader, kGet.substr(0, 10));
  const std::string rest = std::string(kGet.substr(10)) + "HEAD / HTTP/1.0\r\n\r\n";
  EXPECT_EQ(give(reader, rest), kGet.size() - 10);
  ASSERT_EQ(reader.state(), ReadState::kComplete);
  reader.next();
  EXPECT_TRUE(reader.empty());
  give(reader, rest.substr(kGet.size() - 10));
  ASSERT_EQ(reader.state(), ReadState::kComplete);
  EXPECT_EQ(reader.request().method, Method::kHead);
  EXPECT_EQ(reader.request().path, "/");
  EXPECT_FALSE(reader.request().keep_alive);
}

TEST(HttpRequestTest, PathIsWithoutAuthorityAndQuery) {
  for (const auto& [target, path] : {std::pair{"/a?b=/c", "/a"},
                                     {"http://x:80/a/b?c", "/a/b"},
                                     {"http://x", "/"},
                                     {"/?http://x/y", "/"},
                                     {"*", "*"}}) {
    RequestReader reader;
    give(reader, std::string("GET ") + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_EQ(reader.state(), ReadState::kComplete) << target;
    EXPECT_EQ(reader.request().path, path) << target;
  }
}

TEST(HttpRequestTest, OtherMethodsAreRequestsAndTheirBodiesAreNotRead) {
  EXPECT_EQ(status_of("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"), 405);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"), 405);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"), 413);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), 413);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 200);
}

TEST(HttpRequestTest, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(status_of(std::string("\0\x16\x03\x01 not HTTP at all\r\n\r\n", 24)), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);  // RFC 9112, 3.2: without Host
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400);
  EXPECT_EQ(
      status_of("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
      400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n"), 0);
}

TEST(HttpRequestTest, HoldsEightKibibytesAtMost) {
  RequestReader reader;
  std::size_t taken = give(reader, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
  const std::string endless(1000, 'a');
  while (reader.state() == ReadState::kIncomplete) taken += give(reader, endless);
  EXPECT_EQ(reader.status(), 431);
  EXPECT_LE(taken, RequestReader::kMaxBytes);
  EXPECT_EQ(status_of(std::string(100'000, 'A')), 431);
}

}  // namespace
}  // namespace conker::daemon
