using System.Net;
using System.Text;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests.Clients;

/// <summary>The settings inside images, over HTTP.</summary>
public sealed class PngInfoTests(Workshop studio)
{
    private const string Infotext = "a café\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 64x32";

    private async Task<JsonElement> ReadAsync(byte[] file)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/png-info", StudioServer.Json($$"""{"image":"{{Convert.ToBase64String(file)}}"}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body;
    }

    [Theory]
    [InlineData("<exif:UserComment><rdf:Alt><rdf:li xml:lang=\"x-default\">@</rdf:li></rdf:Alt></exif:UserComment>")]
    [InlineData("<rdf:li/><dc:description><rdf:Alt><rdf:li>@</rdf:li></rdf:Alt></dc:description>")]
    [InlineData("<dc:description>a photo</dc:description><exif:UserComment>@</exif:UserComment>")]
    public async Task An_xmp_packet_has_them_too(string content)
    {
        string packet =
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" " +
            $"xmlns:dc=\"http://purl.org/dc/elements/1.1/\">{content.Replace("@", Infotext, StringComparison.Ordinal)}</rdf:Description></rdf:RDF></x:xmpmeta>";
        using Image image = Image.Black(16, 16).Copy(interpretation: Enums.Interpretation.Bw).Mutate(image => image.Set(GValue.BlobType, "xmp-data", Encoding.UTF8.GetBytes(packet)));

        foreach (byte[] file in new[] { image.JpegsaveBuffer(), image.WebpsaveBuffer(), image.PngsaveBuffer() })
        {
            JsonElement body = await ReadAsync(file);
            Assert.Equal(Infotext, body.GetProperty("info").GetString());
            Assert.Equal("20", body.GetProperty("parameters").GetProperty("Steps").GetString());
        }
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;&b;&b;\">]><a UserComment=\"&c;\"/>")]
    [InlineData("<a><b")]
    [InlineData("no xml")]
    public async Task A_packet_that_is_none_is_nothing(string packet)
    {
        using Image image = Image.Black(16, 16).Copy(interpretation: Enums.Interpretation.Bw).Mutate(image => image.Set(GValue.BlobType, "xmp-data", Encoding.UTF8.GetBytes(packet)));

        Assert.Equal("", (await ReadAsync(image.JpegsaveBuffer())).GetProperty("info").GetString());
    }

    [Fact]
    public async Task The_request_in_the_answer_makes_the_image_again()
    {
        PngFile image = await studio.Server.GenerateOneAsync(
            """{"model":"demo","prompt":"a red circle, café","negative_prompt":"fog","size":"48x32","steps":3,"seed":9,"scheduler":"karras","cfg_scale":1.5,"flow_shift":2}""");

        JsonElement body = await ReadAsync(image.Bytes);
        Assert.StartsWith("a red circle, café\n", body.GetProperty("info").GetString(), StringComparison.Ordinal);
        PngFile again = await studio.Server.GenerateOneAsync($"{{\"model\":\"demo\",{body.GetProperty("request").GetRawText()[1..]}");

        Assert.Equal(image.Bytes, again.Bytes);
    }
}
