# Runs at install time, when the prefix is known for good: the units name the paths that were
# installed to, whatever `cmake --install --prefix` says. CONKER_SOURCE is the top of the source
# tree, and CONKER_SYSTEMD the version of systemd that this is built for.
set(prefix "${CMAKE_INSTALL_PREFIX}")
if(prefix MATCHES "^/usr/?$")
  set(etc "/etc")
else()
  set(etc "${prefix}/etc")
endif()
set(CONKER_BINDIR "${prefix}/bin")
set(CONKER_DOCDIR "${prefix}/share/doc/conker")
if(CONKER_SYSTEMD VERSION_GREATER_EQUAL 253)
  set(CONKER_RELOAD "Type=notify-reload")
else()
  set(CONKER_RELOAD "Type=notify\nExecReload=kill -HUP $MAINPID")
endif()

function(conker_install_unit source unit)
  set(path "${prefix}/lib/systemd/system/${unit}")
  message(STATUS "Installing: $ENV{DESTDIR}${path}")
  configure_file("${CONKER_SOURCE}/systemd/${source}" "$ENV{DESTDIR}${path}" @ONLY)
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${path}")
  set(CMAKE_INSTALL_MANIFEST_FILES "${CMAKE_INSTALL_MANIFEST_FILES}" PARENT_SCOPE)
endfunction()

set(CONKER_CONFIG "${etc}/conker/conkerd.yaml")
set(CONKER_RUNTIME conker)
set(CONKER_PRESERVE "# The sockets of conkerd.socket are in it, and outlive the service.
RuntimeDirectoryPreserve=yes
")
set(CONKER_STATE conker)
conker_install_unit(conkerd.service.in conkerd.service)
conker_install_unit(conkerd.socket.in conkerd.socket)
conker_install_unit(conkerd-status.socket.in conkerd-status.socket)

# Several daemons, each with its configuration and its directories.
set(CONKER_OF_INSTANCE " (%i)")
set(CONKER_CONFIG "${etc}/conker/%i.yaml")
set(CONKER_RUNTIME conker-%i)
set(CONKER_PRESERVE "")
set(CONKER_STATE conker/%i)
conker_install_unit(conkerd.service.in conkerd@.service)

# An administrator's configuration is never overwritten; the shipped one is beside the
# documentation.
set(configuration "${etc}/conker/conkerd.yaml")
if(EXISTS "$ENV{DESTDIR}${configuration}")
  message(STATUS "Kept: $ENV{DESTDIR}${configuration}")
else()
  file(INSTALL "${CONKER_SOURCE}/config/conkerd.yaml" DESTINATION "${etc}/conker")
endif()

# Where the log is a file (`sink`); logrotate(8) reads no other directory.
if(etc STREQUAL "/etc")
  file(INSTALL "${CONKER_SOURCE}/systemd/conker.logrotate" DESTINATION "${etc}/logrotate.d"
    RENAME conker)
endif()
