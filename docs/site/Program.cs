using System.Net;
using System.Text.RegularExpressions;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

// Makes a site of the documents: SdStudio.Docs REPOSITORY FOLDER. Plain HTML that loads nothing from elsewhere and needs no server.
(string repository, string target) = (Path.GetFullPath(args[0]), Path.GetFullPath(args[1]));
string[] order =
[
    "README.md", "docs/models.md", "docs/page.md", "docs/prompts.md", "docs/gallery.md", "docs/rest.md", "docs/clients.md", "docs/csharp.md", "docs/settings.md",
    "docs/operations.md", "docs/security.md", "docs/engines.md", "docs/limits.md", "docs/troubleshooting.md", "docs/architecture.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md",
];
string[] documents = [.. order.Concat(Directory.GetFiles(Path.Combine(repository, "docs"), "*.md").Select(file => "docs/" + Path.GetFileName(file)).Order(StringComparer.Ordinal)).Distinct()];
MarkdownPipeline markdown = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers(Markdig.Extensions.AutoIdentifiers.AutoIdentifierOptions.GitHub).Build();
Dictionary<string, MarkdownDocument> parsed = documents.ToDictionary(name => name, name => Markdown.Parse(File.ReadAllText(Path.Combine(repository, name)), markdown));
string page = Resource("page.html");

Directory.CreateDirectory(target);
File.WriteAllText(Path.Combine(target, "page.css"), Resource("page.css"));
foreach ((string name, MarkdownDocument document) in parsed)
{
    foreach (LinkInline link in document.Descendants<LinkInline>().Where(link => link.Url is { Length: > 0 } url && !url.Contains(':', StringComparison.Ordinal) && url[0] != '#'))
        link.Url = Follow(name, link.Url!);
    string menu = string.Concat(documents.Select(other => $"<li><a href=\"{FileOf(other)}\"{(other == name ? " aria-current=\"page\"" : "")}>{WebUtility.HtmlEncode(TitleOf(other))}</a></li>\n"));
    File.WriteAllText(Path.Combine(target, FileOf(name)), page.Replace("{title}", WebUtility.HtmlEncode(TitleOf(name)), StringComparison.Ordinal).Replace("{menu}", menu, StringComparison.Ordinal)
        .Replace("{body}", document.ToHtml(markdown), StringComparison.Ordinal));
}

Console.WriteLine($"{documents.Length} pages in {target}");

// Another document becomes its page; another file is copied beside the pages.
string Follow(string from, string url)
{
    string[] parts = url.Split('#', 2);
    string file = Path.GetFullPath(Path.Combine(repository, Path.GetDirectoryName(from)!, parts[0]));
    string name = Path.GetRelativePath(repository, file).Replace('\\', '/');
    if (parsed.ContainsKey(name))
        return FileOf(name) + (parts.Length > 1 ? "#" + parts[1] : "");
    if (!File.Exists(file))
        return url;
    string copy = name.Replace('/', '-');
    File.Copy(file, Path.Combine(target, copy), overwrite: true);
    return copy;
}

string FileOf(string name) => name == "README.md" ? "index.html" : Path.GetFileNameWithoutExtension(name).ToLowerInvariant() + ".html";

string TitleOf(string name) => Regex.Match(File.ReadAllText(Path.Combine(repository, name)), "(?m)^# (.+)$").Groups[1].Value;

static string Resource(string name)
{
    using var reader = new StreamReader(typeof(Program).Assembly.GetManifestResourceStream(name)!);
    return reader.ReadToEnd();
}
