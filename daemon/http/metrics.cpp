#include "daemon/http/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/http/process.hpp"
#include "protocol/json.hpp"

namespace conker::daemon {
namespace {

using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Samples by family, in the order in which the families first came.
class Exposition {
 public:
  void add(const std::string& name, std::string_view help, MetricType type, Labels labels,
           double value) {
    prometheus::ClientMetric& metric = sample(name, help, type, std::move(labels));
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }
  void gauge(const std::string& name, std::string_view help, double value, Labels labels = {}) {
    add(name, help, MetricType::Gauge, std::move(labels), value);
  }
  void counter(const std::string& name, std::string_view help, std::uint64_t value,
               Labels labels = {}) {
    add(name, help, MetricType::Counter, std::move(labels), static_cast<double>(value));
  }
  /// A family that may have no sample now is there nevertheless: who writes a rule finds its name.
  void declare(const std::string& name, std::string_view help, MetricType type) {
    family(name, help, type);
  }
  void histogram(const std::string& name, std::string_view help,
                 const protocol::StrikeTotals::Times& times);

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::MetricFamily& family(const std::string& name, std::string_view help,
                                   MetricType type) {
    const auto [at, fresh] = places_.emplace(name, families_.size());
    if (fresh) families_.push_back({name, std::string(help), type, {}});
    return families_[at->second];
  }
  prometheus::ClientMetric& sample(const std::string& name, std::string_view help, MetricType type,
                                   Labels labels) {
    auto& metric = family(name, help, type).metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
  std::unordered_map<std::string, std::size_t> places_;
};

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

void Exposition::histogram(const std::string& name, std::string_view help,
                           const protocol::StrikeTotals::Times& times) {
  auto& histogram = sample(name, help, MetricType::Histogram, {}).histogram;
  histogram.sample_count = times.count;
  histogram.sample_sum = seconds(times.sum);
  for (const protocol::StrikeTotals::Within& within : times.within)
    histogram.bucket.push_back({within.count, seconds(within.longest)});
  histogram.bucket.push_back({times.count, std::numeric_limits<double>::infinity()});
}

/// The name of a field as Prometheus has them: the unit comes last, and is one without prefix.
std::string metric_name(std::string_view name, const About& about) {
  const auto without = [&](std::string_view unit) {
    if (name.ends_with(unit)) name.remove_suffix(unit.size());
  };
  std::string made;
  if (about.unit == Unit::kBytes) {
    constexpr std::string_view kBytes = "bytes_";
    if (name.starts_with(kBytes)) name.remove_prefix(kBytes.size());
    made = std::string(name) + "_bytes";
  } else if (about.unit == Unit::kSeconds) {
    without("_s");
    made = std::string(name) + "_seconds";
  } else {
    made = name;
  }
  return about.now ? made : made + "_total";
}

/// Adds each number of a structure, as its visit() has it; a member that is added there is here,
/// too. Texts and lists have metrics of their own, or none.
template <typename T>
void add_all(Exposition& to, const std::string& prefix, const std::string& of, const T& value,
             const Labels& labels = {}) {
  T::visit(value, [&](std::string_view name, const auto& member, const About& about) {
    using Member = std::remove_cvref_t<decltype(member)>;
    const std::string help = of + ": " + std::string(about.help);
    if constexpr (std::is_same_v<Member, bool>) {
      to.gauge(prefix + std::string(name), help, member ? 1 : 0, labels);
    } else if constexpr (std::is_same_v<Member, Duration>) {
      if (about.unit == Unit::kSeconds)
        to.add(prefix + metric_name(name, about), help,
               about.now ? MetricType::Gauge : MetricType::Counter, labels, seconds(member));
    } else if constexpr (std::is_integral_v<Member>) {
      if (about.unit != Unit::kPlain && about.unit != Unit::kBytes) return;
      to.add(prefix + metric_name(name, about), help,
             about.now ? MetricType::Gauge : MetricType::Counter, labels,
             static_cast<double>(member));
    }
  });
}

void add_links(Exposition& to, const HttpFacts& facts) {
  for (const protocol::Status::Link& link : facts.status.links) {
    const Labels of{{"link", link.name}};
    to.gauge("conker_link_up", "Whether the link's device is up and has a carrier, or a peer",
             link.state == "up" ? 1 : 0, of);
    to.gauge("conker_link_state_seconds", "For how long the link's device has been as it is",
             seconds(link.state_for), of);
    to.gauge("conker_link_mtu_bytes", "The largest IP packet of the link", link.mtu, of);
    to.gauge("conker_link_faults_set", "Whether faults are injected on purpose", link.faults, of);
    to.gauge("conker_link_captured", "Whether a capture runs", link.captured, of);
  }
  for (const protocol::Stats::Link& link : facts.stats.links) {
    const Labels of{{"link", link.name}};
    add_all(to, "conker_link_", "Link", link.counters, of);
    add_all(to, "conker_link_injected_", "Faults injected on purpose", link.faults.counted, of);
  }
}

void add_stack(Exposition& to, const HttpFacts& facts) {
  StateCounts states{};
  for (const protocol::Status::InState& in : facts.status.states)
    states[static_cast<std::size_t>(in.state)] = in.count;
  for (int i = 0; i < kStateCount; ++i) {
    to.gauge("conker_connections", "Connections and records of handshakes and TIME-WAIT, by state",
             static_cast<double>(states[static_cast<std::size_t>(i)]),
             {{"state", to_string(static_cast<State>(i))}});
  }
  add_all(to, "conker_connections_", "Connections, by the audit", facts.status.audit);
  for (const protocol::Status::Table& table : facts.status.tables) {
    to.gauge("conker_table_entries", "Entries of a table of the stack now",
             static_cast<double>(table.used), {{"table", table.name}});
    to.gauge("conker_table_capacity", "Entries of a table of the stack at most",
             static_cast<double>(table.capacity), {{"table", table.name}});
  }
  to.gauge("conker_doubtful_addresses", "Addresses of ours being probed, or used by others, too",
           static_cast<double>(facts.status.doubtful_addresses.size()));
  for (const protocol::Stats::Counter& counter : facts.stats.counters)
    to.counter("conker_stack_" + counter.name + "_total", "Stack: " + counter.meaning,
               counter.value);
}

void add_strikes(Exposition& to, const HttpFacts& facts) {
  const protocol::StrikeTotals& totals = facts.stats.strikes;
  add_all(to, "conker_strikes_", "Strikes since the start", totals);
  to.histogram("conker_strike_connect_seconds",
               "Cycles of strikes: from SYN to established, to within 1/16", totals.connect);
  to.histogram("conker_strike_close_seconds",
               "Cycles of strikes: from close to the end, to within 1/16", totals.closing);
  const std::string findings = "conker_strike_findings_total";
  const std::string_view found = "Connections in which a target broke a rule";
  to.declare(findings, found, MetricType::Counter);
  for (const protocol::StrikeTotals::Finding& finding : totals.findings) {
    to.counter(findings, found, finding.count,
               {{"rule", finding.rule}, {"severity", finding.severity}});
  }
  for (const protocol::Status::Striking& strike : facts.status.strikes) {
    const Labels of{{"target", strike.target}};
    to.gauge("conker_running_strike_cycles", "Cycles that a running strike has begun",
             static_cast<double>(strike.so_far.cycles), of);
    to.gauge("conker_running_strike_cycles_failed", "Cycles of a running strike that failed",
             static_cast<double>(strike.so_far.failed), of);
    to.gauge("conker_running_strike_connections", "Connections of a running strike now",
             static_cast<double>(strike.so_far.live), of);
  }
}

void add_daemon(Exposition& to, const HttpFacts& facts) {
  const protocol::Status::Result& status = facts.status;
  to.gauge("conker_build_info", "The version of conkerd", 1, {{"version", status.version}});
  to.gauge("conker_uptime_seconds", "How long the daemon has been running", seconds(status.uptime));
  for (const protocol::Status::Listener& listener : status.listeners) {
    to.counter("conker_service_accepted_total", "Connections or datagrams of a service",
               listener.accepted,
               {{"service", listener.service},
                {"port", std::to_string(listener.port)},
                {"protocol", std::string(protocol::name_of(listener.protocol))}});
  }
  add_all(to, "conker_log_", "Log", status.log);
  add_all(to, "conker_control_", "Control socket", status.control);
  if (facts.stats.http) add_all(to, "conker_http_", "HTTP server", *facts.stats.http);
  // The names that Prometheus' own libraries give to these.
  const ProcessFacts process = process_facts();
  to.gauge("process_resident_memory_bytes", "Memory of the process in RAM",
           static_cast<double>(process.resident_bytes));
  to.gauge("process_open_fds", "Descriptors of the process", process.descriptors);
  to.gauge("process_max_fds", "Descriptors that the process may have",
           static_cast<double>(process.most_descriptors));
  to.add("process_cpu_seconds_total", "Time of processors, of user and system", MetricType::Counter,
         {}, process.cpu_seconds);
}

}  // namespace

std::string metrics_text(const HttpFacts& facts) {
  Exposition made;
  add_daemon(made, facts);
  add_links(made, facts);
  add_stack(made, facts);
  add_strikes(made, facts);
  return made.text();
}

}  // namespace conker::daemon
