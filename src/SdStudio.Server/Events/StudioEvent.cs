using System.Text;

namespace SdStudio.Server.Events;

/// <summary>Something that happened.</summary>
internal sealed class StudioEvent
{
    private readonly int _dataStart;

    /// <param name="number">Grows by one with every event of this log; 0 for what only matters at the moment.</param>
    /// <param name="channel">One of <see cref="EventChannel"/>.</param>
    /// <param name="type">E.g. <c>job_updated</c>.</param>
    /// <param name="data">JSON, UTF-8.</param>
    public StudioEvent(long number, string channel, string type, ReadOnlyMemory<byte> data)
    {
        (Number, Channel, Type) = (number, channel, type);
        byte[] start = Encoding.UTF8.GetBytes($$"""{"channel":"{{channel}}","type":"{{type}}","data":""");
        _dataStart = start.Length;
        Message = (byte[])[.. start, .. data.Span, (byte)'}'];
    }

    /// <summary>The type of the event that tells a listener to reload everything, because it has missed events.</summary>
    public const string ResetType = "reset";

    public long Number { get; }

    public string Channel { get; }

    public string Type { get; }

    /// <summary>Whose it is; null for everybody's.</summary>
    public string? Owner { get; init; }

    /// <summary>A newer event of the same subject makes one that was not sent yet pointless; null when each counts.</summary>
    public string? Subject { get; init; }

    /// <summary>As it is sent, made once for all listeners: <c>{"channel": …, "type": …, "data": …}</c>.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    public ReadOnlyMemory<byte> Data => Message[_dataStart..^1];

    /// <param name="number">The newest event: whoever has looked at everything goes on after it.</param>
    public static StudioEvent Reset(long number) => new(number, "*", ResetType, "{}"u8.ToArray());
}
