# The engine out of the npm package that native/engine/prebuilt/engine.lock.json pins.
include(${CMAKE_CURRENT_LIST_DIR}/prebuilt/fetch.cmake)

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "There is no prebuilt engine for ${CMAKE_SYSTEM_NAME}: use the preset cpu, vulkan or cuda, which build it from source.")
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(prebuilt_platform "linux-x64")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(prebuilt_platform "linux-arm64")
else()
  message(FATAL_ERROR "There is no prebuilt engine for Linux on ${CMAKE_SYSTEM_PROCESSOR}: use the preset cpu, vulkan or cuda.")
endif()

sdcpp_fetch_prebuilt("${prebuilt_platform}" prebuilt_dir)

configure_file(${CMAKE_CURRENT_LIST_DIR}/prebuilt/pinned_engine.hpp.in ${CMAKE_BINARY_DIR}/generated/pinned_engine.hpp @ONLY)
target_sources(sdcpp PRIVATE
  native/engine/prebuilt/elf_symbols.cpp
  native/engine/prebuilt/prebuilt_engine.cpp
  native/engine/prebuilt/sha256.cpp)
target_include_directories(sdcpp PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(sdcpp PRIVATE SDCPP_PREBUILT)
target_link_libraries(sdcpp PRIVATE ${CMAKE_DL_LIBS})
# Hashing the engine file is most of the time that loading takes.
set_source_files_properties(native/engine/prebuilt/sha256.cpp PROPERTIES COMPILE_OPTIONS "-O2")

# The engine lies beside libsdcpp. A link where the file system allows it: the two files have 93 MB.
foreach(file IN LISTS PREBUILT_FILE PREBUILT_VULKAN_FILE)
  get_filename_component(folder "${CMAKE_BINARY_DIR}/out/${file}" DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  file(CREATE_LINK ${prebuilt_dir}/${file} ${CMAKE_BINARY_DIR}/out/${file} COPY_ON_ERROR)
endforeach()
