using System.Text;
using System.Xml;

namespace SdStudio.Server.Images;

/// <summary>Infotext inside the XMP packet of an image, where some programs write it.</summary>
internal static class XmpText
{
    /// <summary>The keyword that PNG has for the packet.</summary>
    public const string Keyword = "XML:com.adobe.xmp";

    private const int MaxCharacters = 1_000_000;

    // Where infotext stands, the likeliest first; a description is one only when it has settings.
    private static readonly string[] Names = ["parameters", "UserComment", "description"];

    /// <summary>The infotext of a packet; null for none.</summary>
    public static string? SettingsOf(string packet)
    {
        Dictionary<string, string> texts = Read(packet);
        return Names.Select(name => texts.GetValueOrDefault(name)).FirstOrDefault(text => text?.Contains("Steps: ", StringComparison.Ordinal) == true);
    }

    private static Dictionary<string, string> Read(string packet)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = XmlReader.Create(
            new StringReader(packet), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxCharacters });
        try
        {
            (string? name, int depth) = (null, 0);
            var text = new StringBuilder();
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element)
                {
                    if (name is null && Names.Contains(reader.LocalName) && !reader.IsEmptyElement)
                        (name, depth) = (reader.LocalName, reader.Depth);
                    ReadAttributes(reader, texts);
                }
                else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && name is not null)
                {
                    text.Append(reader.Value);
                }
                else if (reader.NodeType == XmlNodeType.EndElement && name is not null && reader.Depth == depth)
                {
                    texts.TryAdd(name, text.ToString());
                    text.Clear();
                    name = null;
                }
            }
        }
        catch (XmlException)
        {
            // What stood before the damage counts.
        }

        return texts;
    }

    private static void ReadAttributes(XmlReader reader, Dictionary<string, string> texts)
    {
        while (reader.MoveToNextAttribute())
        {
            if (Names.Contains(reader.LocalName))
                texts.TryAdd(reader.LocalName, reader.Value);
        }

        reader.MoveToElement();
    }
}
