using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using SdStudio.Server.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Runs what the README and the documents tell people to type.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    // The README first: its commands make the images that the others use.
    private static readonly string[] Documents =
    [
        Path.Combine(ServerProcess.Repository, "README.md"), Path.Combine(ServerProcess.Repository, "CONTRIBUTING.md"),
        Path.Combine(ServerProcess.Repository, "benchmarks", "README.md"),
        .. Directory.GetFiles(Path.Combine(ServerProcess.Repository, "docs"), "*.md").Order(StringComparer.Ordinal).OrderBy(file => Path.GetFileName(file) == "rest.md" ? 0 : 1),
    ];

    private readonly string _data = ServerProcess.NewFolder();

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [GeneratedRegex(@"^```sh\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ShellBlock { get; }

    [GeneratedRegex(@"^curl .*$", RegexOptions.Multiline)]
    private static partial Regex CurlLine { get; }

    [GeneratedRegex(@"\]\(([^)#:]+)(?:#[^)]*)?\)")]
    private static partial Regex Link { get; }

    [Fact]
    public async Task Every_curl_line_works_and_the_first_two_fetch_an_image()
    {
        string lora = Path.Combine(Directory.CreateDirectory(_data).FullName, "lora.safetensors");
        TestLora.Write(lora, new Dictionary<string, string>());
        byte[] bytes = await File.ReadAllBytesAsync(lora, TestContext.Current.CancellationToken);
        await using StandInHub hub = await StandInHub.StartAsync(("someone/loras/ink.safetensors", bytes), ("someone/loras/paint.safetensors", bytes));
        await using StandInAssistant assistant = await StandInAssistant.StartAsync();
        assistant.Answer = StandInAssistant.Saying("a red circle in evening light");
        // The documents' videos are made by a tiny model under the name of the one that people fetch.
        MovingModel.AddTo(_data, "wan2.2-ti2v-5b");
        using ServerProcess server = await ServerProcess.StartAsync(
            _data, ("SdStudio__Downloads__HubAddress", hub.Address), ("SdStudio__Downloads__AllowedHosts__0", "127.0.0.1"), ("SdStudio__Assistant__Endpoint", assistant.Address));
        string[] lines =
        [
            .. from document in Documents
               from Match block in ShellBlock.Matches(File.ReadAllText(document))
               from Match line in CurlLine.Matches(block.Value)
               select line.Value,
        ];
        Assert.True(lines.Length >= 30);

        string imageId = "", generationId = "", jobId = "", videoId = "";
        foreach (string line in lines)
        {
            string command = line
                .Replace("localhost:3000", server.Client.BaseAddress!.Authority, StringComparison.Ordinal)
                .Replace("https://example.com", $"{hub.Address}/someone/loras/resolve/main", StringComparison.Ordinal)
                .Replace("IMAGE_ID", imageId, StringComparison.Ordinal)
                .Replace("VIDEO_ID", videoId, StringComparison.Ordinal)
                .Replace("GENERATION_ID", generationId, StringComparison.Ordinal)
                .Replace("JOB_ID", jobId, StringComparison.Ordinal)
                .Replace("curl -s", "curl -sS --fail-with-body", StringComparison.Ordinal);
            string output = await ShellAsync(command);
            if (line.Contains(" -o ", StringComparison.Ordinal))
                continue;
            using JsonDocument answer = JsonDocument.Parse(output);
            if (line.Contains("/api/generate ", StringComparison.Ordinal))
                (generationId, imageId) = (answer.RootElement.GetProperty("id").GetString()!, answer.RootElement.GetProperty("data")[0].GetProperty("id").GetString()!);
            if (line.Contains("/api/video ", StringComparison.Ordinal))
                videoId = answer.RootElement.GetProperty("data")[0].GetProperty("id").GetString()!;
            if (answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("job_id", out JsonElement job))
                jobId = job.GetString()!;
        }

        // What the documents add is there when it has come.
        string shelf;
        do
            shelf = await server.Client.GetStringAsync("/api/loras", TestContext.Current.CancellationToken);
        while (!shelf.Contains("\"ink\"", StringComparison.Ordinal) || !shelf.Contains("\"paint\"", StringComparison.Ordinal));
        byte[] image = await File.ReadAllBytesAsync(Path.Combine(_data, "image.png"), TestContext.Current.CancellationToken);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], image[..4]);
        byte[] clip = await File.ReadAllBytesAsync(Path.Combine(_data, "clip.webp"), TestContext.Current.CancellationToken);
        Assert.Equal("RIFF"u8, clip.AsSpan(0, 4));
        // A frame each: what is still is one longer frame.
        Assert.InRange(System.Text.RegularExpressions.Regex.Count(System.Text.Encoding.Latin1.GetString(clip), "ANMF"), 2, 16);
        Assert.Contains("listens on http://127.0.0.1:", server.Output, StringComparison.Ordinal);
        Assert.Contains("curl -s http://127.0.0.1:", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_that_a_document_links_to_exists()
    {
        Directory.CreateDirectory(_data);
        IEnumerable<string> missing =
            from document in Documents
            from Match link in Link.Matches(File.ReadAllText(document))
            where !Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, link.Groups[1].Value))
            select $"{Path.GetFileName(document)}: {link.Groups[1].Value}";
        Assert.Empty(missing);
    }

    [Fact]
    public void The_readme_is_read_in_a_minute()
    {
        Directory.CreateDirectory(_data);
        Assert.InRange(File.ReadAllLines(Documents[0]).Length, 1, 150);
    }

    private async Task<string> ShellAsync(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = _data,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process shell = Process.Start(start)!;
        Task<string> errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, $"{command}\n{output}\n{await errors}");
        return output;
    }
}
