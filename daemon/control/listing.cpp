#include "daemon/control/listing.hpp"

#include <deque>
#include <utility>

#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kHistory = 24;  // more state changes than an ordinary life has

/// Takes the rows of the page, counts all.
class Page {
 public:
  explicit Page(const ListRequest& request) : request_(request) {}

  bool wants(const char* state) const { return request_.state.empty() || request_.state == state; }
  /// `row` is only made for rows of the page.
  template <typename F>
  void add(F&& row) {
    if (total_ >= request_.offset && rows_.size() < request_.limit) rows_.push_back(row());
    ++total_;
  }
  json result() {
    const std::uint64_t end = request_.offset + rows_.size();
    const bool more = !rows_.empty() && end < total_;
    return {{"connections", std::move(rows_)},
            {"total", total_},
            {"next", more ? json(end) : json(nullptr)}};
  }

 private:
  const ListRequest& request_;
  json rows_ = json::array();
  std::uint64_t total_ = 0;
};

json row(const char* state, std::string local, json remote) {
  return {{"id", nullptr},
          {"state", state},
          {"local", std::move(local)},
          {"remote", std::move(remote)},
          {"age_ms", nullptr},
          {"remaining_ms", nullptr},
          {"send_queue", nullptr},
          {"receive_queue", nullptr}};
}

json row(State state, const FourTuple& tuple) {
  return row(to_string(state), to_text(tuple.local, tuple.local_port),
             to_text(tuple.remote, tuple.remote_port));
}

json options(const ConnectionInfo& info) {
  const auto shift = [&](std::uint8_t by) {
    return info.window_scaling ? json(by) : json(nullptr);
  };
  return {{"window_scale", {{"send", shift(info.snd_wscale)}, {"receive", shift(info.rcv_wscale)}}},
          {"timestamps", info.timestamps},
          {"sack", info.sack},
          {"ecn", info.ecn}};
}

json receiving(const ConnectionInfo& info) {
  json blocks = json::array();
  for (std::uint8_t i = 0; i < info.sack_count; ++i) {
    blocks.push_back({info.sack_blocks[i].left.value(), info.sack_blocks[i].right.value()});
  }
  return {{"limit", info.receive_limit},
          {"segment", info.rcv_mss},
          {"quick_acks", info.quick_acks},
          {"sack_blocks", std::move(blocks)}};
}

json last_icmp(const ConnectionInfo& info) {
  if (!info.last_icmp) return nullptr;
  return {{"type", info.last_icmp->type},
          {"code", info.last_icmp->code},
          {"from", to_text(info.last_icmp->from)},
          {"text", to_string(*info.last_icmp)}};
}

json keepalive(const ConnectionInfo& info) {
  if (info.keepalive.idle == Duration(0)) return nullptr;
  return {{"idle_ms", milliseconds(info.keepalive.idle)},
          {"interval_ms", milliseconds(info.keepalive.interval)},
          {"count", info.keepalive.count},
          {"unanswered", info.keepalive_unanswered}};
}

json history(const Stack& stack, ConnectionId id) {
  std::deque<Transition> last;
  stack.tcp().for_each_transition([&](const Transition& transition) {
    if (!(transition.id == id)) return;
    last.push_back(transition);
    if (last.size() > kHistory) last.pop_front();
  });
  json list = json::array();
  for (const Transition& transition : last) {
    list.push_back({{"ago_ms", milliseconds(stack.now() - transition.at)},
                    {"from", to_string(transition.from)},
                    {"to", to_string(transition.to)},
                    {"cause", to_string(transition.cause)}});
  }
  return list;
}

}  // namespace

json list_connections(const Stack& stack, const ListRequest& request) {
  Page page(request);
  const Tcp& tcp = stack.tcp();
  if (page.wants(to_string(State::kListen))) {
    tcp.for_each_listener([&](const ListenerInfo& info) {
      page.add([&] { return row(to_string(State::kListen), to_text(info.local), nullptr); });
    });
  }
  tcp.for_each_connection([&](const ConnectionInfo& info) {
    if (!page.wants(to_string(info.state))) return;
    page.add([&] {
      json entry = row(info.state, info.tuple);
      entry["id"] = to_text(info.id);
      entry["age_ms"] = milliseconds(info.age);
      entry["send_queue"] = info.send_queue;
      entry["receive_queue"] = info.receive_queue;
      return entry;
    });
  });
  if (page.wants(to_string(State::kSynReceived))) {
    tcp.for_each_half_open([&](const HalfOpenInfo& info) {
      page.add([&] {
        json entry = row(State::kSynReceived, info.tuple);
        entry["age_ms"] = milliseconds(info.age);
        return entry;
      });
    });
  }
  if (page.wants(to_string(State::kTimeWait))) {
    tcp.for_each_time_wait([&](const TimeWaitInfo& info) {
      page.add([&] {
        json entry = row(State::kTimeWait, info.tuple);
        entry["remaining_ms"] = milliseconds(info.remaining);
        return entry;
      });
    });
  }
  return page.result();
}

json show_connection(const Stack& stack, const ConnectionInfo& info) {
  const Instant now = stack.now();
  const auto microseconds = [&](Duration duration) {
    return info.rtt_measured ? json(duration.count()) : json(nullptr);
  };
  return {
      {"id", to_text(info.id)},
      {"state", to_string(info.state)},
      {"owner", to_text(owner_of(info.cookie))},
      {"local", to_text(info.tuple.local, info.tuple.local_port)},
      {"remote", to_text(info.tuple.remote, info.tuple.remote_port)},
      {"opened_by", info.passive ? "peer" : "us"},
      {"reason",
       info.reason == CloseReason::kNotClosed ? json(nullptr) : json(to_string(info.reason))},
      {"application_closed", info.application_closed},
      {"age_ms", milliseconds(info.age)},
      {"queues",
       {{"send", info.send_queue},
        {"receive", info.receive_queue},
        {"out_of_order", info.out_of_order}}},
      {"sequence",
       {{"iss", info.iss.value()},
        {"irs", info.irs.value()},
        {"snd_una", info.snd_una.value()},
        {"snd_nxt", info.snd_nxt.value()},
        {"rcv_nxt", info.rcv_nxt.value()}}},
      {"windows",
       {{"snd_wnd", info.snd_wnd},
        {"rcv_wnd", info.rcv_wnd},
        {"cwnd", info.cwnd},
        {"ssthresh", info.ssthresh},
        {"mss", info.mss}}},
      {"rtt",
       {{"srtt", microseconds(info.srtt)},
        {"rttvar", microseconds(info.rttvar)},
        {"rto", info.rto.count()}}},
      {"options", options(info)},
      {"receiving", receiving(info)},
      {"keepalive", keepalive(info)},
      {"user_timeout_ms",
       info.user_timeout == Duration(0) ? json(nullptr) : json(milliseconds(info.user_timeout))},
      {"last_icmp", last_icmp(info)},
      {"retransmits", info.retransmits},
      {"retransmits_by_cause",
       {{"lost", info.resent_lost},
        {"timeout", info.resent_timeout},
        {"probe", info.resent_probe}}},
      {"congestion", to_string(info.congestion)},
      {"scoreboard", info.tracked ? json{{"pipe", info.pipe},
                                         {"sacked", info.sacked},
                                         {"lost", info.lost},
                                         {"recovering", info.recovering}}
                                  : json(nullptr)},
      {"bytes", {{"sent", info.bytes_sent}, {"received", info.bytes_received}}},
      {"timers",
       {{"retransmit", until(info.retransmit_at, now)},
        {"persist", until(info.persist_at, now)},
        {"connect_timeout", until(info.connect_timeout_at, now)},
        {"fin_wait_2", until(info.fin_wait_2_at, now)},
        {"delayed_ack", until(info.delayed_ack_at, now)},
        {"keepalive", until(info.keepalive_at, now)},
        {"user_timeout", until(info.user_timeout_at, now)},
        {"linger", until(info.linger_at, now)}}},
      {"history", history(stack, info.id)},
  };
}

}  // namespace conker::daemon
