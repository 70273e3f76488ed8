#include "daemon/control/listing.hpp"

#include <utility>

#include "daemon/text.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

using protocol::List;

constexpr std::size_t kHistory = 24;  // state changes; a usual connection has fewer

constexpr std::int64_t milliseconds(Duration duration) {
  return duration.count() / 1000;
}

/// Keeps the rows of the requested page and counts all rows.
class Page {
 public:
  explicit Page(const List::Parameters& request) : request_(request) {}

  bool wants(State state) const { return !request_.state || *request_.state == state; }
  /// Calls `row` only for rows of the page.
  template <typename F>
  void add(F&& row) {
    if (page_.total >= request_.offset && page_.connections.size() < request_.limit) {
      page_.connections.push_back(row());
    }
    ++page_.total;
  }
  List::Result result() && {
    const std::uint64_t end = request_.offset + page_.connections.size();
    if (!page_.connections.empty() && end < page_.total) page_.next = end;
    return std::move(page_);
  }

 private:
  const List::Parameters& request_;
  List::Result page_;
};

List::Row row_of(State state, const FourTuple& tuple) {
  List::Row row;
  row.state = state;
  row.local = to_string(Endpoint{tuple.local, tuple.local_port});
  row.remote = to_string(Endpoint{tuple.remote, tuple.remote_port});
  return row;
}

List::Row row_of(const ConnectionInfo& info) {
  List::Row row = row_of(info.state, info.tuple);
  row.id = to_string(info.id);
  row.age_ms = milliseconds(info.age);
  row.send_queue = info.send_queue;
  row.receive_queue = info.receive_queue;
  return row;
}

std::vector<protocol::Show::Change> history(const Stack& stack, ConnectionId id) {
  std::vector<protocol::Show::Change> last;
  stack.tcp().for_each_transition([&](const Transition& transition) {
    if (!(transition.id == id)) return;
    if (last.size() == kHistory) last.erase(last.begin());
    last.push_back({milliseconds(stack.now() - transition.at), transition.from, transition.to,
                    to_string(transition.cause)});
  });
  return last;
}

}  // namespace

List::Result list_connections(const Stack& stack, const List::Parameters& request) {
  Page page(request);
  const Tcp& tcp = stack.tcp();
  if (page.wants(State::kListen)) {
    tcp.for_each_listener([&](const ListenerInfo& info) {
      page.add([&] {
        List::Row row;
        row.state = State::kListen;
        row.local = to_string(info.local);
        return row;
      });
    });
  }
  tcp.for_each_connection([&](const ConnectionInfo& info) {
    if (page.wants(info.state)) page.add([&] { return row_of(info); });
  });
  if (page.wants(State::kSynReceived)) {
    tcp.for_each_half_open([&](const HalfOpenInfo& info) {
      page.add([&] {
        List::Row row = row_of(State::kSynReceived, info.tuple);
        row.age_ms = milliseconds(info.age);
        return row;
      });
    });
  }
  if (page.wants(State::kTimeWait)) {
    tcp.for_each_time_wait([&](const TimeWaitInfo& info) {
      page.add([&] {
        List::Row row = row_of(State::kTimeWait, info.tuple);
        row.remaining_ms = milliseconds(info.remaining);
        return row;
      });
    });
  }
  return std::move(page).result();
}

protocol::Show::Result show_connection(const Stack& stack, const ConnectionInfo& info,
                                       const char* owner) {
  return {info, owner, {history(stack, info.id)}};
}

}  // namespace conker::daemon
