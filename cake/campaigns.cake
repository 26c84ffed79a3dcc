// Campaigns of the end-to-end tests that are too long for a run of all tests.
#nullable enable

Task("Kills")
    .Description("Kills a working server in every way, --deaths times (100), and compares after each what it has acknowledged; --seed makes another run.")
    .IsDependentOn("Build")
    .Does(() => Campaign("KillTests", new() { ["SDSTUDIO_DEATHS"] = Argument("deaths", "100"), ["SDSTUDIO_DEATHS_SEED"] = Argument("seed", "9") }, "The server did not survive."));

Task("Aborts")
    .Description("Ends a watched server's engine under load by SIGABRT, --deaths times (50), and tells how long until the next image, who was refused and what was lost.")
    .IsDependentOn("Build")
    .Does(() => Campaign("WatcherTests", new() { ["SDSTUDIO_ABORTS"] = Argument("deaths", "50") }, "The server did not come back as it should."));

Task("Faults")
    .Description("Three machines with one PostgreSQL under load, of which something fails --faults times (100); --seed makes another run.")
    .IsDependentOn("Build")
    .Does(() => Campaign("FaultTests", new() { ["SDSTUDIO_FAULTS"] = Argument("faults", "100"), ["SDSTUDIO_FAULTS_SEED"] = Argument("seed", "4") }, "The machines lost something."));

// A class of the end-to-end tests, which goes on for as long as the environment says.
void Campaign(string tests, Dictionary<string, string?> environment, string lost)
{
    int exitCode = StartProcess("dotnet", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdStudio.EndToEnd.Tests/{configuration.ToLowerInvariant()}/SdStudio.EndToEnd.Tests.dll")
            .Append("-class").Append($"SdStudio.EndToEnd.Tests.{tests}").Append("-showliveoutput"),
        EnvironmentVariables = environment,
    });
    if (exitCode != 0)
        throw new CakeException(exitCode, lost);
}
