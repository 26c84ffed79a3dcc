# What the providers with an engine of their own header have in common. `include_dirs` hold stable-diffusion.h, `file` is the name of the
# engine's library, which lies beside libsdcpp. `sure` tells whether SDCPP_ENGINE_COMMIT is the commit of that very header.
function(sdcpp_use_engine include_dirs file sure)
  target_sources(sdcpp PRIVATE
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/linked/linked_engine.cpp
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/linked/shared_library.cpp)
  target_include_directories(sdcpp PRIVATE ${include_dirs})
  target_link_libraries(sdcpp PRIVATE ${CMAKE_DL_LIBS})
  target_compile_definitions(sdcpp PRIVATE
    SD_BUILD_SHARED_LIB
    SDCPP_ENGINE_FILE="${file}"
    SDCPP_ENGINE_COMMIT="${SDCPP_ENGINE_COMMIT}"
    SDCPP_ENGINE_COMMIT_IS_SURE=$<BOOL:${sure}>)
endfunction()

# Copies the engine's library and all that lie with it beside libsdcpp: ggml and its back ends are files of their own in many builds.
function(sdcpp_take_libraries folder)
  file(GLOB libraries ${folder}/*.so ${folder}/*.so.* ${folder}/*.dylib ${folder}/*.dll)
  foreach(library IN LISTS libraries)
    file(COPY ${library} DESTINATION ${CMAKE_BINARY_DIR}/out FOLLOW_SYMLINK_CHAIN)
  endforeach()
endfunction()

# Loads the engine once as soon as it is built: a header of another version or a library that is missing shows here and not at a user's.
function(sdcpp_check_after_build)
  if(CMAKE_CROSSCOMPILING OR SDCPP_SANITIZE)
    return()
  endif()
  add_executable(sdcpp_load_check ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/linked/load_check.c)
  target_link_libraries(sdcpp_load_check PRIVATE sdcpp)
  set_target_properties(sdcpp_load_check PROPERTIES BUILD_RPATH "$<TARGET_FILE_DIR:sdcpp>" RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/check)
  if(WIN32)
    add_custom_command(TARGET sdcpp_load_check POST_BUILD COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:sdcpp> $<TARGET_FILE_DIR:sdcpp_load_check>
      COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_BINARY_DIR}/out $<TARGET_FILE_DIR:sdcpp_load_check>)
  endif()
  add_custom_command(TARGET sdcpp_load_check POST_BUILD COMMAND sdcpp_load_check VERBATIM)
endfunction()

# CUDA's runtime is no part of a driver: a build that only runs where the toolkit is installed is of no use to hand out.
function(sdcpp_take_cuda_runtime)
  find_package(CUDAToolkit)
  if(NOT CUDAToolkit_FOUND)
    message(WARNING "CUDA's runtime libraries do not come along: the toolkit was not found. The build runs only where they are installed.")
    return()
  endif()
  set(libraries "")
  foreach(name cudart cublas cublasLt)
    if(TARGET CUDA::${name})
      list(APPEND libraries $<TARGET_FILE:CUDA::${name}>)
    endif()
  endforeach()
  foreach(library IN LISTS libraries)
    add_custom_command(TARGET sdcpp POST_BUILD COMMAND ${CMAKE_COMMAND} -DLIBRARY=${library} -DFOLDER=${CMAKE_BINARY_DIR}/out
      -DTOOLKIT=${CUDAToolkit_BIN_DIR} -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/linked/copy_library.cmake VERBATIM)
  endforeach()
endfunction()
