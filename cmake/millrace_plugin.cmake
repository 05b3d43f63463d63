# millrace_add_plugin(NAME name SOURCES a.cpp ... [LINK target ...] [HINTS ...])
# Builds the shared library of a plugin: one exported symbol, the SDK linked in, and its manifest beside it, which lets the
# engine know the operators without loading the library.
set(MILLRACE_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})
function(millrace_add_plugin)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;LINK" ${ARGN})
  set(target millrace_plugin_${ARG_NAME})
  add_library(${target} MODULE ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE millrace::sdk ${ARG_LINK})
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${MILLRACE_PLUGIN_CMAKE_DIR}/millrace_plugin.map"
    LINKER:--build-id=sha1)  # by which the engine sees that a manifest belongs to this build
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${ARG_NAME}
    LINK_DEPENDS ${MILLRACE_PLUGIN_CMAKE_DIR}/millrace_plugin.map)
  if(TARGET millrace_options)
    # Inside the tree: beside the program, with a manifest, installed.
    target_link_libraries(${target} PRIVATE millrace_options)
    millrace_compile_together(${target})
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${MILLRACE_PLUGIN_DIRECTORY})
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND millrace_manifest $<TARGET_FILE:${target}> VERBATIM)
    add_dependencies(${target} millrace_manifest)
    set_property(GLOBAL APPEND PROPERTY MILLRACE_PLUGIN_TARGETS ${target})
    install(TARGETS ${target} LIBRARY DESTINATION ${MILLRACE_PLUGIN_DIRECTORY})
    install(FILES ${PROJECT_BINARY_DIR}/${MILLRACE_PLUGIN_DIRECTORY}/${ARG_NAME}.json
      DESTINATION ${MILLRACE_PLUGIN_DIRECTORY})
  elseif(TARGET millrace::manifest)
    # Outside: where the plugin's own project puts it, and the manifest beside it.
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND millrace::manifest $<TARGET_FILE:${target}> VERBATIM)
  endif()
endfunction()
