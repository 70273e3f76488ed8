#include "daemon/control/evidence.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <algorithm>
#include <utility>

#include "protocol/text.hpp"

namespace conker::daemon {
namespace {

/// Room for the block that ends the file, and for what surrounds a frame.
constexpr std::uint64_t kReserve = 1024;

std::string comment_of(const verdict::Judge::Found& found, const char* because) {
  const verdict::RuleInfo& rule = verdict::info_of(found.finding.rule);
  StringPrinter out;
  out << "conker: " << verdict::to_string(rule.severity()) << " " << rule.name << " ("
      << rule.section << "): " << rule.text << "; cycle " << found.connection << "; expected ";
  out.plain(found.finding.expected) << ", seen ";
  out.plain(found.finding.seen) << " (" << rule.unit << ")";
  if (because != nullptr) out << "; inconclusive: " << because;
  return std::move(out).text();
}

}  // namespace

Evidence::Evidence(Descriptor file, std::int64_t epoch_us, std::uint64_t max_bytes,
                   verdict::Opener opener)
    : file_(std::move(file)),
      epoch_us_(epoch_us),
      max_bytes_(max_bytes),
      opener_(opener),
      frames_(kRingBytes, opener) {}

bool Evidence::begin(std::string_view parameters, std::string_view link, std::string_view device,
                     Instant now) {
  began_ = now;
  utsname host{};
  ::uname(&host);
  const std::string os = fmt::format("{} {}", host.sysname, host.release);
  const bool begun = file_.truncate(0) &&
                     pcapng_.section({host.machine, os, "conker " CONKER_VERSION, parameters}) &&
                     pcapng_.interface(link, device);
  if (begun) flush();
  if (error_.empty()) error_ = file_.error();
  return error_.empty();
}

void Evidence::on_frame(const ObservedFrame& frame, Instant now) {
  settle();
  frames_.add(frame, now);
}

void Evidence::on_finding(const verdict::Judge::Found& found, const char* because) {
  unsigned& count = counts_[static_cast<std::size_t>(found.finding.rule)][because != nullptr];
  if (count == kEach || !error_.empty()) return;
  ++count;
  const FourTuple& tuple = found.finding.tuple;
  // The frames know no zones.
  const Endpoint peer{tuple.local.without_zone(), tuple.local_port};
  const Endpoint ours{tuple.remote.without_zone(), tuple.remote_port};
  const verdict::Exchange exchange = opener_ == verdict::Opener::kWe
                                         ? verdict::Exchange{ours, peer.address}
                                         : verdict::Exchange{peer, ours.address};
  if (exchange_ && *exchange_ != exchange) settle();
  comments_.push_back(comment_of(found, because));
  exchange_ = exchange;
}

void Evidence::tick() {
  settle();
  if (written_.frames != flushed_.frames) flush();
}

void Evidence::end(Instant now) {
  settle();
  if (!file_.error().empty()) return;
  pcapng_.statistics({.at_us = epoch(now),
                      .begin_us = epoch(began_),
                      .end_us = epoch(now),
                      .received = frames_.end(),
                      .delivered = written_.frames});
  flush();
}

protocol::Strike::Evidence Evidence::result() const {
  protocol::Strike::Evidence result{flushed_.findings, flushed_.frames, flushed_.bytes, {}};
  if (!error_.empty()) result.error = error_;
  return result;
}

/// Writes the newest frame where somebody waits for it. Done when the judge has seen all of it, so
/// that it gets every comment.
void Evidence::settle() {
  if (exchange_) {
    if (frames_.first() != frames_.end()) write_finding(newest_of(*exchange_));
  } else if (!followed_.empty()) {
    follow(frames_.end() - 1);
  }
}

/// The newest frame of a connection: of what the strike finds in a payload, others may have come
/// since. The newest of all where it is forgotten.
Evidence::Number Evidence::newest_of(const verdict::Exchange& exchange) const {
  for (Number n = frames_.end(); n != frames_.first(); --n)
    if (frames_.exchange_of(n - 1) == exchange) return n - 1;
  return frames_.end() - 1;
}

void Evidence::write_finding(Number newest) {
  const verdict::Exchange exchange = *std::exchange(exchange_, std::nullopt);
  const Number context = newest - std::min<Number>(newest - frames_.first(), kBefore);
  write_before(newest, context, connections_since(context, exchange));
  std::vector<std::string> comments = std::exchange(comments_, {});
  const verdict::RecentFrames::Frame frame = frames_.at(newest);
  if (!frame.written) {
    write(newest, comments);
    comments.clear();
  }
  followed_.push_back({exchange, kAfter, frame.at + kAfterTime, std::move(comments)});
  flush();
}

/// The connection of a finding, and those that frames of the context belong to.
std::vector<Evidence::Connection> Evidence::connections_since(
    Number context, const verdict::Exchange& exchange) const {
  std::vector<Connection> connections{{exchange}};
  for (Number n = context; n != frames_.end(); ++n) {
    const auto other = frames_.exchange_of(n);
    if (other && std::ranges::find(connections, *other, &Connection::exchange) == connections.end())
      connections.push_back({*other});
  }
  frames_.find_begins(connections);
  return connections;
}

/// Writes the frames of the context, and of each connection all from its begin: a later finding
/// about it must not bring its first frames behind others of it.
void Evidence::write_before(Number newest, Number context,
                            std::span<const Connection> connections) {
  const Number begin = std::ranges::min(connections, {}, &Connection::begin).begin;
  for (Number n = std::min(context, begin); n != newest; ++n) {
    const auto of = std::ranges::find(connections, frames_.exchange_of(n), &Connection::exchange);
    if (n >= context || (of != connections.end() && n >= of->begin)) write(n);
  }
}

void Evidence::follow(Number newest) {
  const verdict::RecentFrames::Frame frame = frames_.at(newest);
  std::erase_if(followed_, [&](const Followed& f) { return f.left == 0 || f.until < frame.at; });
  if (frame.written) return;
  const auto of = std::ranges::find(followed_, frames_.exchange_of(newest), &Followed::exchange);
  if (of == followed_.end()) return;
  --of->left;
  write(newest, std::exchange(of->comments, {}));
}

void Evidence::write(Number number, std::span<const std::string> comments) {
  const verdict::RecentFrames::Frame frame = frames_.at(number);
  if (frame.written || !error_.empty()) return;
  if (file_.size() + frame.bytes.size() + 2 * kReserve > max_bytes_) {
    return fail(
        fmt::format("stopped at {} bytes: more findings follow in the report only", file_.size()));
  }
  // Whole blocks: the file can be read also when the daemon is killed.
  if (!file_.has_room(frame.bytes.size() + 4 * kReserve)) flush();
  frames_.mark_written(number);
  const std::array<std::span<const std::byte>, 1> parts{frame.bytes};
  const std::vector<std::string_view> views(comments.begin(), comments.end());
  if (pcapng_.packet({epoch(frame.at), frame.direction, views}, parts)) {
    ++written_.frames;
    written_.findings += comments.size();
  } else {
    fail(file_.error());
  }
}

void Evidence::flush() {
  if (!file_.flush()) return fail(file_.error());
  written_.bytes = file_.bytes();
  flushed_ = written_;
}

/// Nothing more is written but the end, where there is room for it. The file ends with the last
/// flush that succeeded: what is behind it may be half a block.
void Evidence::fail(const std::string& error) {
  if (!error_.empty()) return;
  error_ = error;
  if (!file_.error().empty()) file_.truncate(flushed_.bytes);
  spdlog::warn("strike: its evidence ends after {} bytes: {}", flushed_.bytes, error_);
}

}  // namespace conker::daemon
