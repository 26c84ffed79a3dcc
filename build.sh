#!/usr/bin/env bash
# ./build.sh TARGET [options]: hands TARGET (run, test, publish, bench, soak, gpu-archive, gpu-check, kills, aborts, build, native, engine, pack, publicapi, docs, clean) to build.cake.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

target=${1:-build}
[ $# -eq 0 ] || shift

need() { command -v "$1" >/dev/null || { echo "build.sh: $1 was not found; install $2" >&2; exit 1; }; }
need dotnet "the .NET 10 SDK"
need cmake "CMake 3.23 or newer"
need c++ "a C++17 compiler (g++ or clang++)"
need npm "Node.js with npm"
case $target in test | publish) need zstd "zstd, which packs the archive" ;; esac

cake() { dotnet cake build.cake --verbosity=minimal "$@"; }
dotnet tool restore --verbosity quiet

case $target in
  run)
    cake --target=Server
    # exec: signals from the terminal or a service manager reach the server itself.
    exec dotnet artifacts/server/SdStudio.Server.dll "$@" ;;
  test)
    status=0
    cake --target=Test "$@" || status=$?
    cat artifacts/test-results/summary.txt 2>/dev/null || echo "0 passed, 1 failed"
    exit "$status" ;;
  engine)
    # Cake has a --version of its own.
    cake --target=Engine "${@/#--version/--engine-version}" ;;
  *)
    cake --target="$target" "$@" ;;
esac
