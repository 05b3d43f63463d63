# Build settings that every target of the project takes by linking millrace_options; nothing is set globally
# but what must be: the standard, hidden visibility, and where programs and plugins go.
include(GNUInstallDirs)
include(CheckLinkerFlag)

# Every target that links threads is compiled with -pthread, so that all may share one precompiled header.
set(THREADS_PREFER_PTHREAD_FLAG ON)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(MILLRACE_PLUGIN_DIRECTORY "lib/millrace/plugins")

option(MILLRACE_UNITY "Compile the files of a component together, some at a time" ON)
option(MILLRACE_WERROR "Treat warnings as errors" OFF)
set(MILLRACE_SANITIZE "" CACHE STRING "Sanitizers, comma separated (address,undefined or thread)")

find_program(MILLRACE_CCACHE ccache)
if(MILLRACE_CCACHE)
  # Precompiled headers are only cached with these two; see the ccache manual, "Precompiled headers".
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${MILLRACE_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${MILLRACE_CCACHE}")
endif()

add_library(millrace_options INTERFACE)
target_compile_options(millrace_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -pthread
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wno-sign-conversion -Wnon-virtual-dtor>
  $<$<BOOL:${MILLRACE_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-error=invalid-pch>
  # g++ 12 warns of string operations of the standard library that cannot happen (GCC bugs 105329 and 105651).
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<COMPILE_LANGUAGE:CXX>>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>"
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-Wno-maybe-uninitialized>"
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
find_program(MILLRACE_MOLD mold)
if(MILLRACE_MOLD)
  check_linker_flag(CXX -fuse-ld=mold MILLRACE_HAS_MOLD)
  if(MILLRACE_HAS_MOLD)
    target_link_options(millrace_options INTERFACE -fuse-ld=mold)
  endif()
endif()
if(MILLRACE_SANITIZE)
  target_compile_options(millrace_options INTERFACE -fsanitize=${MILLRACE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(millrace_options INTERFACE -fsanitize=${MILLRACE_SANITIZE})
  if(MILLRACE_SANITIZE MATCHES "thread")
    # Boost.Asio has fences, which ThreadSanitizer does not model; what they order, Asio's mutexes order too.
    target_compile_options(millrace_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()
# Programs link this; it is empty where no sanitizer is.
add_library(millrace_sanitizer_defaults OBJECT ${CMAKE_CURRENT_LIST_DIR}/sanitizer_defaults.cpp)
target_link_libraries(millrace_sanitizer_defaults PRIVATE millrace_options)
if(MILLRACE_FUZZ)
  # Everything is instrumented, so that the fuzzer sees the paths inside our libraries; only its targets have its main().
  target_compile_options(millrace_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(millrace_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(millrace_options INTERFACE MR_CHECK_EDGES=1)
  # -Og keeps the sanitizer builds usable; -gz and split line tables keep them small.
  target_compile_options(millrace_options INTERFACE -Og -g1)
endif()

# A component: a folder of the tree that is one static library. LINK is PUBLIC, since headers show what they use; APART
# are files that are compiled alone.
function(millrace_add_component name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK;APART" ${ARGN})
  add_library(millrace_${name} STATIC ${ARG_SOURCES})
  target_include_directories(millrace_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(millrace_${name} PUBLIC ${ARG_LINK} PRIVATE millrace_options ${ARG_PRIVATE_LINK})
  if(NOT name STREQUAL "base")
    target_precompile_headers(millrace_${name} REUSE_FROM millrace_base)
  endif()
  millrace_compile_together(millrace_${name} ${ARG_APART})
endfunction()

# Compiles the files of a target some at a time: most of a file's time goes into the headers that it shares with its
# neighbours. What follows the target are files to be compiled alone, since names of theirs clash with others'.
function(millrace_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${MILLRACE_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(MILLRACE_UNITY)
    # Types of an anonymous namespace are then in a file that another one includes.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
  endif()
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
