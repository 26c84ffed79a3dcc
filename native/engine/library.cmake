# An installed engine: stable-diffusion.h and the library of the same commit.
include(${CMAKE_CURRENT_LIST_DIR}/linked.cmake)

set(SDCPP_LIBRARY_DIR "" CACHE PATH "A folder with stable-diffusion.h and the library, in it or in include/ and lib/ or bin/")
set(SDCPP_ENGINE_COMMIT "" CACHE STRING "The commit of the installed engine, if you know it")

find_path(SDCPP_ENGINE_INCLUDE stable-diffusion.h HINTS ${SDCPP_LIBRARY_DIR} PATH_SUFFIXES include)
find_library(SDCPP_ENGINE_LIBRARY stable-diffusion HINTS ${SDCPP_LIBRARY_DIR} PATH_SUFFIXES lib bin)
if(NOT SDCPP_ENGINE_INCLUDE OR NOT SDCPP_ENGINE_LIBRARY)
  message(FATAL_ERROR "stable-diffusion.h or its library was not found: set SDCPP_LIBRARY_DIR (header: ${SDCPP_ENGINE_INCLUDE}, library: ${SDCPP_ENGINE_LIBRARY}).")
endif()

add_library(sdcpp_installed_engine UNKNOWN IMPORTED)
set_target_properties(sdcpp_installed_engine PROPERTIES
  IMPORTED_LOCATION ${SDCPP_ENGINE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${SDCPP_ENGINE_INCLUDE})
sdcpp_link_engine(sdcpp_installed_engine)

# The library travels beside libsdcpp, and its symbolic names with it.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/out)
file(COPY ${SDCPP_ENGINE_LIBRARY} DESTINATION ${CMAKE_BINARY_DIR}/out FOLLOW_SYMLINK_CHAIN)
