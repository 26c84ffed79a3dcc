using System.Net;
using System.Text.RegularExpressions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The site that <c>./build.sh docs</c> makes of the documents.</summary>
public sealed partial class DocumentationTests : IDisposable
{
    private readonly string _folder = ServerProcess.NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [GeneratedRegex("(?:href|src)=\"([^\"]+)\"")]
    private static partial Regex Link { get; }

    [Fact]
    public async Task Every_link_of_the_site_leads_somewhere_and_nothing_is_loaded_from_elsewhere()
    {
        string program = Path.Combine(ServerProcess.Repository, "artifacts", "bin", "SdStudio.Docs", new DirectoryInfo(AppContext.BaseDirectory).Name, "SdStudio.Docs.dll");
        (int exitCode, string output) = await NodeClients.StartAsync("dotnet", ServerProcess.Repository, [program, ServerProcess.Repository, _folder]);
        Assert.True(exitCode == 0, output);
        Dictionary<string, string> pages = Directory.GetFiles(_folder, "*.html").ToDictionary(file => Path.GetFileName(file)!, File.ReadAllText);
        Assert.True(pages.Count >= 15, output);
        Assert.Contains("<img src=\"docs-page.png\"", pages["index.html"], StringComparison.Ordinal);

        List<string> wrong = [];
        foreach ((string name, string html) in pages)
        {
            Assert.DoesNotMatch("<(script|iframe|object|form)|src=\"[a-z]+:", html);
            foreach (Match match in Link.Matches(html))
            {
                string link = WebUtility.HtmlDecode(match.Groups[1].Value);
                if (link.StartsWith("http", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                string[] parts = link.Split('#', 2);
                string file = parts[0].Length == 0 ? name : parts[0];
                if (!File.Exists(Path.Combine(_folder, file)) || (parts.Length > 1 && !pages[file].Contains($"id=\"{parts[1]}\"", StringComparison.Ordinal)))
                    wrong.Add($"{name}: {link}");
            }
        }

        Assert.Empty(wrong);
    }
}
