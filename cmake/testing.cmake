# testing.cmake - functions that register tests. Exit status 77 is "skipped" everywhere.

enable_language(CXX)

set(arch_test_env LC_ALL=C.UTF-8 OMP_NUM_THREADS=1)
execute_process(COMMAND id -u OUTPUT_VARIABLE arch_uid OUTPUT_STRIP_TRAILING_WHITESPACE)
if(arch_uid STREQUAL "0")
  list(APPEND arch_test_env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
endif()
# MPI on one machine: shared memory only, which starts fastest; more ranks than cores must not spin while they wait.
list(APPEND arch_test_env OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader OMPI_MCA_btl_vader_single_copy_mechanism=none
  OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none)
# Leaks inside MPI are not ours; everything else is.
set(arch_suppressions ${PROJECT_SOURCE_DIR}/tests/suppressions)
list(APPEND arch_test_env
  "LSAN_OPTIONS=suppressions=${arch_suppressions}/lsan.txt:print_suppressions=0"
  "TSAN_OPTIONS=suppressions=${arch_suppressions}/tsan.txt:halt_on_error=1:second_deadlock_stack=1"
  "UBSAN_OPTIONS=print_stacktrace=1")

# PROCESSORS counts halves of a core, since ctest knows no less than one. A test that computes has 2. Ranks that wait for one
# another have two cores to themselves (arch_test_alone): a neighbour that computes makes each of their many short waits last
# a slice of its time. What only waits, for a cluster, has 1 (arch_test_waits), beside either.
function(arch_test_properties name timeout labels)
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${timeout} LABELS "${labels}"
    ENVIRONMENT "${arch_test_env}" PROCESSORS 2)
endfunction()
function(arch_test_alone)
  set_tests_properties(${ARGN} PROPERTIES PROCESSORS 4)
endfunction()
function(arch_test_waits)
  set_tests_properties(${ARGN} PROPERTIES PROCESSORS 1)
endfunction()

# A program of the tests, linked with the rooms in libs and all that they need. With the thread sanitizer `all` does not
# build it, unless arch_unit_test finds that the preset runs it.
function(arch_test_program target sources libs deps)
  arch_rooms_closure(rooms ${libs})
  add_executable(${target} ${sources})
  if(ARCH_SANITIZE STREQUAL "thread")
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${rooms} architech::api ${deps} dep::random123 dep::threads dep::math
    architech::dev_flags)
endfunction()

# unit.<name>: a CUnit program of the given sources, linked with the rooms in LIBS and all that they need. With ALLOC its
# allocations can be made to fail, see tests/support/alloc.h. With HANDS its threads take jobs from a queue; others are
# ranks, which wait for one another.
function(arch_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALLOC;HANDS" "TIMEOUT" "SOURCES;LIBS;DEPS;ARGS;LABELS")
  if(NOT arg_SOURCES)
    set(arg_SOURCES test_${name}.c)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  arch_test_program(unit_${name} "${arg_SOURCES}" "${arg_LIBS}" "dep::cunit;${arg_DEPS}")
  if(arg_ALLOC)
    target_sources(unit_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/alloc.c)
    foreach(function malloc calloc realloc aligned_alloc free)
      target_link_options(unit_${name} PRIVATE -Wl,--wrap=${function})
    endforeach()
  endif()
  # With sanitizers most tests take longer to compile than to run; not those that run the engine's and the model's headers.
  if(ARCH_SANITIZE AND NOT "${arg_LABELS};${arg_LIBS}" MATCHES "threads|engine|model")
    target_compile_options(unit_${name} PRIVATE -O0)
  endif()
  if(arg_LABELS MATCHES threads AND NOT arg_LABELS MATCHES "slow|experiments")
    set_target_properties(unit_${name} PROPERTIES EXCLUDE_FROM_ALL OFF)
  endif()
  add_test(NAME unit.${name} COMMAND unit_${name} ${arg_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  arch_test_properties(unit.${name} ${arg_TIMEOUT} "unit;${arg_LABELS}")
  # Ranks that wait for each other, more of them than there are cores: one such test at a time, and these first.
  if(arg_LABELS MATCHES threads AND arg_HANDS)
    set_tests_properties(unit.${name} PROPERTIES COST 40)
  elseif(arg_LABELS MATCHES threads)
    set_tests_properties(unit.${name} PROPERTIES RESOURCE_LOCK cores COST 50)
    arch_test_alone(unit.${name})
  endif()
endfunction()

# mpi.<name>.n<K> for each K in RANKS: the program under mpiexec; lines `digest ...` must agree over all K.
function(arch_mpi_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS;DEPS;ARGS;RANKS;LABELS")
  if(NOT arg_SOURCES)
    set(arg_SOURCES test_${name}.c)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  arch_test_program(mpi_${name} "${arg_SOURCES}" "${arg_LIBS}" "dep::mpi;dep::cunit;${arg_DEPS}")
  arch_mpi_runs(${name} "${arg_RANKS}" ${arg_TIMEOUT} "${arg_LABELS}" $<TARGET_FILE:mpi_${name}> ${arg_ARGS})
endfunction()

# The runs of one command on several numbers of ranks; the first is what the others are compared with.
function(arch_mpi_runs name ranks timeout labels)
  list(GET ranks 0 first)
  foreach(n IN LISTS ranks)
    set(test mpi.${name}.n${n})
    add_test(NAME ${test} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      COMMAND ${PROJECT_SOURCE_DIR}/tests/mpi/run.sh ${MPIEXEC_EXECUTABLE} ${n} ${first}
              ${CMAKE_CURRENT_BINARY_DIR}/${name} ${ARGN})
    set(wide "")
    if(n GREATER 3) # the code is that of two and three ranks: one build is enough
      set(wide wide)
    endif()
    arch_test_properties(${test} ${timeout} "mpi;${wide};${labels}")
    if(n GREATER 1)
      arch_test_alone(${test})
    endif()
    if(NOT n EQUAL first)
      set_tests_properties(${test} PROPERTIES DEPENDS mpi.${name}.n${first})
    endif()
  endforeach()
endfunction()

# script.<name>: a shell script of the tests; it finds the build folder in $ARCH_BUILD and the command on its PATH.
function(arch_script_test name script)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "ARGS;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${script} ${arg_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  arch_test_properties(${name} ${arg_TIMEOUT} "${arg_LABELS}")
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT ARCH_BUILD=${PROJECT_BINARY_DIR} ARCH_SOURCE=${PROJECT_SOURCE_DIR}
    ARCH_MPIEXEC=${MPIEXEC_EXECUTABLE} ARCH_CC=${CMAKE_C_COMPILER} ARCH_CXX=${CMAKE_CXX_COMPILER} ARCH_NVCC=${ARCH_NVCC}
    ARCH_SANITIZE=${ARCH_SANITIZE})
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT_MODIFICATION PATH=path_list_prepend:${PROJECT_BINARY_DIR})
endfunction()

# golden.<case>: a folder with design.json, args (optional) and expected.txt. `golden-update` rewrites what is expected.
function(arch_golden_tests)
  if(NOT TARGET arch_cli)
    return()
  endif()
  file(GLOB cases CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *)
  foreach(case IN LISTS cases)
    if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/${case})
      arch_script_test(golden.${case} ${CMAKE_CURRENT_SOURCE_DIR}/run.sh ARGS ${CMAKE_CURRENT_SOURCE_DIR}/${case}
        LABELS golden)
    endif()
  endforeach()
  add_custom_target(golden-update DEPENDS arch_cli
    COMMAND ${CMAKE_COMMAND} -E env PATH=${PROJECT_BINARY_DIR}:$ENV{PATH} ${CMAKE_CURRENT_SOURCE_DIR}/run.sh -u
            ${CMAKE_CURRENT_SOURCE_DIR} VERBATIM)
endfunction()

# bad.<case>: <case>.json must be refused with exit status 2 and the words of <case>.txt.
function(arch_bad_tests)
  if(NOT TARGET arch_cli)
    return()
  endif()
  file(GLOB cases CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.json)
  foreach(case IN LISTS cases)
    string(REGEX REPLACE "\\.json$" "" name ${case})
    arch_script_test(bad.${name} ${CMAKE_CURRENT_SOURCE_DIR}/run.sh ARGS ${CMAKE_CURRENT_SOURCE_DIR}/${case}
      LABELS bad TIMEOUT 60)
  endforeach()
  add_custom_target(bad-update DEPENDS arch_cli
    COMMAND ${CMAKE_COMMAND} -E env PATH=${PROJECT_BINARY_DIR}:$ENV{PATH} ${CMAKE_CURRENT_SOURCE_DIR}/run.sh -u
            ${CMAKE_CURRENT_SOURCE_DIR} VERBATIM)
endfunction()

# A benchmark: a program under build/<preset>/bench, linked like a test.
function(arch_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;DEPS")
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.c)
  endif()
  arch_test_program(bench_${name} "${arg_SOURCES}" "${arg_LIBS}" "${arg_DEPS}")
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name})
  if(ARCH_SANITIZE) # hardly any of them is run
    target_compile_options(bench_${name} PRIVATE -O0)
  endif()
endfunction()

# A program that embeds the library: sees the public headers and the shared library only.
function(arch_example name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  add_executable(example_${name} ${arg_SOURCES})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(example_${name} PRIVATE architech::architech architech::dev_flags)
endfunction()
