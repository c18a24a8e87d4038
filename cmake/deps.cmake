# deps.cmake - the one file that knows what lies outside. Each dependency gets one dep:: name; nothing else in the build
# calls find_package or pkg-config. Debian's names of the packages are in scripts/packages.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
pkg_check_modules(HDF5_OPENMPI REQUIRED IMPORTED_TARGET hdf5-openmpi)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)

# dep::<name> stands for the given targets.
function(arch_dep name)
  add_library(dep_${name} INTERFACE)
  add_library(dep::${name} ALIAS dep_${name})
  target_link_libraries(dep_${name} INTERFACE ${ARGN})
endfunction()

# dep::<name> is a library without a package file: a header and perhaps a library to link.
function(arch_dep_plain name header library)
  find_path(DEP_${name}_INCLUDE ${header} REQUIRED)
  arch_dep(${name})
  if(library)
    find_library(DEP_${name}_LIBRARY ${library} REQUIRED)
    target_link_libraries(dep_${name} INTERFACE ${DEP_${name}_LIBRARY})
  endif()
  target_include_directories(dep_${name} SYSTEM INTERFACE ${DEP_${name}_INCLUDE})
endfunction()

arch_dep(threads Threads::Threads)
arch_dep(mpi MPI::MPI_C)
find_library(DEP_hdf5_hl_LIBRARY NAMES hdf5_hl hdf5_openmpi_hl HINTS ${HDF5_OPENMPI_LIBRARY_DIRS} REQUIRED)
arch_dep(hdf5 ${DEP_hdf5_hl_LIBRARY} PkgConfig::HDF5_OPENMPI)
arch_dep(cjson PkgConfig::CJSON)
arch_dep(zmq PkgConfig::ZMQ)
arch_dep_plain(metis metis.h metis)
arch_dep_plain(random123 Random123/philox.h "")
arch_dep(math m)

if(ARCH_TESTS)
  pkg_check_modules(CUNIT REQUIRED IMPORTED_TARGET cunit)
  arch_dep(cunit PkgConfig::CUNIT)
endif()

# Optional: with nvcc ensembles run on a GPU as well, and the tests compile the model's files for one.
find_program(ARCH_NVCC nvcc PATHS /usr/local/cuda/bin)
mark_as_advanced(ARCH_NVCC)
set(ARCH_CUDA_FOUND OFF)
if(ARCH_CUDA STREQUAL "ON" AND NOT ARCH_NVCC)
  message(FATAL_ERROR "ARCH_CUDA is ON and no nvcc was found; say where with -DARCH_NVCC=PATH")
elseif(ARCH_NVCC AND NOT ARCH_CUDA STREQUAL "OFF")
  include(cuda)
endif()
