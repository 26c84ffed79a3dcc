using System.Net;
using System.Text;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests.Gallery;

/// <summary>Images of other programs become part of the gallery, with what they were made with.</summary>
public sealed class ImportTests(Workshop studio)
{
    private const string Infotext = "a fluffy cat <lora:soft:0.5>\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 16x16, Model: someModel";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] Png(int index)
    {
        using Image image = (Image.Black(16, 16, bands: 3) + new double[] { index % 256, index / 256 % 256, 99 }).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
        return SdStudio.Server.Images.PngText.With(image.PngsaveBuffer(), [SdStudio.Server.Images.PngChunk.Text("parameters", Infotext)]);
    }

    private static byte[] Jpeg()
    {
        using Image image = Image.Black(24, 16, bands: 3).Copy(interpretation: Enums.Interpretation.Srgb)
            .Mutate(image => image.Set(GValue.BlobType, "exif-data", SdStudio.Server.Images.ExifText.Of(Infotext.Replace("fluffy", "grey", StringComparison.Ordinal))));
        return image.JpegsaveBuffer();
    }

    [Fact]
    public async Task Files_are_kept_as_they_are_and_their_settings_are_read()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        await server.SendAsync(HttpMethod.Post, "/api/boards", StudioServer.Json("""{"name":"old"}"""));
        byte[] jpeg = Jpeg();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Png(1)), "files", "one.png" }, { new ByteArrayContent(jpeg), "files", "two.jpg" }, { new ByteArrayContent(Encoding.UTF8.GetBytes("no image")), "files", "three.txt" },
            // Its header is whole, its pixels are not.
            { new ByteArrayContent(SampleImages.Bad("cut png")), "files", "four.png" }, { new StringContent("old"), "board" },
        };
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/images/import", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal((2, 0, 2), (body.GetProperty("imported").GetInt32(), body.GetProperty("known").GetInt32(), body.GetProperty("failed").GetInt32()));
        Assert.Equal("file 3", body.GetProperty("problems")[0].GetProperty("file").GetString());
        JsonElement listed = (await server.GetAsync("/api/images?q=grey&type=import&board=old&lora=soft&seed=42&model=someModel")).Body.GetProperty("images")[0];
        Assert.Equal(("a grey cat", "fog", "image/jpeg", 24), (listed.GetProperty("prompt").GetString(), listed.GetProperty("negative_prompt").GetString(), listed.GetProperty("mime_type").GetString(), listed.GetProperty("width").GetInt32()));
        string id = listed.GetProperty("id").GetString()!;
        Assert.Equal(jpeg, await server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation));
        Assert.Equal("soft", (await server.GetAsync($"/api/images/{id}/parameters")).Body.GetProperty("loras")[0].GetProperty("name").GetString());
        PngFile png = new(await server.Http.GetByteArrayAsync($"/api/images/{id}?format=png", Cancellation));
        Assert.Contains("a grey cat", png.Infotext().Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync($"/api/images/{id}/thumbnail", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync(HttpMethod.Post, $"/api/images/{id}/reproduce")).Status);

        using MultipartFormDataContent again = StudioServer.Form(jpeg);
        (_, body) = await server.SendAsync(HttpMethod.Post, "/api/images/import", again);
        Assert.Equal((0, 1), (body.GetProperty("imported").GetInt32(), body.GetProperty("known").GetInt32()));
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, $"/api/images/{id}")).Status);
        Assert.False(File.Exists(Path.Combine(server.Folder, "images", id + ".jpeg")));
    }

    [Fact]
    public async Task A_folder_of_ten_thousand_is_taken_in_bounded_memory()
    {
        const int Count = 10_000, Padding = 20_000;
        // Readers of PNG stop at its end; what follows makes the files as large as small images are.
        byte[] padding = new byte[Padding];
        string folder = studio.NewDataFolder();
        string import = Path.Combine(folder, "import", "old");
        Directory.CreateDirectory(import);
        for (int index = 0; index < Count; index++)
            await File.WriteAllBytesAsync(Path.Combine(import, $"{index:00000}.png"), [.. Png(index), .. padding], Cancellation);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long peak = 0;
        using var done = new CancellationTokenSource();
        Task watch = Task.Run(
            async () =>
            {
                // What lives, not what waits to be collected: tests beside this one make that too. Each look stops them all, so there are few.
                using var timer = new PeriodicTimer(TimeSpan.FromSeconds(5));
                while (!done.IsCancellationRequested)
                {
                    peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - before);
                    await timer.WaitForNextTickAsync(CancellationToken.None);
                }
            },
            Cancellation);

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/images/import", StudioServer.Json("""{"folder":"import/old"}"""));
        await done.CancelAsync();
        await watch;

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal((Count, 0), (body.GetProperty("imported").GetInt32(), body.GetProperty("failed").GetInt32()));
        TestContext.Current.TestOutputHelper?.WriteLine($"lives at most {peak / 1e6:0} MB of files of {Count * Padding / 1e6:0} MB");
        Assert.InRange(peak, 0, Count * Padding / 2L);
        Assert.Equal(Count, (await server.GetAsync("/api/images?q=cat&limit=1")).Body.GetProperty("total").GetInt32());
    }
}
