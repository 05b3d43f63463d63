# Builds the template as its reader would: the SDK installed under a prefix, the folder copied elsewhere, nothing of this tree.
# cmake -DBUILD=... -DWORK=... -DTEMPLATE=... -DCXX=... -P out_of_tree.cmake
file(REMOVE_RECURSE ${WORK})
file(COPY ${TEMPLATE}/ DESTINATION ${WORK}/plugin)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${code}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component sdk)
run(${CMAKE_COMMAND} -S ${WORK}/plugin -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_CXX_FLAGS=${CXX_FLAGS} -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON)
run(${CMAKE_COMMAND} --build ${WORK}/build)

run(nm -D --defined-only ${WORK}/build/min_area.so)
string(REGEX MATCHALL "[^\n]+" symbols "${output}")
list(LENGTH symbols count)
if(NOT count EQUAL 1 OR NOT output MATCHES " T mr_plugin_v1")
  message(FATAL_ERROR "a plugin exports mr_plugin_v1 and nothing else, this one:\n${output}")
endif()

if(EXISTS ${WORK}/build/min_area_test)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
elseif(HAS_TESTING)
  message(FATAL_ERROR "millrace::testing was installed, and the template's test was not built")
endif()
