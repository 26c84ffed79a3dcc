# What the providers with an engine of their own header have in common: `target` is the engine's CMake target.
function(sdcpp_link_engine target)
  target_sources(sdcpp PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/linked/linked_engine.cpp)
  target_link_libraries(sdcpp PRIVATE ${target} ${CMAKE_DL_LIBS})
  target_compile_definitions(sdcpp PRIVATE SDCPP_ENGINE_COMMIT="${SDCPP_ENGINE_COMMIT}")
endfunction()
