using System.Globalization;
using System.Text.RegularExpressions;
using SdCpp.Interop;

namespace SdStudio.GpuCheck;

/// <summary>What the engine's log tells of memory, and its last words.</summary>
internal sealed partial class EngineLog
{
    private const int KeptLines = 12;
    private static readonly string[] DecoderNames = ["vae", "tae"];
    private readonly Lock _lock = new();
    private readonly Queue<string> _last = [];
    private readonly Dictionary<string, double> _buffers = new(StringComparer.Ordinal);

    /// <summary>The weights in the device's memory, MiB; null before a model was loaded.</summary>
    public double? WeightsOnDevice { get; private set; }

    /// <summary>The weights in the machine's memory, MiB.</summary>
    public double? WeightsInRam { get; private set; }

    /// <summary>The last lines that are more than detail.</summary>
    public string LastLines
    {
        get
        {
            lock (_lock)
                return string.Join(" | ", _last);
        }
    }

    /// <summary>Takes a line.</summary>
    public void Add(SdLogLine line)
    {
        lock (_lock)
        {
            if (Weights().Match(line.Text) is { Success: true } weights)
                (WeightsOnDevice, WeightsInRam) = (Number(weights.Groups["vram"]), Number(weights.Groups["ram"]));
            if (Buffer().Match(line.Text) is { Success: true } buffer)
                _buffers[buffer.Groups["name"].Value] = Math.Max(_buffers.GetValueOrDefault(buffer.Groups["name"].Value), Number(buffer.Groups["size"]));
            if (line.Level < SdLogLevel.Warning)
                return;
            _last.Enqueue(line.Text);
            if (_last.Count > KeptLines)
                _last.Dequeue();
        }
    }

    /// <summary>The largest compute buffer of the decoder since the last call of this, MiB; null when none was told.</summary>
    public double? TakeDecoderBuffer()
    {
        lock (_lock)
        {
            List<double> sizes = [.. _buffers.Where(buffer => DecoderNames.Any(name => buffer.Key.Contains(name, StringComparison.Ordinal))).Select(buffer => buffer.Value)];
            _buffers.Clear();
            return sizes.Count == 0 ? null : sizes.Max();
        }
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"total params memory size = [\d.]+MB \(VRAM (?<vram>[\d.]+)MB, RAM (?<ram>[\d.]+)MB\)")]
    private static partial Regex Weights();

    [GeneratedRegex(@"(?<name>\w+) compute buffer size: (?<size>[\d.]+) MB")]
    private static partial Regex Buffer();
}
