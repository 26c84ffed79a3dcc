# ./build.ps1 TARGET [options]: hands TARGET (run, test, bench, build, native, engine, pack, publicapi, clean) to build.cake.
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'
$target = if ($args.Count -gt 0) { $args[0] } else { 'build' }
$rest = @($args | Select-Object -Skip 1)

dotnet tool restore --verbosity quiet
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
if ($target -eq 'run') {
    dotnet cake build.cake --verbosity=minimal --target=Server
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    dotnet artifacts/server/SdStudio.Server.dll @rest
    exit $LASTEXITCODE
}
# Cake has a --version of its own.
if ($target -eq 'engine') { $rest = @($rest | ForEach-Object { $_ -replace '^--version', '--engine-version' }) }
dotnet cake build.cake --verbosity=minimal "--target=$target" @rest
$status = $LASTEXITCODE
if ($target -eq 'test') { Get-Content artifacts/test-results/summary.txt -ErrorAction SilentlyContinue }
exit $status
