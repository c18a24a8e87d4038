# install.cmake - what `cmake --install` puts where: command, library, headers, schema, examples, manual, completion, and
# the two ways for others to find the library: a CMake package and a pkg-config file.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/architech)
set(data_dir ${CMAKE_INSTALL_DATADIR}/architech)

install(TARGETS arch_shared EXPORT architech LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET arch_cli)
  install(TARGETS arch_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/architech DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/ DESTINATION ${data_dir}/examples
  FILES_MATCHING PATTERN *.json PATTERN *.md PATTERN *.csv PATTERN *.c PATTERN embed/CMakeLists.txt)
file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.schema.json)
install(FILES ${schemas} DESTINATION ${data_dir}/schema)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/architech.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/scripts/completion/architech.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME architech)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT architech NAMESPACE architech:: FILE architechTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/architechConfig.cmake.in
  ${PROJECT_BINARY_DIR}/architechConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/architechConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/architechConfig.cmake ${PROJECT_BINARY_DIR}/architechConfigVersion.cmake
  DESTINATION ${package_dir})

# The pkg-config file finds its prefix from where it lies, so that an installation can be moved.
file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/architech.pc.in ${PROJECT_BINARY_DIR}/architech.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/architech.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
