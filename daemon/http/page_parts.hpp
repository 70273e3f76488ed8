// The files of the dashboard, as the build has put them into the program (daemon/CMakeLists.txt).
#pragma once

#include <string_view>

namespace conker::daemon::page {

extern const std::string_view kDashboard, kDashboardStyle, kDashboardScript, kDashboardLines;
/// Of a strike's page.
extern const std::string_view kStyle, kWords;
/// Chart.js, and the terms by which it may be passed on, which must stay with it.
extern const std::string_view kChartJs, kChartJsLicence;

}  // namespace conker::daemon::page
