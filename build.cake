// The only build logic, with cake/. ./build.sh TARGET passes on to it; `dotnet cake --description` lists the targets.
#nullable enable
#load "cake/tests.cake"
#load "cake/campaigns.cake"
#load "cake/archives.cake"
#load "cake/engine.cake"

string target = Argument("target", "Build");
string configuration = Argument("configuration", "Release");
string testClass = Argument("class", "");
string testProject = Argument("project", "");
string[] testProjects = [.. GetFiles("tests/*/*.csproj").Select(project => project.GetFilenameWithoutExtension().ToString())];
if (testProject != "" && !testProjects.Contains(testProject))
    throw new CakeException($"There is no test project {testProject}. There are: {string.Join(", ", testProjects)}.");
string defaultPreset = IsRunningOnLinux() ? "prebuilt" : "cpu";
string preset = Argument("preset", defaultPreset);
string system = IsRunningOnWindows() ? "win" : IsRunningOnMacOs() ? "osx" : "linux";
string machine = $"{system}-{System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
string[] rids = Argument("rid", machine).Split(',');

DirectoryPath results = MakeAbsolute(Directory("artifacts/test-results"));
FilePath summary = results.CombineWithFilePath("summary.txt");

void Run(string program, ProcessArgumentBuilder arguments)
{
    int exitCode = StartProcess(program, new ProcessSettings { Arguments = arguments });
    if (exitCode != 0)
        throw new CakeException(exitCode, $"{program} ended with exit code {exitCode}.");
}

Task("Native")
    .Description("Builds libsdcpp with the engine of --preset (prebuilt, cpu, vulkan, cuda, library).")
    .Does(() => BuildNative(preset));

void BuildNative(string cmakePreset)
{
    // Configuring takes seconds; ninja and make see by themselves when CMake's own files change.
    if (!FileExists($"build/{cmakePreset}/CMakeCache.txt"))
        Run("cmake", new ProcessArgumentBuilder().Append("--preset").Append(cmakePreset));
    Run("cmake", new ProcessArgumentBuilder().Append("--build").Append($"build/{cmakePreset}").Append("--config").Append("Release").Append("--parallel"));
}

Task("Build")
    .Description("Builds everything: the native library, the binding, the server, the tests.")
    .IsDependentOn("Native")
    .Does(() => Build("SdStudio.sln"));

Task("Server")
    .Description("Builds what the server needs, and no more: what ./build.sh run starts.")
    .IsDependentOn("Native")
    // Compiled beforehand, its packages too: a third of a start is the compiler's otherwise.
    // Copied, not linked: ./build.sh publish writes into the same files of the build, as a program that brings its runtime along.
    .Does(() => DotNetPublish("src/SdStudio.Server/SdStudio.Server.csproj", new DotNetPublishSettings
    {
        Configuration = configuration, Verbosity = DotNetVerbosity.Minimal, Runtime = machine, SelfContained = false, OutputDirectory = "artifacts/server",
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset).WithProperty("PublishReadyToRun", "true"),
    }));

void Build(string project) => DotNetBuild(project, new DotNetBuildSettings
{
    Configuration = configuration,
    Verbosity = DotNetVerbosity.Minimal,
    MSBuildSettings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset),
});

Task("Pack")
    .Description("Packs SdCpp.Interop and its native packages into artifacts/packages; --rid linux-x64,linux-arm64 and --preset name other native builds.")
    .Does(() =>
{
    foreach (string rid in rids)
    {
        string cmakePreset = NativePreset(rid);
        BuildNative(cmakePreset);
        PackProject($"packaging/SdCpp.Native.{rid}.csproj", settings => settings
            .WithProperty("SdCppPreset", preset)
            .WithProperty("SdCppNativeOutput", MakeAbsolute(Directory($"build/{cmakePreset}/out")).FullPath + "/"));
    }

    // SdCpp.Interop brings the default builds along; a further one is added to a program by itself.
    if (preset == defaultPreset)
    {
        PackProject("src/SdCpp.Interop/SdCpp.Interop.csproj", settings => settings.WithProperty("SdCppPackRids", string.Join(',', rids)));
        PackProject("src/SdCpp.Extensions.DependencyInjection/SdCpp.Extensions.DependencyInjection.csproj", _ => { });
        PackProject("src/SdCpp.Extensions.AI/SdCpp.Extensions.AI.csproj", _ => { });
        DeleteFiles("artifacts/packages/SdStudio.*nupkg");
        // The server as a tool of the .NET SDK, for this system: dotnet tool install SdStudio.
        PackProject("src/SdStudio.Server/SdStudio.Server.csproj", settings => settings.WithProperty("SdStudioTool", "true"));
    }

    // What the samples restored before has the same version, and would win.
    DeleteDirectories(GetDirectories("artifacts/samples/nuget/sdcpp.*"), new DeleteDirectorySettings { Recursive = true });
    foreach (FilePath file in GetFiles("artifacts/packages/*.*nupkg").OrderBy(file => file.FullPath))
    {
        double size = FileSize(file) / 1e6;
        Console.WriteLine($"{size,8:F2} MB  artifacts/packages/{file.GetFilename()}{(size > 250 ? ": more than the gallery takes, 250 MB" : "")}");
    }
});

// Another machine's build has a CMake preset of its own, which names the compiler for it. There is no prebuilt engine for Windows.
string NativePreset(string rid) => rid == machine ? preset : $"{(rid == "win-x64" && preset == "prebuilt" ? "cpu" : preset)}-{rid}";

void PackProject(string project, Action<DotNetMSBuildSettings> properties)
{
    var settings = new DotNetMSBuildSettings();
    properties(settings);
    DotNetPack(project, new DotNetPackSettings { Configuration = configuration, Verbosity = DotNetVerbosity.Minimal, MSBuildSettings = settings });
}

Task("Bench")
    .Description("Runs the benchmarks; --class NAME runs one class of them, --class turns the alternatives by turns.")
    .IsDependentOn("Build")
    .Does(() =>
{
    if (testClass is "" or "turns")
        Benchmarks("turns");
    if (testClass != "turns")
        Benchmarks("--artifacts", "artifacts/benchmarks", "--filter", testClass == "" ? "*" : $"*{testClass}*");
});

Task("Soak")
    .Description("Loads, generates and frees 1,000 models and cancels 1,000 calls; fails when memory grows. --cycles and --cancels change that.")
    .IsDependentOn("Build")
    .Does(() => Benchmarks("soak", Argument("cycles", "1000"), Argument("cancels", "1000")));

void Benchmarks(params string[] arguments)
{
    var all = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdCpp.Benchmarks/{configuration.ToLowerInvariant()}/SdCpp.Benchmarks.dll");
    foreach (string argument in arguments)
        all.AppendQuoted(argument);
    Run("dotnet", all);
}

Task("PublicApi")
    .Description("Writes SdCpp.Interop's public API into PublicAPI.Unshipped.txt again, for a change of it that is meant.")
    .Does(() =>
{
    // The analyzer's own fixer adds what is missing from a list; what is gone from the API goes because the list begins empty.
    System.IO.File.WriteAllText("src/SdCpp.Interop/PublicAPI.Unshipped.txt", "#nullable enable\n");
    Run("dotnet", new ProcessArgumentBuilder().Append("format").Append("analyzers").Append("src/SdCpp.Interop").Append("--diagnostics").Append("RS0016").Append("--severity").Append("warn"));
});

Task("Docs")
    .Description("Makes a site of the documents in artifacts/docs: plain HTML that loads nothing from elsewhere.")
    .Does(() =>
{
    Build("docs/site/SdStudio.Docs.csproj");
    CleanDirectory("artifacts/docs");
    Run("dotnet", new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdStudio.Docs/{configuration.ToLowerInvariant()}/SdStudio.Docs.dll").Append(".").Append("artifacts/docs"));
});

Task("Clean")
    .Description("Deletes what was built. The downloaded engine stays in the user's cache folder.")
    .Does(() => CleanDirectories(["artifacts", "build"]));

RunTarget(target);
