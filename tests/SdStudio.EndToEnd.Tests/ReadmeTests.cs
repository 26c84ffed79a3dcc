using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Runs what the README tells a newcomer to type.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(ServerProcess.Repository, "README.md"));
    private readonly string _data = ServerProcess.NewFolder();

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [GeneratedRegex(@"^curl .*$", RegexOptions.Multiline)]
    private static partial Regex CurlLine { get; }

    [Fact]
    public async Task Every_curl_line_works_and_the_first_two_fetch_a_picture()
    {
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        string[] lines = [.. CurlLine.Matches(Readme).Select(match => match.Value)];
        Assert.True(lines.Length >= 30);

        string imageId = "", generationId = "", jobId = "";
        foreach (string line in lines)
        {
            string command = line
                .Replace("localhost:3000", server.Client.BaseAddress!.Authority, StringComparison.Ordinal)
                .Replace("IMAGE_ID", imageId, StringComparison.Ordinal)
                .Replace("GENERATION_ID", generationId, StringComparison.Ordinal)
                .Replace("JOB_ID", jobId, StringComparison.Ordinal)
                .Replace("curl -s", "curl -sS --fail-with-body", StringComparison.Ordinal);
            string output = await ShellAsync(command);
            if (line.Contains(" -o ", StringComparison.Ordinal))
                continue;
            using JsonDocument answer = JsonDocument.Parse(output);
            if (line.Contains("/api/generate ", StringComparison.Ordinal))
                (generationId, imageId) = (answer.RootElement.GetProperty("id").GetString()!, answer.RootElement.GetProperty("data")[0].GetProperty("id").GetString()!);
            if (answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("job_id", out JsonElement job))
                jobId = job.GetString()!;
        }

        byte[] picture = await File.ReadAllBytesAsync(Path.Combine(_data, "picture.png"), TestContext.Current.CancellationToken);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        Assert.Contains("listens on http://127.0.0.1:", server.Output, StringComparison.Ordinal);
        Assert.Contains("curl -s http://127.0.0.1:", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_and_folder_that_the_readme_names_exists()
    {
        foreach (Match match in NamedPath.Matches(Readme))
            Assert.True(Path.Exists(Path.Combine(ServerProcess.Repository, match.Groups[1].Value)), match.Value);
        Directory.CreateDirectory(_data);
    }

    // The table of places: `native/src/`, `build.cake`, ...
    [GeneratedRegex(@"^\| `((?:native|src|tests|benchmarks|build)[^` ]*)`", RegexOptions.Multiline)]
    private static partial Regex NamedPath { get; }

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
