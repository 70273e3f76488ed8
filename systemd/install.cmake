# Runs at install time, when the prefix is known for good: the unit names the paths that were
# installed to, whatever `cmake --install --prefix` says. CONKER_SOURCE is the top of the source
# tree.
set(prefix "${CMAKE_INSTALL_PREFIX}")
if(prefix MATCHES "^/usr/?$")
  set(etc "/etc")
else()
  set(etc "${prefix}/etc")
endif()
set(CONKER_BINDIR "${prefix}/bin")
set(CONKER_DOCDIR "${prefix}/share/doc/conker")
set(CONKER_CONFIG "${etc}/conker/conkerd.yaml")

set(unit "${prefix}/lib/systemd/system/conkerd.service")
message(STATUS "Installing: $ENV{DESTDIR}${unit}")
configure_file("${CONKER_SOURCE}/systemd/conkerd.service.in" "$ENV{DESTDIR}${unit}" @ONLY)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${unit}")

# An administrator's configuration is never overwritten; the shipped one is beside the
# documentation.
if(EXISTS "$ENV{DESTDIR}${CONKER_CONFIG}")
  message(STATUS "Kept: $ENV{DESTDIR}${CONKER_CONFIG}")
else()
  file(INSTALL "${CONKER_SOURCE}/config/conkerd.yaml" DESTINATION "${etc}/conker")
endif()

# Where the log is a file (`sink`); logrotate(8) reads no other directory.
if(etc STREQUAL "/etc")
  file(INSTALL "${CONKER_SOURCE}/systemd/conker.logrotate" DESTINATION "${etc}/logrotate.d"
    RENAME conker)
endif()
