using System.Globalization;

namespace SdStudio.Server.Events;

/// <summary>Where a listener is: <c>EPOCH-NUMBER</c>.</summary>
internal readonly record struct EventPosition(long Epoch, long Number)
{
    public static EventPosition? Parse(string? text)
    {
        int dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        return dash > 0
            && long.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out long epoch)
            && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? new EventPosition(epoch, number)
            : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Number}");
}
