# Puts the files of a page into a program, among them Chart.js, which draws the charts.

find_file(CONKER_CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js
  /usr/share/nodejs/chart.js/dist NO_DEFAULT_PATH)
find_file(CONKER_CHART_JS_LICENCE copyright PATHS /usr/share/doc/libjs-chart.js NO_DEFAULT_PATH)
if(NOT CONKER_CHART_JS OR NOT CONKER_CHART_JS_LICENCE)
  message(FATAL_ERROR "Chart.js is missing: install the package libjs-chart.js")
endif()

# Adds page_parts.cpp to the target, which defines what `header` declares within `namespace`: pairs
# of a name and the file whose text it has. When a file changes, CMake runs again.
function(conker_page_parts target header namespace)
  set(made "// Made by cmake/page_parts.cmake.\n#include \"${header}\"\n\n")
  string(APPEND made "namespace ${namespace} {\n\n")
  while(ARGN)
    list(POP_FRONT ARGN name file)
    get_filename_component(file "${file}" ABSOLUTE)
    file(READ "${file}" text)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    string(APPEND made "const std::string_view ${name} = R\"page-part(${text})page-part\";\n")
  endwhile()
  string(APPEND made "\n}  // namespace ${namespace}\n")
  set(to "${CMAKE_CURRENT_BINARY_DIR}/page_parts.cpp")
  set(before "")
  if(EXISTS "${to}")
    file(READ "${to}" before)
  endif()
  if(NOT before STREQUAL made)
    file(WRITE "${to}" "${made}")
  endif()
  set_source_files_properties("${to}" PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE "${to}")
endfunction()
