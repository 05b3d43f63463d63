# cmake -DBUILD=... -DWORK=... -DSOURCE=... -P build_sql.cmake
# Installs the component sql to a prefix of its own, builds a program against it and runs it.
function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "failed (${result}): ${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component sql)
file(COPY ${SOURCE}/ DESTINATION ${WORK}/source)
set(flags "")
if(SANITIZE)
  # Its library calls dlopen() for the program, so of the program's paths only those count that are for all of its libraries.
  set(flags "-fsanitize=${SANITIZE} -Wl,--disable-new-dtags")
endif()
step(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${flags}
  -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON)
step(${CMAKE_COMMAND} --build ${WORK}/build)
step(${CMAKE_COMMAND} -E env LSAN_OPTIONS=use_tls=0 ${WORK}/build/count_rows ${WORK}/rows.sqlite)
