# Makes the manual page OUT from SOURCE, with what `CONKERCTL manual PART` says in it.
if(PART)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env --unset=CONKER_SOCKET "${CONKERCTL}" manual "${PART}"
    OUTPUT_VARIABLE CONKER_MANUAL
    COMMAND_ERROR_IS_FATAL ANY)
endif()
string(REGEX REPLACE "[.]gz$" "" page "${OUT}")
configure_file("${SOURCE}" "${page}.scd" @ONLY)
execute_process(COMMAND "${SCDOC}" INPUT_FILE "${page}.scd" OUTPUT_FILE "${page}"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND gzip -9 --no-name --force "${page}" COMMAND_ERROR_IS_FATAL ANY)
