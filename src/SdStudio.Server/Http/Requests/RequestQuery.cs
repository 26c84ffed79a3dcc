using System.Globalization;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>The query of an address, checked.</summary>
internal sealed class RequestQuery(HttpRequest request)
{
    /// <summary>A part of a path with the slashes that its client has escaped; routing leaves them as <c>%2F</c>, unlike everything else.</summary>
    public static string WithSlashes(string segment) => segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    public string? Text(string name) => request.Query[name] is [{ Length: > 0 } text] ? text : null;

    /// <summary>False without one; read as everywhere.</summary>
    public bool Flag(string name) => Text(name) is { } text && (TextValues.TryFlag(text, out bool value)
        ? value
        : throw new BadRequestException($"{name} is '{RequestFields.Shown(text)}'; allowed is {TextValues.FlagWords}"));

    public int Integer(string name, int absent, int min, int max) => Text(name) is not { } text
        ? absent
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw new BadRequestException($"{name} is '{RequestFields.Shown(text)}'; allowed is a whole number from {min} to {max}");

    public string? OneOf(IReadOnlyCollection<string> allowed, string name) => Text(name) is not { } text
        ? null
        : allowed.FirstOrDefault(value => value.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new BadRequestException($"{name} is '{RequestFields.Shown(text)}'; allowed is one of: {string.Join(", ", allowed)}");
}
