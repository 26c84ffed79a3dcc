using System.Globalization;
using System.Text;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Images;

/// <summary>What is written into an image's file beside its pixels.</summary>
/// <param name="Infotext">Its settings; null for none.</param>
/// <param name="SourceType">Of the IPTC's list of digital source types; null for no mark.</param>
internal sealed record ImageTexts(string? Infotext, string? SourceType)
{
    /// <summary>The keyword under which Automatic1111's tools look for settings.</summary>
    public const string Keyword = "parameters";

    private const string SourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/";

    // How ImageMagick and ExifTool keep a packet in a PNG; older ones read nothing else.
    private const string RawKeyword = "Raw profile type xmp";
    private const int RawBytesPerLine = 36;

    /// <summary>Of a new image.</summary>
    /// <param name="settings">What it was made with.</param>
    /// <param name="infotext">Its settings as text; null for none.</param>
    /// <param name="mark">Whether it says that it was made by AI.</param>
    public static ImageTexts Of(GenerationSettings settings, string? infotext, bool mark) => new(infotext, mark ? SourceTypes + TypeOf(settings) : null);

    /// <summary>What a file of this server has inside.</summary>
    public static ImageTexts In(IReadOnlyDictionary<string, string> texts) =>
        new(texts.GetValueOrDefault(Keyword), texts.TryGetValue(XmpText.Keyword, out string? packet) ? XmpText.SourceTypeOf(packet) : null);

    /// <summary>The XMP packet; null when there is nothing to say.</summary>
    public string? Packet => Infotext is null && SourceType is null ? null : XmpText.Packet(Infotext, SourceType);

    /// <summary>The texts as chunks of a PNG.</summary>
    public IEnumerable<PngChunk> Chunks()
    {
        if (Infotext is not null)
            yield return PngChunk.Text(Keyword, Infotext);
        if (Packet is not { } packet)
            yield break;
        yield return PngChunk.International(XmpText.Keyword, packet);
        yield return PngChunk.Packed(RawKeyword, Raw(Encoding.UTF8.GetBytes(packet)));
    }

    // What an upscaler adds to an image of this server is as made by AI as the image.
    private static string TypeOf(GenerationSettings settings) => settings.Type switch
    {
        JobType.Upscale when settings.SourceImageId is null => "algorithmicallyEnhanced",
        JobType.Edit or JobType.Variation when settings.SourceImageId is null => "compositeWithTrainedAlgorithmicMedia",
        _ => "trainedAlgorithmicMedia",
    };

    private static string Raw(byte[] packet)
    {
        var text = new StringBuilder(packet.Length * 2).Append(CultureInfo.InvariantCulture, $"\nxmp\n{packet.Length,8}");
        foreach (byte[] line in packet.Chunk(RawBytesPerLine))
            text.Append('\n').Append(Convert.ToHexStringLower(line));
        return text.Append('\n').ToString();
    }
}
