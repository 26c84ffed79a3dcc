using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What can be told of the page without a browser.</summary>
public sealed partial class PageSourceTests
{
    private static readonly string Page = Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Page");

    private static Dictionary<string, string> Modules { get; } = Directory.EnumerateFiles(Page, "*.js", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(Page, file).Replace('\\', '/'), File.ReadAllText);

    [GeneratedRegex("""^(?:import|export)\s[^;]*?['"](?<from>\.[^'"]+)['"];""", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Imported();

    [GeneratedRegex("""\bt\((?<arguments>[^()]*)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Translated();

    [GeneratedRegex("""'(?<name>[a-zA-Z]+(\.[A-Za-z_]+)*)'""", RegexOptions.ExplicitCapture)]
    private static partial Regex Quoted();

    [GeneratedRegex("""\{\w+\}""")]
    private static partial Regex Place();

    [Fact]
    public void No_module_imports_itself_over_others()
    {
        Dictionary<string, string[]> imports = Modules.ToDictionary(module => module.Key, module => Imported().Matches(module.Value)
            .Select(found => Path.GetRelativePath(Page, Path.GetFullPath(Path.Combine(Page, Path.GetDirectoryName(module.Key)!, found.Groups["from"].Value))).Replace('\\', '/'))
            .Where(Modules.ContainsKey).ToArray());
        Assert.True(imports.Values.Sum(list => list.Length) > 100, "The imports were not found.");
        foreach (string module in imports.Keys)
            Follow(module, []);

        void Follow(string module, List<string> path)
        {
            Assert.False(path.Contains(module), $"{string.Join(" → ", path)} → {module}");
            foreach (string next in imports[module])
                Follow(next, [.. path, module]);
        }
    }

    [Fact]
    public void Every_module_is_named_in_the_page_for_the_browser_to_fetch_early()
    {
        string index = File.ReadAllText(Path.Combine(Page, "index.html"));
        foreach (string module in Modules.Keys.Where(name => name is not ("app.js" or "boot.js")))
            Assert.Contains($"<link rel=\"modulepreload\" href=\"{module}\">", index, StringComparison.Ordinal);
        Assert.All(Modules, module => Assert.True(module.Value.Count(letter => letter == '\n') < 400, $"{module.Key} is long."));
    }

    [Fact]
    public void Every_text_is_there_in_every_language_with_the_same_places_and_is_used()
    {
        Dictionary<string, Dictionary<string, string>> languages = Directory.EnumerateFiles(Path.Combine(Page, "text"))
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!);
        Assert.Equal(["de", "en"], languages.Keys.Order());
        Dictionary<string, string> english = languages["en"];
        Assert.All(languages.Values, language =>
        {
            Assert.Equal(english.Keys.Order(), language.Keys.Order());
            Assert.All(language, text => Assert.Equal(
                Place().Matches(english[text.Key]).Select(found => found.Value).Order(), Place().Matches(text.Value).Select(found => found.Value).Order()));
        });

        string code = string.Join('\n', Modules.Values);
        string[] used = [.. Quoted().Matches(code).Select(found => found.Groups["name"].Value).Distinct()];
        foreach (string name in Translated().Matches(code).SelectMany(call => Quoted().Matches(call.Groups["arguments"].Value)).Select(found => found.Groups["name"].Value).Where(name => name.Contains('.', StringComparison.Ordinal)))
            Assert.True(english.ContainsKey(name) || english.ContainsKey(name + ".other"), $"The text {name} is missing.");
        string[] composed = ["about.", "choice.", "control.", "fact.", "field.", "filter.", "help.", "identity.", "logs.level.", "model.", "nav.", "phase.", "problem.", "reduced.", "section.", "settings."];
        foreach (string name in english.Keys.Select(name => name.EndsWith(".one", StringComparison.Ordinal) || name.EndsWith(".other", StringComparison.Ordinal) ? name[..name.LastIndexOf('.')] : name))
            Assert.True(used.Contains(name) || composed.Any(part => name.StartsWith(part, StringComparison.Ordinal)), $"The text {name} is used nowhere.");
    }

    [Fact]
    public async Task Its_types_are_right()
    {
        string packages = await InstallAsync();
        string folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;
        try
        {
            foreach (string file in Directory.EnumerateFiles(Page, "*", SearchOption.AllDirectories).Where(file => !file.Contains("node_modules", StringComparison.Ordinal)))
            {
                string copy = Path.Combine(folder, Path.GetRelativePath(Page, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            Directory.CreateSymbolicLink(Path.Combine(folder, "node_modules"), Path.Combine(packages, "node_modules"));
            (int exitCode, string output) = await RunAsync(Path.Combine(packages, "node_modules", ".bin", "tsc"), folder, "-p", ".");
            Assert.True(exitCode == 0, output);
            // The check itself: a mistake of types is found.
            await File.AppendAllTextAsync(Path.Combine(folder, "core", "view.js"), "\nexport const wrong = box.value.widht;\n", TestContext.Current.CancellationToken);
            (exitCode, output) = await RunAsync(Path.Combine(packages, "node_modules", ".bin", "tsc"), folder, "-p", ".");
            Assert.NotEqual(0, exitCode);
            Assert.Contains("widht", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_lock_file_names_no_address_of_a_registry()
    {
        string text = File.ReadAllText(Path.Combine(Page, "package-lock.json"));
        Assert.DoesNotContain("\"resolved\"", text, StringComparison.Ordinal);
        Assert.Contains("\"integrity\": \"sha512-", text, StringComparison.Ordinal);
    }

    // With the type checker, which the page itself does not need: by the same lock file, once, in the user's cache.
    private static async Task<string> InstallAsync()
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Page, "package-lock.json"))))[..16];
        string cache = Environment.GetEnvironmentVariable("SDCPP_CACHE_DIR")
            ?? Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "sdstudio");
        string folder = Path.Combine(cache, $"page-{hash}");
        if (Directory.Exists(folder))
            return folder;
        string temporary = $"{folder}.{Guid.NewGuid():N}";
        Directory.CreateDirectory(temporary);
        foreach (string name in new[] { "package.json", "package-lock.json", ".npmrc" })
            File.Copy(Path.Combine(Page, name), Path.Combine(temporary, name));
        (int exitCode, string output) = await RunAsync("npm", temporary, "ci");
        Assert.True(exitCode == 0, $"npm could not install the type checker; is the registry reachable?\n{output}");
        Directory.Move(temporary, folder);
        return folder;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
