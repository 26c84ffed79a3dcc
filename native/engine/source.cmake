# The engine built from its source, at the commit this bridge was written against.
include(FetchContent)
include(${CMAKE_CURRENT_LIST_DIR}/linked.cmake)

set(SDCPP_ENGINE_REPOSITORY "https://github.com/leejet/stable-diffusion.cpp" CACHE STRING "The engine's source repository")
set(SDCPP_ENGINE_COMMIT "3f8527a46c54ecf4cb4ed6003da8e8982283c73c" CACHE STRING "The engine's source commit (tag master-929-3f8527a)")
set(SDCPP_SOURCE_DIR "" CACHE PATH "A checkout of the engine to build in place of a download")

# One shared library with ggml inside, no programs, no code that only runs on this machine's CPU.
set(SD_BUILD_SHARED_LIBS ON CACHE BOOL "" FORCE)
set(SD_BUILD_EXAMPLES OFF CACHE BOOL "" FORCE)
set(SD_WEBP OFF CACHE BOOL "" FORCE)
set(SD_WEBM OFF CACHE BOOL "" FORCE)
set(SD_CUDA OFF CACHE BOOL "Build the engine for CUDA")
set(SD_VULKAN OFF CACHE BOOL "Build the engine for Vulkan")
set(GGML_NATIVE OFF CACHE BOOL "Use every instruction of the CPU that builds it")
# OpenMP would be one more library to have: .NET's container images have none. ggml has threads of its own.
set(GGML_OPENMP OFF CACHE BOOL "Compute with OpenMP's threads")
if(SD_CUDA AND NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  # Turing to Blackwell; ggml's own default takes hours and makes a package that no gallery takes.
  set(CMAKE_CUDA_ARCHITECTURES "75-real;86-real;89-real;120-virtual" CACHE STRING "The cards to build for")
endif()

if(SDCPP_SOURCE_DIR)
  set(FETCHCONTENT_SOURCE_DIR_STABLE-DIFFUSION ${SDCPP_SOURCE_DIR})
endif()
FetchContent_Declare(stable-diffusion
  GIT_REPOSITORY ${SDCPP_ENGINE_REPOSITORY}
  GIT_TAG ${SDCPP_ENGINE_COMMIT}
  # The others are for its programs: image formats and a page of the server.
  GIT_SUBMODULES ggml
  GIT_PROGRESS ON)
FetchContent_MakeAvailable(stable-diffusion)

if(NOT TARGET stable-diffusion)
  message(FATAL_ERROR "The engine's source has no CMake target 'stable-diffusion': is ${SDCPP_SOURCE_DIR} a checkout of stable-diffusion.cpp?")
endif()
# The engine travels beside libsdcpp: with generators of many configurations too, whose folder of their own the expression keeps away.
set_target_properties(stable-diffusion PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY $<1:${CMAKE_BINARY_DIR}/out>
  RUNTIME_OUTPUT_DIRECTORY $<1:${CMAKE_BINARY_DIR}/out>)
add_dependencies(sdcpp stable-diffusion)
# A checkout is whatever commit it is.
string(COMPARE EQUAL "${SDCPP_SOURCE_DIR}" "" sdcpp_pinned)
sdcpp_use_engine("$<TARGET_PROPERTY:stable-diffusion,INTERFACE_INCLUDE_DIRECTORIES>" "$<TARGET_FILE_NAME:stable-diffusion>" ${sdcpp_pinned})
if(SD_CUDA)
  sdcpp_take_cuda_runtime()
endif()
