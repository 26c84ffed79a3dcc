# Copies LIBRARY into FOLDER under the name that the loader asks for. On Windows LIBRARY is an import library, and the DLL lies in TOOLKIT.
if(LIBRARY MATCHES "\\.lib$")
  get_filename_component(name ${LIBRARY} NAME_WE)
  file(GLOB LIBRARY ${TOOLKIT}/${name}64_*.dll)
endif()
file(COPY ${LIBRARY} DESTINATION ${FOLDER} FOLLOW_SYMLINK_CHAIN)
