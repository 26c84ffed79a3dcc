using System.Diagnostics;
using System.Text.Json.Nodes;
using SdStudio.EngineUpgrade;

// The steps of ./build.sh engine. Each ends with 1 when something could not be done, and with 2 when a maintainer must decide something first.
try
{
    return args switch
    {
        ["derive", var version, var repository, var probe, var cache, var report] => Derive(version, repository, probe, cache, report),
        ["contract", var suite, var repository, var folder, var report] => TryOut(suite, repository, folder, report),
        ["demo-model", var folder] => WriteDemoModel(folder),
        _ => Usage(),
    };
}
catch (Exception exception) when (exception is UpgradeException or IOException or System.Text.Json.JsonException)
{
    Console.Error.WriteLine($"EngineUpgrade: {exception.Message}");
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine("""
        EngineUpgrade derive VERSION REPOSITORY PROBE CACHE REPORT: fetches a version, derives its layout, writes the files that pin it
        EngineUpgrade contract SUITE REPOSITORY FOLDER REPORT: runs the contract suite of a build and adds what came of it to the report
        EngineUpgrade demo-model FOLDER: writes the demo model, which the suite generates with
        """);
    return 1;
}

// No file of the repository changes before everything is decided.
static int Derive(string version, string repository, string probe, string cache, string reportPath)
{
    string prebuilt = Path.Combine(repository, "native", "engine", "prebuilt");
    Candidate candidate = Candidate.Get(prebuilt, cache, version, Platform());
    Layout last = Layout.Read(Path.Combine(prebuilt, "engine.layout.json"));
    string package = (string)JsonNode.Parse(candidate.Lock)!["package"]!;
    IReadOnlyList<string> needed = RequiredFunctions.Read(Path.Combine(repository, "native", "engine", "engine.hpp"));
    Derivation derivation = Derivation.Of(last, ProbeAnswer.Parse(RunProbe(probe, candidate.EngineFile)), $"{package} {version}", needed);

    string report = Report.Write(last, derivation);
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(reportPath))!);
    File.WriteAllText(reportPath, report);
    if (derivation.Undecided.Count > 0)
    {
        string draft = Path.ChangeExtension(reportPath, ".layout.json");
        File.WriteAllText(draft, derivation.Layout.ToJson());
        Console.WriteLine(report);
        Console.Error.WriteLine($"No file was changed. Correct the order and names of the fields in {draft}, copy it over native/engine/prebuilt/engine.layout.json, and run this again.");
        return 2;
    }

    File.WriteAllText(Path.Combine(prebuilt, "engine.layout.json"), derivation.Layout.ToJson());
    File.WriteAllText(Path.Combine(prebuilt, "engine_abi.hpp"), HeaderWriter.Write(derivation.Layout));
    File.WriteAllText(Path.Combine(prebuilt, "engine_layout.hpp"), HeaderWriter.WriteAssertions(derivation.Layout));
    File.WriteAllText(Path.Combine(prebuilt, "engine.lock.json"), candidate.Lock);
    File.WriteAllText(Path.Combine(prebuilt, "package-lock.json"), candidate.PackageLock);
    string packageJson = Path.Combine(prebuilt, "package.json");
    File.WriteAllText(packageJson, Candidate.PackageJson(File.ReadAllText(packageJson), package, version));
    return 0;
}

static int TryOut(string suite, string repository, string folder, string reportPath)
{
    string demoModel = Path.Combine(folder, "demo-model");
    WriteDemoModel(demoModel);
    string images = Path.Combine(folder, "images");
    var known = new KnownImages(Path.Combine(repository, "native", "engine", "engine.images.json"));
    (string text, bool kept) = ContractReport.Write(Contract.Run(suite, demoModel, images), Platform(), known, images);
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(reportPath))!);
    File.AppendAllText(reportPath, text);
    Console.WriteLine(File.ReadAllText(reportPath));
    return kept ? 0 : 1;
}

static int WriteDemoModel(string folder)
{
    SdCpp.Interop.DemoModel.Write(folder);
    return 0;
}

static string Platform() => $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

static string RunProbe(string program, string engine)
{
    using Process probe = Process.Start(new ProcessStartInfo(program, [engine]) { RedirectStandardOutput = true })
        ?? throw new UpgradeException($"{program} cannot be started.");
    string output = probe.StandardOutput.ReadToEnd();
    probe.WaitForExit();
    return probe.ExitCode == 0 ? output : throw new UpgradeException($"{program} could not look at {engine}: its own words stand above.");
}
