# cuda.cmake - nvcc over the model's own files. CUDA is no language of this project, since most builds do without: a .cu file
# becomes an object by a command of its own, which knows what it includes.

# The CUDA runtime is asked of nvcc itself, since the nvcc of the path may be a script that calls one elsewhere.
execute_process(COMMAND ${ARCH_NVCC} --dryrun -x cu /dev/null OUTPUT_VARIABLE arch_cuda_plan ERROR_VARIABLE arch_cuda_plan)
string(REGEX MATCH "LIBRARIES=[^\n]*" arch_cuda_lines "${arch_cuda_plan}")
string(REGEX MATCHALL "-L[^\" ]+" arch_cuda_folders "${arch_cuda_lines}")
list(TRANSFORM arch_cuda_folders REPLACE "^-L" "")
find_library(DEP_cudart_LIBRARY cudart_static HINTS ${arch_cuda_folders})
mark_as_advanced(DEP_cudart_LIBRARY)
if(NOT DEP_cudart_LIBRARY AND ARCH_CUDA STREQUAL "ON")
  message(FATAL_ERROR "ARCH_CUDA is ON and ${ARCH_NVCC} has no cudart_static; say where with -DDEP_cudart_LIBRARY=FILE")
elseif(NOT DEP_cudart_LIBRARY)
  message(STATUS "Without a GPU: ${ARCH_NVCC} has no cudart_static")
  return()
endif()
set(ARCH_CUDA_FOUND ON)
find_library(DEP_rt_LIBRARY rt)
arch_dep(cudart ${DEP_cudart_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} stdc++ $<$<BOOL:${DEP_rt_LIBRARY}>:${DEP_rt_LIBRARY}>)

# How every .cu file is compiled. The bits are those of the C compiler: no fused multiply-add. What only an assertion reads is
# unused on a device (550).
set(arch_nvcc_options -x cu -std=c++17 -O3 -fmad=false --diag-suppress=550 -D_GNU_SOURCE
  -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include
  -Xcompiler=-fPIC,-ffp-contract=off,-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(NOT ARCH_ASSERTS)
  list(APPEND arch_nvcc_options -DARCH_NO_ASSERT)
endif()

# The pair of ARCH_CUDA_CODE as nvcc wants it.
function(arch_cuda_pair pair out)
  string(REPLACE "," ";" pair ${pair})
  list(GET pair 0 arch)
  list(GET pair 1 code)
  set(${out} -gencode=arch=${arch},code=${code} PARENT_SCOPE)
endfunction()

# dep::<name>: the objects of these .cu files and the CUDA runtime; whoever links it depends on the target cuda_<name>.
function(arch_cuda_objects name)
  set(codes)
  foreach(pair IN LISTS ARCH_CUDA_CODE)
    arch_cuda_pair(${pair} code)
    list(APPEND codes ${code})
  endforeach()
  set(objects)
  foreach(source IN LISTS ARGN)
    get_filename_component(stem ${source} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${stem}.cuda.o)
    add_custom_command(OUTPUT ${object} DEPFILE ${object}.d
      COMMAND ${ARCH_NVCC} ${arch_nvcc_options} ${codes} -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source} COMMENT "Building CUDA object ${source}")
    list(APPEND objects ${object})
  endforeach()
  add_custom_target(cuda_${name} DEPENDS ${objects})
  arch_dep(${name} ${objects} dep::cudart)
endfunction()

# <out>: the file with what nvcc makes of a .cu file before it is made into the code of one GPU: PTX of the first architecture,
# with the lines that it comes from.
function(arch_cuda_ptx source out)
  get_filename_component(stem ${source} NAME_WE)
  set(ptx ${CMAKE_CURRENT_BINARY_DIR}/${stem}.ptx)
  list(GET ARCH_CUDA_CODE 0 pair)
  string(REGEX REPLACE ",.*" "" arch ${pair})
  arch_cuda_pair(${arch},${arch} code)
  add_custom_command(OUTPUT ${ptx} DEPFILE ${ptx}.d
    COMMAND ${ARCH_NVCC} ${arch_nvcc_options} ${code} -lineinfo -MD -MF ${ptx}.d --ptx ${source} -o ${ptx}
    DEPENDS ${source} COMMENT "Building PTX of ${stem}.cu")
  set(${out} ${ptx} PARENT_SCOPE)
endfunction()
