# flags.cmake - how every file of this project is compiled.
#   architech::bits       what results depend on: on every target that computes, in every build
#   architech::dev_flags  the above, warnings, sanitizers, short paths; never exported

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O3")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O3 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
if(CMAKE_C_COMPILER_ID MATCHES Clang)
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
endif()
if(ARCH_SANITIZE) # a sanitizer's report has files and lines; who needs variables has the preset dev
  string(REPLACE " -g" " -g1" CMAKE_C_FLAGS_DEBUG "${CMAKE_C_FLAGS_DEBUG}")
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

add_library(arch_bits INTERFACE)
add_library(architech::bits ALIAS arch_bits)
# A fused multiply-add rounds once where two operations round twice: results would move with compiler and processor.
target_compile_options(arch_bits INTERFACE -ffp-contract=off -fno-fast-math)
target_compile_definitions(arch_bits INTERFACE _GNU_SOURCE)
if(NOT ARCH_ASSERTS)
  target_compile_definitions(arch_bits INTERFACE ARCH_NO_ASSERT)
endif()

add_library(arch_dev_flags INTERFACE)
add_library(architech::dev_flags ALIAS arch_dev_flags)
target_link_libraries(arch_dev_flags INTERFACE architech::bits)
target_compile_options(arch_dev_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wpointer-arith -Wwrite-strings
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(ARCH_WERROR)
  target_compile_options(arch_dev_flags INTERFACE -Werror)
endif()
# What gcc's thread sanitizer inserts misleads its warnings: that preset leaves ARCH_WERROR off.
if(ARCH_SANITIZE)
  target_compile_options(arch_dev_flags INTERFACE
    -fsanitize=${ARCH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(arch_dev_flags INTERFACE -fsanitize=${ARCH_SANITIZE})
endif()
