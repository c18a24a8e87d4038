# format.cmake - `format` applies .clang-format to every C file, `format-check` only says where it would change one, `tidy`
# runs .clang-tidy over everything that this build compiles.

set(patterns)
foreach(room include engine model partition kernels io workers coordinator cli bench examples tests)
  list(APPEND patterns ${PROJECT_SOURCE_DIR}/${room}/*.c ${PROJECT_SOURCE_DIR}/${room}/*.h)
endforeach()
file(GLOB_RECURSE arch_c_files CONFIGURE_DEPENDS ${patterns})

find_program(ARCH_CLANG_FORMAT clang-format)
find_program(ARCH_CLANG_TIDY clang-tidy)
mark_as_advanced(ARCH_CLANG_FORMAT ARCH_CLANG_TIDY)
if(ARCH_CLANG_FORMAT)
  add_custom_target(format COMMAND ${ARCH_CLANG_FORMAT} -i ${arch_c_files} VERBATIM)
  add_custom_target(format-check COMMAND ${ARCH_CLANG_FORMAT} --dry-run --Werror ${arch_c_files} VERBATIM)
endif()
if(ARCH_CLANG_TIDY)
  set(compiled ${arch_c_files})
  list(FILTER compiled INCLUDE REGEX "/(engine|model|partition|kernels|io|workers|coordinator|cli)/.*\\.c$")
  add_custom_target(tidy COMMAND ${ARCH_CLANG_TIDY} --quiet -p ${PROJECT_BINARY_DIR} ${compiled} VERBATIM)
endif()
