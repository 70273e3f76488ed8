#include "stack/ip6/mld.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace conker {
namespace {

constexpr std::uint64_t kMldPurpose = 0x3810;

std::uint32_t heads_of(std::uint32_t groups) {
  return std::bit_ceil(std::max<std::uint32_t>(groups, 1));
}

}  // namespace

/// Collects records and sends them: reports of version 2, each as full as it can be, or for each
/// record a message of version 1. After kMessages of them it is full.
class MldListener::Report {
 public:
  Report(MldListener& listener, Instant now)
      : listener_(listener),
        source_(listener.host_.mld_source()),
        version1_(listener.version1(now)) {}

  bool full() const { return sent_ >= kMessages; }
  void add(MldRecord::Type type, const IpAddress& group) {
    if (version1_) return send_version1(type, group);
    records_[count_++] = {type, group.without_zone()};
    if (count_ == records_.size()) finish();
  }
  void finish() {
    if (count_ == 0) return;
    std::array<std::byte, mld_report_length(kRecords)> bytes;
    emit_mld_report(std::span(records_).first(count_), source_, bytes);
    send(kAllMld2Routers, std::span(bytes).first(mld_report_length(count_)));
    count_ = 0;
  }

 private:
  void send_version1(MldRecord::Type type, const IpAddress& group) {
    std::array<std::byte, kMld1Length> bytes;
    if (type == MldRecord::Type::kToInclude) {
      emit_mld1_done(group, source_, bytes);
      send(kAllRouters, bytes);
    } else {
      emit_mld1_report(group, source_, bytes);
      send(group.without_zone(), bytes);
    }
  }
  void send(const IpAddress& destination, std::span<const std::byte> message) {
    ++sent_;
    listener_.counters_.add(Count::mld_reports_out);
    listener_.host_.send_mld(destination, message);
  }

  MldListener& listener_;
  IpAddress source_;
  bool version1_;
  int sent_ = 0;
  std::array<MldRecord, kRecords> records_;
  std::size_t count_ = 0;
};

MldListener::MldListener(Arena& arena, std::uint32_t groups, MldHost& host, Counters& counters,
                         const SipKey& key)
    : groups_(arena.take<Group>(groups)),
      heads_(arena.take<std::uint32_t>(heads_of(groups))),
      host_(host),
      counters_(counters),
      random_(key, kMldPurpose) {}

// ---- The groups ----

/// Per RFC 3810, 6, no report names all nodes, or a group of scope 0 or of the interface.
bool MldListener::is_reported(const IpAddress& group) {
  return group.without_zone() != kAllNodes && group.scope() > Scope::kInterfaceLocal;
}

/// The hash needs no key: the host chooses its groups, by its addresses, whose last bits differ.
std::uint32_t& MldListener::head(const IpAddress& group) {
  return heads_[group.words()[3] & (heads_.size() - 1)];
}

/// The record of a group, counted from one; 0 where there is none.
std::uint32_t MldListener::find(const IpAddress& group) {
  for (std::uint32_t at = head(group); at != 0; at = groups_[at - 1].next) {
    if (groups_[at - 1].address == group) return at;
  }
  return 0;
}

bool MldListener::join(const IpAddress& group, Instant now) {
  if (!is_reported(group)) return true;
  std::uint32_t at = find(group);
  if (at == 0) {
    at = free_ != 0 ? free_ : fresh_ < groups_.size() ? ++fresh_ : 0;
    if (at == 0) return false;
    Group& fresh = groups_[at - 1];
    if (at == free_) free_ = fresh.next;
    fresh = Group{group, 0, head(group), 0, false};
    head(group) = at;
  }
  Group& record = groups_[at - 1];
  if (record.joined++ > 0) return true;
  ++count_;
  record.changes = robustness_;
  changes_at_ = std::min(changes_at_, now);
  return true;
}

void MldListener::leave(const IpAddress& group, Instant now) {
  const std::uint32_t at = find(group);
  if (at == 0 || groups_[at - 1].joined == 0 || --groups_[at - 1].joined > 0) return;
  --count_;
  groups_[at - 1].asked = false;
  groups_[at - 1].changes = robustness_;
  changes_at_ = std::min(changes_at_, now);
}

/// Frees the record of a group that was left, when that has been reported.
void MldListener::release(std::uint32_t at) {
  Group& record = groups_[at - 1];
  std::uint32_t* link = &head(record.address);
  while (*link != at) link = &groups_[*link - 1].next;
  *link = record.next;
  record.address = IpAddress();
  record.next = free_;
  free_ = at;
}

void MldListener::link_up(Instant now) {
  for (std::uint32_t i = 0; i < fresh_; ++i) {
    if (groups_[i].joined > 0) groups_[i].changes = robustness_;
  }
  version1_until_ = Instant{};
  robustness_ = kRobustness;
  if (count_ > 0) changes_at_ = std::min(changes_at_, now);
}

// ---- Queries ----

Duration MldListener::random_up_to(Duration limit) {
  return limit / 65536 * random_.below(65536);
}

/// Per RFC 3810, 6.2, an answer that is due earlier stays. However short the delay that a query
/// allows, answers are kPause apart, so that queries do not make a flood of them.
void MldListener::answer_within(Duration response, Instant& at, Instant now) {
  at = std::min(at, now + std::max(kPause, random_up_to(response)));
}

void MldListener::input(const MldQuery& query, Instant now) {
  counters_.add(Count::mld_queries_in);
  if (query.version1) {
    version1_until_ = now + kVersion1;
  } else {
    robustness_ = query.robustness == 0 ? kRobustness : std::min(query.robustness, kMostRobustness);
  }
  const Duration response = query.response * 1ms;
  if (query.group.is_unspecified()) {
    if (count_ > 0) answer_within(response, general_at_, now);
    return;
  }
  // Per 6.2, sources that are asked for are all listened to.
  for (std::uint32_t at = head(query.group); at != 0; at = groups_[at - 1].next) {
    Group& record = groups_[at - 1];
    if (record.joined == 0 || record.address.without_zone() != query.group.without_zone()) continue;
    record.asked = true;
    answer_within(response, groups_at_, now);
  }
}

// ---- Reports ----

void MldListener::timers(Instant now) {
  if (changes_at_ <= now) send_changes(now);
  if (general_at_ <= now) {
    general_at_ = kNever;
    for (std::uint32_t i = 0; i < fresh_; ++i) groups_[i].asked = groups_[i].joined > 0;
    groups_at_ = now;
  }
  if (groups_at_ <= now) send_answers(now);
}

/// Per RFC 3810, 6.1, reports each change at once, and again at random intervals until it was
/// reported as often as the robustness variable says.
void MldListener::send_changes(Instant now) {
  changes_at_ = kNever;
  Report report(*this, now);
  const Instant again = now + random_up_to(kUnsolicited);
  for (std::uint32_t at = 1; at <= fresh_; ++at) {
    Group& record = groups_[at - 1];
    if (record.changes == 0) continue;
    if (report.full()) {
      changes_at_ = now + kPause;
      break;
    }
    const bool joined = record.joined > 0;
    report.add(joined ? MldRecord::Type::kToExclude : MldRecord::Type::kToInclude, record.address);
    if (--record.changes > 0) {
      changes_at_ = again;
    } else if (!joined) {
      release(at);
    }
  }
  report.finish();
}

void MldListener::send_answers(Instant now) {
  groups_at_ = kNever;
  Report report(*this, now);
  for (std::uint32_t i = 0; i < fresh_; ++i) {
    if (!groups_[i].asked) continue;
    if (report.full()) {
      groups_at_ = now + kPause;
      break;
    }
    groups_[i].asked = false;
    report.add(MldRecord::Type::kIsExclude, groups_[i].address);
  }
  report.finish();
}

Instant MldListener::next_deadline() const {
  return std::min({changes_at_, general_at_, groups_at_});
}

}  // namespace conker
