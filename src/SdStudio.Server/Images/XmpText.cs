using System.Text;
using System.Xml;

namespace SdStudio.Server.Images;

/// <summary>The XMP packet of an image: infotext, where some programs write it, and how the image was made.</summary>
internal static class XmpText
{
    /// <summary>The keyword that PNG has for the packet.</summary>
    public const string Keyword = "XML:com.adobe.xmp";

    private const int MaxCharacters = 1_000_000;

    // Where infotext stands, the likeliest first; a description is one only when it has settings.
    private static readonly string[] Names = ["parameters", "UserComment", "description", SourceType];

    private const string SourceType = "DigitalSourceType";
    private const string Xml = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

    /// <summary>A packet that says how an image was made.</summary>
    /// <param name="infotext">Its settings; null for none.</param>
    /// <param name="sourceType">An address of the IPTC's list; null for none.</param>
    public static string Packet(string? infotext, string? sourceType)
    {
        var packet = new StringBuilder();
        // No white space: some programs count it to the text.
        using (var xml = XmlWriter.Create(packet, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false }))
        {
            xml.WriteStartElement("x", "xmpmeta", "adobe:ns:meta/");
            xml.WriteStartElement("rdf", "RDF", Xml);
            xml.WriteStartElement("rdf", "Description", Xml);
            xml.WriteAttributeString("rdf", "about", Xml, "");
            xml.WriteElementString("xmp", "CreatorTool", "http://ns.adobe.com/xap/1.0/", "SdStudio");
            if (sourceType is not null)
                xml.WriteElementString("Iptc4xmpExt", SourceType, "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", sourceType);
            if (infotext is not null)
                WriteComment(xml, infotext);
            xml.WriteEndDocument();
        }

        return $"<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>{packet}<?xpacket end=\"r\"?>";
    }

    /// <summary>How a packet says that its image was made; null for nothing.</summary>
    public static string? SourceTypeOf(string packet) => Read(packet).GetValueOrDefault(SourceType);

    /// <summary>The texts of an image, with the infotext of its packet among them where they have none.</summary>
    public static IReadOnlyDictionary<string, string> Merged(IReadOnlyDictionary<string, string> texts) =>
        // Some programs write Latin-1 again as if it were UTF-8: the packet is whole.
        texts.GetValueOrDefault(ImageTexts.Keyword)?.Contains('\uFFFD') != false && texts.TryGetValue(Keyword, out string? packet) && SettingsOf(packet) is { } settings
            ? new Dictionary<string, string>(texts, StringComparer.Ordinal) { [ImageTexts.Keyword] = settings }
            : texts;

    private static void WriteComment(XmlWriter xml, string infotext)
    {
        const string exif = "http://ns.adobe.com/exif/1.0/";
        xml.WriteStartElement("exif", "UserComment", exif);
        xml.WriteStartElement("rdf", "Alt", Xml);
        xml.WriteStartElement("rdf", "li", Xml);
        xml.WriteAttributeString("xml", "lang", null, "x-default");
        // XML has no word for other control characters.
        xml.WriteString(string.Concat(infotext.Where(character => character >= ' ' || character is '\n' or '\t')));
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <summary>The infotext of a packet; null for none.</summary>
    public static string? SettingsOf(string packet)
    {
        Dictionary<string, string> texts = Read(packet);
        return Names.Select(name => texts.GetValueOrDefault(name)).FirstOrDefault(text => text is not null && (text.Contains("Steps: ", StringComparison.Ordinal) || text.StartsWith('{')));
    }

    private static Dictionary<string, string> Read(string packet)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = XmlReader.Create(
            new StringReader(packet.Trim('\0', '\uFEFF', ' ', '\n', '\r')), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxCharacters });
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
