# rooms.cmake - one object library per folder of sources.

add_library(arch_api INTERFACE)
add_library(architech::api ALIAS arch_api)
target_include_directories(arch_api INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)

set_property(GLOBAL PROPERTY ARCH_ROOMS "")

# arch_room(<room> SOURCES a.c ... [NEEDS <room> ...] [DEPS dep::x ...])
# architech::<room> is an object library of these files. NEEDS names the rooms whose functions they call; a test that
# links the room gets those too. DEPS are seen by this room's own files only. Without sources there is nothing to build.
function(arch_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;NEEDS;DEPS")
  if(NOT arg_SOURCES)
    return()
  endif()
  add_library(arch_${room} OBJECT ${arg_SOURCES})
  add_library(architech::${room} ALIAS arch_${room})
  target_include_directories(arch_${room} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(arch_${room} PUBLIC architech::api PRIVATE ${arg_DEPS} architech::dev_flags)
  set_property(TARGET arch_${room} PROPERTY ARCH_NEEDS ${arg_NEEDS})
  set_property(GLOBAL APPEND PROPERTY ARCH_ROOMS ${room})
endfunction()

# The rooms given and all that they need, as targets that exist.
function(arch_rooms_closure out)
  set(todo ${ARGN})
  set(seen)
  while(todo)
    list(POP_FRONT todo room)
    string(REPLACE "architech::" "" room ${room})
    if(TARGET arch_${room} AND NOT room IN_LIST seen)
      list(APPEND seen ${room})
      get_property(needs TARGET arch_${room} PROPERTY ARCH_NEEDS)
      list(APPEND todo ${needs})
    endif()
  endwhile()
  list(TRANSFORM seen PREPEND architech::)
  set(${out} ${seen} PARENT_SCOPE)
endfunction()
