using System.Text;

namespace SdStudio.Server.Events;

/// <summary>Something that happened.</summary>
/// <param name="Number">Grows by one with every event of this process; 0 for what only matters at the moment.</param>
/// <param name="Channel">The document's channels: queue, generations, models; and previews, logs.</param>
/// <param name="Type">E.g. <c>job_updated</c>.</param>
/// <param name="Data">JSON, UTF-8.</param>
/// <param name="Subject">A newer event of the same subject makes one that was not sent yet pointless; null when each counts.</param>
internal sealed record StudioEvent(long Number, string Channel, string Type, ReadOnlyMemory<byte> Data, string? Subject)
{
    /// <summary>As it is sent, made once for all listeners: <c>{"channel": …, "type": …, "data": …}</c>.</summary>
    public ReadOnlyMemory<byte> Message { get; } =
        (byte[])[.. Encoding.UTF8.GetBytes($$"""{"channel":"{{Channel}}","type":"{{Type}}","data":"""), .. Data.Span, (byte)'}'];
}
