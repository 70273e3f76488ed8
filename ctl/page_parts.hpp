// The files of a strike's page, as the build has put them into the program (ctl/CMakeLists.txt).
#pragma once

#include <string_view>

namespace conker::ctl::page {

extern const std::string_view kFrame, kStyle, kWords, kCharts, kFindings, kReport;
/// Chart.js, and the terms by which it may be passed on, which must stay with it.
extern const std::string_view kChartJs, kChartJsLicence;

}  // namespace conker::ctl::page
