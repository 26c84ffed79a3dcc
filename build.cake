// The only build logic. ./build.sh TARGET passes on to it; `dotnet cake --description` lists the targets.
#nullable enable
using System.Globalization;
using System.Xml.Linq;

string target = Argument("target", "Build");
string configuration = Argument("configuration", "Release");
string testClass = Argument("class", "");
string preset = Argument("preset", IsRunningOnLinux() ? "prebuilt" : "cpu");

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
    .Does(() =>
{
    // Configuring takes seconds; ninja and make see by themselves when CMake's own files change.
    if (!FileExists($"build/{preset}/CMakeCache.txt"))
        Run("cmake", new ProcessArgumentBuilder().Append("--preset").Append(preset));
    Run("cmake", new ProcessArgumentBuilder().Append("--build").Append("--preset").Append(preset).Append("--config").Append("Release").Append("--parallel"));
});

Task("Build")
    .Description("Builds everything: the native library, the binding, the server, the tests.")
    .IsDependentOn("Native")
    .Does(() => Build("SdStudio.sln"));

Task("Server")
    .Description("Builds what the server needs, and no more: what ./build.sh run starts.")
    .IsDependentOn("Native")
    .Does(() => Build("src/SdStudio.Server/SdStudio.Server.csproj"));

void Build(string project) => DotNetBuild(project, new DotNetBuildSettings
{
    Configuration = configuration,
    Verbosity = DotNetVerbosity.Minimal,
    MSBuildSettings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset),
});

Task("Test")
    .Description("Builds and runs all tests; --class NAME runs one class of them.")
    .IsDependentOn("Build")
    .Does(() =>
{
    CleanDirectory(results);
    int failed = 0;
    // Two at a time, the longest first: each draws with one thread most of the time, and waits for files and processes for the rest.
    string[] first = ["SdStudio.Server.Tests", "SdStudio.EndToEnd.Tests"];
    IEnumerable<string> names = GetFiles("tests/*/*.csproj").Select(project => project.GetFilenameWithoutExtension().ToString())
        .OrderBy(name => Array.IndexOf(first, name) is >= 0 and int index ? index : first.Length).ThenBy(name => name);
    System.Threading.Tasks.Parallel.ForEach(
        System.Collections.Concurrent.Partitioner.Create(names, System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering),
        new System.Threading.Tasks.ParallelOptions { MaxDegreeOfParallelism = 2 },
        name =>
        {
            var arguments = new ProcessArgumentBuilder()
                .AppendQuoted($"artifacts/bin/{name}/{configuration.ToLowerInvariant()}/{name}.dll")
                .Append("-result-xml").AppendQuoted(results.CombineWithFilePath(name + ".xml").FullPath);
            if (testClass != "")
                arguments.Append("-class").AppendQuoted(testClass);
            if (StartProcess("dotnet", new ProcessSettings { Arguments = arguments }) != 0)
                System.Threading.Interlocked.Increment(ref failed);
        });

    (int passed, int lost, int skipped) = ReadResults();
    System.IO.File.WriteAllText(summary.FullPath, (skipped > 0 ? $"{skipped} skipped: the reasons stand in {results.GetDirectoryName()}\n" : "") + $"{passed} passed, {lost} failed\n");
    if (failed > 0 || lost > 0 || passed == 0)
        throw new CakeException($"Tests: {passed} passed, {lost} failed.");
});

(int Passed, int Failed, int Skipped) ReadResults()
{
    int passed = 0, lost = 0, skipped = 0;
    foreach (FilePath file in GetFiles($"{results}/*.xml"))
    {
        XElement assembly = XDocument.Load(file.FullPath).Descendants("assembly").Single();
        int Count(string name) => int.Parse(assembly.Attribute(name)!.Value, CultureInfo.InvariantCulture);
        passed += Count("passed");
        skipped += Count("skipped") + Count("not-run");
        lost += Count("failed") + Count("errors");
    }

    return (passed, lost, skipped);
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
    .Description("Loads, draws and frees 1,000 models and cancels 1,000 calls; fails when memory grows. --cycles and --cancels change that.")
    .IsDependentOn("Build")
    .Does(() => Benchmarks("soak", Argument("cycles", "1000"), Argument("cancels", "1000")));

void Benchmarks(params string[] arguments)
{
    var all = new ProcessArgumentBuilder().AppendQuoted($"artifacts/bin/SdCpp.Benchmarks/{configuration.ToLowerInvariant()}/SdCpp.Benchmarks.dll");
    foreach (string argument in arguments)
        all.AppendQuoted(argument);
    Run("dotnet", all);
}

Task("Clean")
    .Description("Deletes what was built. The downloaded engine stays in the user's cache folder.")
    .Does(() => CleanDirectories(["artifacts", "build"]));

RunTarget(target);
