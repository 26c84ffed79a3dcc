# An installed engine: stable-diffusion.h and the library of the same commit.
include(${CMAKE_CURRENT_LIST_DIR}/linked.cmake)

set(SDCPP_LIBRARY_DIR "" CACHE PATH "A folder with stable-diffusion.h and the library, in it or in include/ and lib/ or bin/")
set(SDCPP_ENGINE_COMMIT "" CACHE STRING "The commit of the installed engine, if you know it")

# Not cached: another SDCPP_LIBRARY_DIR must find another engine. A folder that was named is the only one.
set(sdcpp_only "")
if(SDCPP_LIBRARY_DIR)
  set(sdcpp_only NO_DEFAULT_PATH)
endif()
find_path(sdcpp_header_dir stable-diffusion.h HINTS ${SDCPP_LIBRARY_DIR} PATH_SUFFIXES include NO_CACHE ${sdcpp_only})
# Opened at run time, so it is the library itself that is looked for and never an import library.
set(sdcpp_engine_names libstable-diffusion.so libstable-diffusion.dylib stable-diffusion.dll libstable-diffusion.dll)
find_file(sdcpp_engine_library NAMES ${sdcpp_engine_names} HINTS ${SDCPP_LIBRARY_DIR} PATH_SUFFIXES bin lib NO_CACHE ${sdcpp_only})
if(NOT sdcpp_engine_library AND NOT SDCPP_LIBRARY_DIR)
  find_library(sdcpp_engine_library stable-diffusion NO_CACHE)
endif()
if(NOT sdcpp_header_dir OR NOT sdcpp_engine_library)
  message(FATAL_ERROR "stable-diffusion.h or its library was not found: set SDCPP_LIBRARY_DIR (header: ${sdcpp_header_dir}, library: ${sdcpp_engine_library}).")
endif()

get_filename_component(sdcpp_engine_folder ${sdcpp_engine_library} DIRECTORY)
get_filename_component(sdcpp_engine_file ${sdcpp_engine_library} NAME)
sdcpp_use_engine(${sdcpp_header_dir} ${sdcpp_engine_file} "${SDCPP_ENGINE_COMMIT}")

# Another engine's libraries must not stay behind.
file(REMOVE_RECURSE ${CMAKE_BINARY_DIR}/out)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/out)
if(SDCPP_LIBRARY_DIR)
  sdcpp_take_libraries(${sdcpp_engine_folder})
else()
  file(COPY ${sdcpp_engine_library} DESTINATION ${CMAKE_BINARY_DIR}/out FOLLOW_SYMLINK_CHAIN)
endif()
sdcpp_check_after_build()
