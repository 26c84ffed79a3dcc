using System.Globalization;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Models.Cache;

/// <summary>Memory of two kinds.</summary>
/// <param name="Ram">Of the machine, bytes.</param>
/// <param name="Vram">Of its graphics cards, bytes.</param>
internal readonly partial record struct ModelMemory(long Ram, long Vram)
{
    private const double MiB = 1024 * 1024;

    public static ModelMemory operator +(ModelMemory left, ModelMemory right) => new(left.Ram + right.Ram, left.Vram + right.Vram);

    public static ModelMemory operator -(ModelMemory left, ModelMemory right) => new(left.Ram - right.Ram, left.Vram - right.Vram);

    public static ModelMemory Sum(IEnumerable<ModelMemory> parts) => parts.Aggregate(default(ModelMemory), (sum, part) => sum + part);

    public bool FitsIn(ModelMemory room) => Ram <= room.Ram && Vram <= room.Vram;

    /// <summary>For people: graphics memory only where there is some.</summary>
    public override string ToString() => Vram == 0 ? $"{InMiB(Ram)} MiB" : $"{InMiB(Ram)} MiB of RAM and {InMiB(Vram)} MiB of VRAM";

    /// <summary>What the engine says of a model's weights when it has loaded them; null for any other line of its log.</summary>
    public static ModelMemory? OfEngineLine(string line) => Weights().Match(line) is { Success: true } match
        ? new ModelMemory(Bytes(match.Groups["ram"].Value), Bytes(match.Groups["vram"].Value))
        : null;

    private static long Bytes(string miB) => (long)(double.Parse(miB, CultureInfo.InvariantCulture) * MiB);

    private static long InMiB(long bytes) => bytes / (1024 * 1024);

    [GeneratedRegex(@"total params memory size = [\d.]+MB \(VRAM (?<vram>[\d.]+)MB, RAM (?<ram>[\d.]+)MB\)")]
    private static partial Regex Weights();
}
