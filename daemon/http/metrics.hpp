// The metrics of /metrics, in Prometheus' text format, by prometheus-cpp, which only metrics.cpp
// knows.
#pragma once

#include <string>
#include <string_view>

#include "daemon/http/facts.hpp"

namespace conker::daemon {

/// The serializer of prometheus-cpp 1.0 writes Prometheus' own text format, which Prometheus takes
/// beside OpenMetrics.
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const HttpFacts& facts);

}  // namespace conker::daemon
