// The contract suite of an engine, and the layout of a new version of the prebuilt one.
#nullable enable

Task("Engine")
    .Description("Runs the contract suite of --preset's engine; --engine-version X first fetches that version of the prebuilt engine and derives its layout.")
    .Does(() =>
{
    string wanted = Argument("engine-version", "");
    DirectoryPath work = MakeAbsolute(Directory("artifacts/engine"));
    CleanDirectory(work);
    string report = work.CombineWithFilePath("report.md").FullPath;
    string repository = MakeAbsolute(Directory(".")).FullPath;
    string build = MakeAbsolute(Directory($"build/{preset}")).FullPath;
    DotNetBuild("native/tools/EngineUpgrade/EngineUpgrade.csproj", new DotNetBuildSettings { Configuration = configuration, Verbosity = DotNetVerbosity.Quiet });
    if (wanted != "")
    {
        Run("cmake", new ProcessArgumentBuilder().Append("-S").Append("native/tools").Append("-B").Append("build/tools"));
        Run("cmake", new ProcessArgumentBuilder().Append("--build").Append("build/tools"));
        UpgradeStep("derive", wanted, repository, MakeAbsolute(File("build/tools/engine_probe")).FullPath, EngineCache(), report);
    }

    Run("cmake", new ProcessArgumentBuilder().Append("--preset").Append(preset).Append("-DSDCPP_BUILD_TESTS=ON"));
    Run("cmake", new ProcessArgumentBuilder().Append("--build").Append($"build/{preset}").Append("--config").Append("Release").Append("--parallel"));
    Run("cmake", new ProcessArgumentBuilder().Append("--build").Append($"build/{preset}").Append("--config").Append("Release").Append("--target").Append("contract_test"));
    // What needs no model first: it takes a second.
    Run("ctest", new ProcessArgumentBuilder().Append("--test-dir").AppendQuoted(build).Append("-C").Append("Release").Append("--output-on-failure"));
    UpgradeStep("contract", $"{build}/tests/native/contract_test", repository, work.FullPath, report);
    Console.WriteLine($"The report is {report}.");
});

void UpgradeStep(params string[] arguments)
{
    var all = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/EngineUpgrade/{configuration.ToLowerInvariant()}/EngineUpgrade.dll");
    foreach (string argument in arguments)
        all.AppendQuoted(argument);
    Run("dotnet", all);
}

// As native/engine/cache.cmake has it.
string EngineCache() => EnvironmentVariable("SDCPP_CACHE_DIR")
    ?? (EnvironmentVariable("XDG_CACHE_HOME") is { } cache ? $"{cache}/sdstudio" : $"{EnvironmentVariable("HOME")}/.cache/sdstudio");
