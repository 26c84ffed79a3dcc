using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NetVips;
using SdStudio.Server.Images;
using SdStudio.Tests;

namespace SdStudio.Server.Tests.Reading;

/// <summary>Settings and the mark inside the files that the server gives, and what is left of them when others write the files again.</summary>
public sealed class ImageTextsTests(Workshop studio)
{
    private const string Request =
        """{"model":"demo","prompt":"a red circle, café","negative_prompt":"fog & \"rain\"","size":"48x32","steps":3,"seed":9,"scheduler":"karras","cfg_scale":1.5,"flow_shift":2}""";

    private const string Generated = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<JsonElement> ReadAsync(byte[] file, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using MultipartFormDataContent form = StudioServer.Form(file);
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/settings/read", form);
        Assert.True(status == expected, $"{status}: {body}");
        return body;
    }

    private async Task<string> GenerateImagesAsync(string request = Request) => Assert.Single((await studio.Server.GenerateImagesAsync(request)).Images);

    private static string? MarkOf(byte[] file) => ImageTexts.In(ImageDecoder.Texts(file, "image")).SourceType;

    private static byte[] PacketOf(byte[] file)
    {
        using Image image = Image.NewFromBuffer(file);
        return (byte[])image.Get("xmp-data");
    }

    [Theory]
    [InlineData("")]
    [InlineData("?format=jpeg")]
    [InlineData("?format=webp&quality=50")]
    public async Task Every_format_carries_the_settings_and_the_mark(string query)
    {
        string id = await GenerateImagesAsync();
        byte[] file = await studio.Server.Http.GetByteArrayAsync($"/api/images/{id}{query}", Cancellation);

        JsonElement read = await ReadAsync(file);

        Assert.Equal("demo", read.GetProperty("local_model").GetString());
        Assert.Equal(
            (await studio.Server.ImageAsync(id)).Pixels,
            (await studio.Server.GenerateOneAsync(read.GetProperty("request").ToString())).Pixels);
        Assert.Equal(Generated, MarkOf(file));
        // As a program sees it that knows nothing of this one.
        Assert.Contains($"<Iptc4xmpExt:DigitalSourceType xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">{Generated}<", Encoding.UTF8.GetString(PacketOf(file)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?infotext=false")]
    [InlineData("?infotext=false&format=jpeg")]
    [InlineData("?infotext=false&format=webp")]
    public async Task The_settings_can_be_left_out_and_the_mark_stays(string query)
    {
        byte[] file = await studio.Server.Http.GetByteArrayAsync($"/api/images/{await GenerateImagesAsync()}{query}", Cancellation);

        await ReadAsync(file, HttpStatusCode.NotFound);
        Assert.DoesNotContain("circle", Encoding.Latin1.GetString(file), StringComparison.Ordinal);
        Assert.Equal(Generated, MarkOf(file));
    }

    [Fact]
    public async Task A_request_can_leave_the_settings_out_of_its_files()
    {
        string id = await GenerateImagesAsync(Request.Replace("\"steps\"", "\"write_infotext\":false,\"steps\"", StringComparison.Ordinal));
        byte[] file = await studio.Server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation);

        await ReadAsync(file, HttpStatusCode.NotFound);
        Assert.Equal(Generated, MarkOf(file));
    }

    [Fact]
    public async Task Both_can_be_switched_off_for_the_server_and_edits_say_what_they_are()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Images:Mark=false", "--SdStudio:Images:Infotext=false");
        (_, string[] images) = await server.GenerateImagesAsync(Request);
        byte[] file = await server.Http.GetByteArrayAsync($"/api/images/{images[0]}", Cancellation);
        Assert.DoesNotContain(new PngFile(file).Chunks, chunk => chunk.Type is "tEXt" or "zTXt" or "iTXt" or "eXIf");

        using MultipartFormDataContent form = StudioServer.Form(file, ("model", "demo"), ("prompt", "a green square"), ("steps", "2"));
        (_, JsonElement edited) = await studio.Server.SendAsync(HttpMethod.Post, "/api/edit", form);
        byte[] edit = await studio.Server.Http.GetByteArrayAsync($"/api/images/{edited.GetProperty("data")[0].GetProperty("id").GetString()}", Cancellation);
        Assert.EndsWith("/compositeWithTrainedAlgorithmicMedia", MarkOf(edit), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    public async Task ImageMagick_keeps_the_settings_in_what_it_writes(string format)
    {
        const string convert = "/usr/bin/convert-im6.q16";
        if (!File.Exists(convert))
            Assert.SkipWhen(DebianPackages.Install("imagemagick") is { } reason && !File.Exists(convert), "imagemagick cannot be installed");
        string id = await GenerateImagesAsync();
        string folder = Directory.CreateTempSubdirectory("sdstudio-magick-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "in.png"), await studio.Server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation), Cancellation);
        using (var process = Process.Start(new ProcessStartInfo(convert, [Path.Combine(folder, "in.png"), Path.Combine(folder, $"out.{format}")])))
            await process!.WaitForExitAsync(Cancellation);

        byte[] file = await File.ReadAllBytesAsync(Path.Combine(folder, $"out.{format}"), Cancellation);
        Directory.Delete(folder, recursive: true);

        JsonElement read = await ReadAsync(file);
        Assert.Equal(
            (await studio.Server.ImageAsync(id)).Pixels,
            (await studio.Server.GenerateOneAsync(read.GetProperty("request").ToString())).Pixels);
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    public async Task Libvips_keeps_them_too(string format)
    {
        using Image image = Image.NewFromBuffer(await studio.Server.Http.GetByteArrayAsync($"/api/images/{await GenerateImagesAsync()}", Cancellation));

        byte[] file = image.WriteToBuffer($".{format}");

        Assert.Equal("a red circle, café", (await ReadAsync(file)).GetProperty("request").GetProperty("prompt").GetString());
        Assert.Equal(Generated, MarkOf(file));
    }

    [Theory]
    [InlineData("tEXt", true)]
    [InlineData("tEXt", false)]
    [InlineData("zTXt", true)]
    [InlineData("zTXt", false)]
    [InlineData("iTXt", true)]
    [InlineData("iTXt", false)]
    public async Task Settings_are_found_in_every_kind_of_chunk_before_and_after_the_pixels(string kind, bool first)
    {
        byte[] png = SampleImages.Good("png");
        byte[] chunk = (kind switch
        {
            "tEXt" => PngChunk.Text("parameters", ForeignSettings.Automatic1111()),
            "zTXt" => PngChunk.Packed("parameters", ForeignSettings.Automatic1111()),
            _ => PngChunk.International("parameters", ForeignSettings.Automatic1111()),
        }).Bytes;
        int at = first ? 33 : png.Length - 12;

        JsonElement read = await ReadAsync([.. png[..at], .. chunk, .. png[at..]]);

        Assert.Equal((ForeignSettings.Prompt, 42), (read.GetProperty("request").GetProperty("prompt").GetString(), read.GetProperty("request").GetProperty("seed").GetInt32()));
    }

    [Fact]
    public async Task Graphs_of_ComfyUI_are_found_in_the_exif_of_WebP()
    {
        byte[] text = Encoding.UTF8.GetBytes("prompt:" + ForeignSettings.Comfy() + "\0");
        // A list of one entry: the model (0x0110), a text behind the list.
        byte[] exif = [.. "Exif\0\0II*\0\b\0\0\0\u0001\0"u8, 0x10, 0x01, 2, 0, .. BitConverter.GetBytes(text.Length), 26, 0, 0, 0, 0, 0, 0, 0, .. text];
        using Image image = Image.Black(16, 16, bands: 3).Copy(interpretation: Enums.Interpretation.Srgb).Mutate(image => image.Set(GValue.BlobType, "exif-data", exif));

        JsonElement read = await ReadAsync(image.WebpsaveBuffer());

        Assert.Equal(("comfyui", "some model"), (read.GetProperty("program").GetString(), read.GetProperty("model").GetString()));
    }

    [Fact]
    public async Task Pasted_text_is_read_and_the_local_model_found_by_name()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/api/settings/read", StudioServer.Json(new JsonObject { ["text"] = ForeignSettings.Automatic1111().Replace("some model", "Tiny", StringComparison.Ordinal) }.ToJsonString()));

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal(("automatic1111", "Tiny", "tiny", "0123456789"), (
            body.GetProperty("program").GetString(), body.GetProperty("model").GetString(), body.GetProperty("local_model").GetString(), body.GetProperty("model_hash").GetString()));
        Assert.Equal("tiny", body.GetProperty("request").GetProperty("model").GetString());
    }
}
