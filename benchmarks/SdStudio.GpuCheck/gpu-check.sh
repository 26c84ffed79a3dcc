#!/bin/sh
# Checks a graphics card with what lies in this archive; needs the card's driver and nothing else. Options: see --help.
# GPU_CHECK_LIBS: folders (with colons between them) whose libraries are found first, e.g. one with libvulkan.so.1 where the system has none.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ -n "${GPU_CHECK_LIBS:-}" ]; then
  LD_LIBRARY_PATH="$GPU_CHECK_LIBS${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export LD_LIBRARY_PATH
fi

# Machines differ in what they have besides: nothing is sent, looked up or written outside the folders of the options.
DOTNET_EnableDiagnostics=0
DOTNET_gcServer=0
export DOTNET_EnableDiagnostics DOTNET_gcServer
exec "$here/SdStudio.GpuCheck" "$@"
