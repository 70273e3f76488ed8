// The HTTP server: what it answers, and what clients that mean it harm can make it hold.
#include "tests/unit/daemon/http_scene.hpp"

namespace conker::daemon {
namespace {

using HttpServerTest = HttpScene;

std::size_t count_in(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  const ConnectionId client = connect();
  for (int i = 0; i < 3; ++i) {
    ask(client, "/");
    const std::string answer = heard(client);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\ncontent")) << answer;
    EXPECT_EQ(count_in(answer, "Content-Length: 7\r\n"), 1u) << answer;
  }
  ask(client, "/none");
  EXPECT_TRUE(heard(client).starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_EQ(counted().requests, 4u);
  EXPECT_EQ(counted().errors, 1u);
  EXPECT_EQ(counted().clients, 1u);
  EXPECT_FALSE(has_ended(client));
}

TEST_F(HttpServerTest, HeadHasNoContentAndOthersAreRefused) {
  start();
  const ConnectionId client = connect();
  ask(client, "/", "HEAD");
  const std::string head = heard(client);
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_EQ(count_in(head, "Content-Length: 7\r\n"), 1u) << head;
  ask(client, "/", "PUT");
  const std::string refused = heard(client);
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << refused;
  EXPECT_EQ(count_in(refused, "Allow: GET, HEAD\r\n"), 1u) << refused;
}

TEST_F(HttpServerTest, ClosesWhenAsked) {
  start();
  const ConnectionId client = connect();
  say(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count_in(heard(client), "Connection: close\r\n"), 1u);
  EXPECT_TRUE(has_ended(client));
  EXPECT_EQ(counted().clients, 1u) << "it waits for the client's FIN";
  EXPECT_EQ(right().close(client), Error::kOk);
  pass(10ms);
  EXPECT_EQ(counted().clients, 0u);
}

TEST_F(HttpServerTest, AnswersAClientThatHasClosedItsSide) {
  start();
  const ConnectionId client = connect();
  ask(client, "/");
  EXPECT_EQ(right().shutdown(client), Error::kOk);
  EXPECT_TRUE(heard(client).ends_with("content"));
  EXPECT_EQ(counted().clients, 0u);
}

TEST_F(HttpServerTest, AnswersManyRequestsOfOneSegmentInTheirOrder) {
  start();
  const ConnectionId client = connect();
  for (int i = 0; i < 100; ++i) ask(client, i == 99 ? "/none" : "/");
  const std::string answers = heard(client, 1s);
  EXPECT_EQ(count_in(answers, "HTTP/1.1 200 OK\r\n"), 99u);
  EXPECT_GT(answers.find("HTTP/1.1 404 "), answers.rfind("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, GarbageIsAnsweredOnceAndTheConnectionCloses) {
  start();
  const ConnectionId client = connect();
  say(client, "\x16\x03\x01 hello\r\n\r\n" + std::string(5000, 'x'));
  const std::string answer = heard(client);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_TRUE(has_ended(client));
  say(client, std::string(5000, 'x'));
  pass(10ms);
  EXPECT_EQ(counted().bad_requests, 1u);
  EXPECT_EQ(counted().requests, 0u);
  pass(6s);
  EXPECT_EQ(counted().clients, 0u) << "it does not wait for ever for the FIN";
}

TEST_F(HttpServerTest, ARequestThatComesSlowlyHasItsTime) {
  start();
  const ConnectionId drips = connect();
  for (int i = 0; i < 9; ++i) {
    say(drips, i == 0 ? "GET / HTTP/1.1\r\nX: " : "x");
    pass(1s);
  }
  EXPECT_FALSE(has_ended(drips));
  EXPECT_TRUE(heard(drips, 2s).starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(has_ended(drips));
  EXPECT_EQ(counted().slow_requests, 1u);

  const ConnectionId silent = connect();
  pass(9s);
  EXPECT_FALSE(has_ended(silent));
  pass(2s);
  EXPECT_TRUE(has_ended(silent));
  EXPECT_EQ(counted().slow_requests, 2u);
}

TEST_F(HttpServerTest, AnIdleClientHasItsTime) {
  start();
  const ConnectionId client = connect();
  ask(client, "/");
  EXPECT_FALSE(heard(client).empty());
  pass(59s);
  EXPECT_FALSE(has_ended(client));
  pass(2s);
  EXPECT_TRUE(has_ended(client));
  EXPECT_EQ(counted().slow_requests, 0u);
}

TEST_F(HttpServerTest, OthersThanThoseAllowedAreReset) {
  config_.allow = {Prefix{IpAddress::v4(10, 0, 0, 3), 32}};
  start();
  const ConnectionId client = connect();
  EXPECT_TRUE(was_reset(client));
  EXPECT_EQ(counted().refused, 1u);
  EXPECT_EQ(counted().clients, 0u);
}

TEST_F(HttpServerTest, WhoWaitsTheLongestMakesRoom) {
  start();
  const std::array first{connect(), connect(), connect(), connect()};
  EXPECT_TRUE(was_reset(connect())) << "nobody has been waited for long enough";
  EXPECT_EQ(counted().turned_away, 1u);
  ask(first[0], "/");
  pass(2s);
  const ConnectionId late = connect();
  EXPECT_FALSE(was_reset(late));
  EXPECT_FALSE(was_reset(first[0])) << "it was answered later than others came";
  EXPECT_TRUE(was_reset(first[1]));
  EXPECT_EQ(counted().made_room, 1u);
  EXPECT_EQ(counted().clients, 4u);
}

TEST_F(HttpServerTest, OneAddressHasItsShare) {
  config_.per_address = 2;
  start();
  connect();
  connect();
  EXPECT_TRUE(was_reset(connect()));
  EXPECT_EQ(counted().turned_away, 1u);
  EXPECT_EQ(counted().clients, 2u);
}

TEST_F(HttpServerTest, WhoDoesNotReadHoldsLittleAndIsReset) {
  content_.assign(1'000'000, 'x');
  start();
  const ConnectionId client = connect();
  for (int i = 0; i < 100; ++i) ask(client, "/");
  std::uint64_t most = 0;
  for (int i = 0; i < 59; ++i) {
    pass(1s);
    ConnectionInfo info;
    left().tcp().for_each_connection(
        [&](const ConnectionInfo& one) { most = std::max<std::uint64_t>(most, one.send_queue); });
  }
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, HttpClient::kMostHeld);
  EXPECT_FALSE(was_reset(client));
  EXPECT_EQ(counted().requests, 1u) << "the next one stays in the window";
  pass(2s);
  EXPECT_EQ(counted().unread, 1u);
  EXPECT_EQ(counted().clients, 0u);
}

TEST_F(HttpServerTest, ALongAnswerComesWhole) {
  content_.assign(1'000'000, 'x');
  start();
  const ConnectionId client = connect();
  ask(client, "/");
  const std::string answer = heard(client, 5s);
  EXPECT_EQ(count_in(answer, "Content-Length: 1000000\r\n"), 1u);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, content_.size());
}

TEST_F(HttpServerTest, StreamsAreToldEachSecond) {
  start();
  const std::array clients{connect(), connect(), connect()};
  for (const ConnectionId client : clients) ask(client, "/events");
  EXPECT_EQ(count_in(heard(clients[2]), "HTTP/1.1 503 "), 1u) << "http.streams is 2";
  pass(3500ms);
  EXPECT_EQ(events_made_, 3) << "once for all streams";
  EXPECT_EQ(count_in(heard(clients[0]), "data: 1\n\n"), 4u);
  const std::string heard_last = heard(clients[1]);
  EXPECT_EQ(count_in(heard_last, "data: 1\n\n"), 4u);
  EXPECT_EQ(count_in(heard_last, "Content-Length"), 0u);
  EXPECT_EQ(counted().streams, 2u);
  EXPECT_EQ(right().shutdown(clients[0]), Error::kOk);
  pass(10ms);
  EXPECT_EQ(counted().streams, 1u);
}

TEST_F(HttpServerTest, AStreamThatDoesNotReadSkipsEventsAndIsReset) {
  event_ = "data: " + std::string(50'000, 'x') + "\n\n";
  start();
  const ConnectionId client = connect();
  ask(client, "/events");
  pass(15s);
  EXPECT_EQ(counted().streams, 1u);
  EXPECT_GT(counted().events_skipped, 5u);
  pass(20s);
  EXPECT_EQ(counted().streams, 0u);
  EXPECT_EQ(counted().unread, 1u);
  EXPECT_TRUE(was_reset(client));
}

}  // namespace
}  // namespace conker::daemon
