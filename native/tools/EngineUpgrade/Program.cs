using System.Diagnostics;
using System.Text.Json.Nodes;
using SdStudio.EngineUpgrade;

// EngineUpgrade VERSION REPOSITORY PROBE CACHE REPORT: fetches the version, derives its layout, writes the files that pin it and a report.
// Ends with 1 when something could not be done, and with 2 when a maintainer must decide something first: then no file is changed.
if (args is not [var version, var repository, var probeProgram, var cache, var reportPath])
{
    Console.Error.WriteLine("EngineUpgrade VERSION REPOSITORY PROBE CACHE REPORT");
    return 1;
}

try
{
    string prebuilt = Path.Combine(repository, "native", "engine", "prebuilt");
    string platform = $"linux-{System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
    Candidate candidate = Candidate.Get(prebuilt, cache, version, platform);
    Layout last = Layout.Read(Path.Combine(prebuilt, "engine.layout.json"));
    string package = (string)JsonNode.Parse(candidate.Lock)!["package"]!;
    Derivation derivation = Derivation.Of(last, ProbeAnswer.Parse(RunProbe(probeProgram, candidate.EngineFile)), $"{package} {version}");

    string report = Report.Write(last, derivation);
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(reportPath))!);
    File.WriteAllText(reportPath, report);
    Console.WriteLine(report);
    if (derivation.Undecided.Count > 0)
    {
        string draft = Path.ChangeExtension(reportPath, ".layout.json");
        File.WriteAllText(draft, derivation.Layout.ToJson());
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
catch (Exception exception) when (exception is UpgradeException or IOException or System.Text.Json.JsonException)
{
    Console.Error.WriteLine($"EngineUpgrade: {exception.Message}");
    return 1;
}

static string RunProbe(string program, string engine)
{
    using Process probe = Process.Start(new ProcessStartInfo(program, [engine]) { RedirectStandardOutput = true })
        ?? throw new UpgradeException($"{program} cannot be started.");
    string output = probe.StandardOutput.ReadToEnd();
    probe.WaitForExit();
    return probe.ExitCode == 0 ? output : throw new UpgradeException($"{program} could not look at {engine}: its own words stand above.");
}
