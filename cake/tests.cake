// The tests: three projects at a time, what failed beside the others once more alone, and a summary.
#nullable enable
using System.Globalization;
using System.Xml.Linq;

Task("Test")
    .Description("Builds and runs all tests; --project NAME runs one project of them, --class NAME one class.")
    .IsDependentOn("Build")
    .IsDependentOn("Server")
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
// Where the server is a process of its own it is the one that was compiled beforehand.
Dictionary<string, string?> ForShortLives => new()
{
    ["DOTNET_TieredPGO"] = "0", ["SDSTUDIO_TEST_SERVER"] = MakeAbsolute(File("artifacts/server/SdStudio.Server.dll")).FullPath,
};

// Three projects share the machine, a browser among them: a few tests that fail there are run once more with nothing beside them.
// What passes then is named, not hidden. What fails twice or in numbers, and a process that died, has failed.
bool RunFailedAgain(string project)
{
    const int Few = 5;
    string[] methods = FailedOf(project).Select(test => $"{(string?)test.Attribute("type")}.{(string?)test.Attribute("method")}").Distinct().ToArray();
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
    return FileExists(file) ? XDocument.Load(file.FullPath).Descendants("test").Where(test => (string?)test.Attribute("result") == "Fail") : [];
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
        let stack = ((string?)test.Descendants("stack-trace").FirstOrDefault() ?? "").Split('\n')
        select $"  {(string?)test.Attribute("name")}\n"
            + $"    {((string?)test.Descendants("message").FirstOrDefault() ?? "").Trim().Replace("\n", "\n    ")}\n"
            + $"    {stack.FirstOrDefault(line => line.Contains("tests/"))?.Trim()}";
    return string.Join("\n", failures.Take(20).Select(text => text[..Math.Min(text.Length, 1200)]));
}
