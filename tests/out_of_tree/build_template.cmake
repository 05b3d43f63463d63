# cmake -DBUILD=... -DWORK=... -DTEMPLATE=... -P build_template.cmake
# Every step must succeed; the last two run the plugin's own test and the check of the program.
function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "failed (${result}): ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component sdk)
# A copy, so that nothing of the tree can be found by a relative path.
file(COPY ${TEMPLATE}/ DESTINATION ${WORK}/source)

set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
step(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G Ninja
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=${WORK}/prefix
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${flags} -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON)
step(${CMAKE_COMMAND} --build ${WORK}/build)
foreach(file min_area.so min_area.json min_area_test)
  if(NOT EXISTS ${WORK}/build/${file})
    message(FATAL_ERROR "the build did not make ${file}")
  endif()
endforeach()

step(nm -D --defined-only ${WORK}/build/min_area.so)
string(REGEX MATCHALL "[^\n]+" symbols "${output}")
list(LENGTH symbols count)
if(NOT count EQUAL 1 OR NOT output MATCHES " T mr_plugin_v1")
  message(FATAL_ERROR "a plugin exports mr_plugin_v1 and nothing else, this one:\n${output}")
endif()
step(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
if(PROGRAM)
  step(${PROGRAM} plugin check ${WORK}/build/min_area.so)
endif()
