# cmake -DBUILD=... -DWORK=... -DTEMPLATE=... -P build_template.cmake
# Every step must succeed; the last ones run the plugin's own test, the check of the program, and its pipeline.
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
set(build_type Release)
if(SANITIZE)
  # Catch2's main() with both sanitizers takes g++ 143 s when it is optimised, and 28 s else.
  set(flags "-fsanitize=${SANITIZE}")
  set(build_type Debug)
endif()
step(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G Ninja
  -DCMAKE_BUILD_TYPE=${build_type} -DCMAKE_PREFIX_PATH=${WORK}/prefix
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${flags} -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON)
step(${CMAKE_COMMAND} --build ${WORK}/build)
foreach(file url_suffix.so url_suffix.json url_suffix_test)
  if(NOT EXISTS ${WORK}/build/${file})
    message(FATAL_ERROR "the build did not make ${file}")
  endif()
endforeach()

step(nm -D --defined-only ${WORK}/build/url_suffix.so)
string(REGEX MATCHALL "[^\n]+" symbols "${output}")
list(LENGTH symbols count)
if(NOT count EQUAL 1 OR NOT output MATCHES " T mr_plugin_v1")
  message(FATAL_ERROR "a plugin exports mr_plugin_v1 and nothing else, this one:\n${output}")
endif()
step(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
if(PROGRAM)
  step(${PROGRAM} plugin check ${WORK}/build/url_suffix.so)

  file(WRITE ${WORK}/pictures/a.png "")
  file(WRITE ${WORK}/pictures/b.jpg "")
  step(${PROGRAM} run ${WORK}/source/pipeline.json --plugins ${WORK}/build --data ${WORK}/data
    --set pictures=${WORK}/pictures --set list=${WORK}/pictures.jsonlist)
  file(STRINGS ${WORK}/pictures.jsonlist records)
  list(LENGTH records count)
  if(NOT count EQUAL 1 OR NOT records MATCHES "pictures/a\\.png")
    message(FATAL_ERROR "the pipeline of the template keeps a.png and nothing else, it wrote:\n${records}")
  endif()
endif()
