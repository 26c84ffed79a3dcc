using System.Globalization;
using System.Text;

namespace SdStudio.GpuCheck;

/// <summary>The report for people: <c>gpu-check.md</c>.</summary>
internal static class MarkdownTable
{
    public static string Of(GpuReport report)
    {
        var text = new StringBuilder();
        string card = report.Engine?.Devices.FirstOrDefault(device => device.Name == report.Device) is { } device
            ? $"{device.Name}: {device.Description}, {Number(device.TotalMib ?? 0)} MiB"
            : "no graphics device";
        text.AppendLine(CultureInfo.InvariantCulture, $"# GPU check: {(report.Passed ? "passed" : "not passed")}").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{card}{(report.Machine.Driver is { } driver ? $" (driver: {driver})" : "")}; {report.Machine.Processor}, {report.Machine.Cores} cores, {Number(report.Machine.MemoryMib)} MiB; {report.Machine.System}; engine {report.Engine?.Version ?? "not loaded"}; sizes {report.Sizes}; {report.StartedAt:yyyy-MM-dd HH:mm} UTC, {Number(report.Seconds)} s.");
        text.AppendLine().AppendLine("| check | device | result | s | figures |").AppendLine("|---|---|---|---|---|");
        foreach (CheckEntry entry in report.Checks)
        {
            string result = entry.Reason is { } reason ? $"{Word(entry.Status)}: {Cell(reason)}" : Word(entry.Status);
            text.AppendLine(CultureInfo.InvariantCulture, $"| {entry.Title} | {entry.Device ?? ""} | {result} | {Number(entry.Seconds)} | {Figures(entry.Figures)} |");
        }

        return text.ToString();
    }

    /// <summary>A check in a line of text.</summary>
    public static string Line(CheckEntry entry) =>
        $"{Word(entry.Status),-8}{entry.Name,-18}{Number(entry.Seconds),6} s  {(entry.Reason is { } reason ? reason + "  " : "")}{Figures(entry.Figures)}";

    private static string Word(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "ok",
        CheckStatus.Skipped => "skipped",
        _ => "failed",
    };

    private static string Figures(IReadOnlyDictionary<string, double> figures) =>
        string.Join(", ", figures.Select(figure => $"{figure.Key.Replace('_', ' ')} {Number(figure.Value)}"));

    private static string Number(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("F0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    // A table's cell is one line, and a bar would end it.
    private static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
