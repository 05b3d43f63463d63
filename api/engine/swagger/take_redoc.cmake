# Takes the bundle of ReDoc out of its package: cmake -DPACKAGE=FILE -DSHA512=DIGEST -DTO=FOLDER -P take_redoc.cmake
file(SHA512 ${PACKAGE} digest)
if(NOT digest STREQUAL SHA512)
  message(FATAL_ERROR "${PACKAGE} is not the package that Millrace was made with: its SHA-512 is ${digest}. Remove it and build again.")
endif()
set(bundle package/bundles/redoc.standalone.js)
file(ARCHIVE_EXTRACT INPUT ${PACKAGE} DESTINATION ${CMAKE_CURRENT_BINARY_DIR}/redoc
  PATTERNS ${bundle} ${bundle}.LICENSE.txt package/LICENSE)
foreach(name redoc.standalone.js redoc.standalone.js.LICENSE.txt)
  file(COPY_FILE redoc/package/bundles/${name} ${TO}/${name})
endforeach()
file(COPY_FILE redoc/package/LICENSE ${TO}/redoc.LICENSE)
