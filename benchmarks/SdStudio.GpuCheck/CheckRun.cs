using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SdStudio.GpuCheck.Checks;

namespace SdStudio.GpuCheck;

/// <summary>Does the checks one after the other, each in a process of its own, and writes the report.</summary>
/// <param name="options">The command line.</param>
internal sealed class CheckRun(CheckOptions options)
{
    // Less is not worth a start.
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(8);
    private readonly List<CheckEntry> _entries = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private EngineEntry? _engine;
    private string? _device;

    /// <summary>Runs.</summary>
    /// <returns>Whether no check failed.</returns>
    public async Task<bool> RunAsync()
    {
        DateTimeOffset startedAt = DateTimeOffset.UtcNow;
        string output = Directory.CreateDirectory(options.Out).FullName;
        string work = options.Work is { } named ? Directory.CreateDirectory(named).FullName : Directory.CreateTempSubdirectory("sdstudio-gpu-check-").FullName;
        await using StreamWriter log = File.CreateText(Path.Combine(output, "gpu-check.log"));
        log.AutoFlush = true;
        try
        {
            foreach (Check check in Check.All)
                await AddAsync(check, work, output, log);
        }
        finally
        {
            if (options.Work is null)
                Directory.Delete(work, recursive: true);
        }

        bool passed = _device is not null && _entries.TrueForAll(entry => entry.Status != CheckStatus.Failed);
        var report = new GpuReport(
            passed, startedAt, Stopwatch.GetElapsedTime(_start).TotalSeconds, options.Sizes.Name, _device, MachineFacts.Read(), _engine, _entries);
        await File.WriteAllTextAsync(Path.Combine(output, "gpu-check.json"), JsonSerializer.Serialize(report, CheckJson.Default.GpuReport));
        string table = MarkdownTable.Of(report);
        await File.WriteAllTextAsync(Path.Combine(output, "gpu-check.md"), table);
        Console.Write(table);
        Console.WriteLine($"\n{(passed ? "All checks passed" : "Not all checks passed")}: {output}/gpu-check.json, gpu-check.md, gpu-check.log");
        return passed;
    }

    private async Task AddAsync(Check check, string work, string output, StreamWriter log)
    {
        long start = Stopwatch.GetTimestamp();
        CheckOutcome outcome = WhyNot(check) is { } reason ? CheckOutcome.Skipped(reason) : await StartAsync(check, work, output, log);
        string? device = check.NeedsCard && _device is null ? null : check.DeviceOf(_device ?? "");
        var entry = new CheckEntry(check.Name, check.Title, device, outcome.Status, outcome.Reason, Stopwatch.GetElapsedTime(start).TotalSeconds, outcome.Figures);
        _entries.Add(entry);
        Console.WriteLine(MarkdownTable.Line(entry));
    }

    private string? WhyNot(Check check)
    {
        if (check.LeftOut(options.Sizes) is { } left)
            return left;
        if (check.NeedsCard && _device is null)
            return "there is no graphics device";
        if (check.After is { } before && _entries.Find(entry => entry.Name == before) is { Status: not CheckStatus.Ok })
            return $"the check '{before}' is not ok";
        return options.Limit - Stopwatch.GetElapsedTime(_start) < LeastTime
            ? string.Create(CultureInfo.InvariantCulture, $"the {options.Limit.TotalSeconds} s of --seconds were over")
            : null;
    }

    private async Task<CheckOutcome> StartAsync(Check check, string work, string output, StreamWriter log)
    {
        TimeSpan left = options.Limit - Stopwatch.GetElapsedTime(_start);
        // A software device takes as long as the machine lets it.
        TimeSpan limit = left < check.Limit || options.Sizes == Sizes.Small ? left : check.Limit;
        string request = Path.Combine(work, $"{check.Name}-request.json");
        string answer = Path.Combine(work, $"{check.Name}-answer.json");
        File.Delete(answer);
        await File.WriteAllTextAsync(request, JsonSerializer.Serialize(
            new CheckRequest(check.Name, _device ?? options.Device ?? "", options.Sizes.Name, work, output, limit.TotalSeconds), CheckJson.Default.CheckRequest));
        (int? exitCode, string said) = await RunProcessAsync(["check", request, answer], limit);
        await log.WriteLineAsync($"== {check.Name}\n{said}");
        if (exitCode is null)
            return CheckOutcome.Failed(string.Create(CultureInfo.InvariantCulture, $"it was ended after {limit.TotalSeconds:F0} s"));
        if (!File.Exists(answer))
            return CheckOutcome.Failed($"its process ended with exit code {exitCode}: {LastLine(said)}");
        CheckAnswer given = JsonSerializer.Deserialize(await File.ReadAllTextAsync(answer), CheckJson.Default.CheckAnswer)!;
        if (given.Engine is { } engine)
        {
            _engine = engine;
            _device = DevicesCheck.GraphicsDevice(engine, options.Device ?? "");
        }

        return given.Outcome;
    }

    private static async Task<(int? ExitCode, string Said)> RunProcessAsync(string[] arguments, TimeSpan limit)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var end = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(end.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            return (null, await output + await errors);
        }

        return (process.ExitCode, await output + await errors);
    }

    private static string LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault("it said nothing");
}
