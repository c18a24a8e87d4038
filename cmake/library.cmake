# library.cmake - libarchitech, made of all rooms. Users link architech::architech, in the tree and installed.

get_property(rooms GLOBAL PROPERTY ARCH_ROOMS)
list(TRANSFORM rooms PREPEND architech::)
add_library(arch_shared SHARED)
add_library(architech::architech ALIAS arch_shared)
set_target_properties(arch_shared PROPERTIES OUTPUT_NAME architech EXPORT_NAME architech LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
target_link_libraries(arch_shared PRIVATE ${rooms} dep::math dep::threads architech::dev_flags)
if(NOT ARCH_SANITIZE) # sanitizers resolve some of theirs in the program
  target_link_options(arch_shared PRIVATE -Wl,--no-undefined)
endif()
target_include_directories(arch_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
