using System.Net;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests;

/// <summary>Endpoints that begin from an image, and what people send as one.</summary>
public sealed class InputImageTests(Workshop studio)
{
    private static readonly (int, int, int) Red = (219, 26, 31);
    private static readonly (int, int, int) Green = (26, 158, 56);
    private static readonly (int, int, int) Blue = (31, 71, 219);

    private async Task<PngFile> BeginAsync(int width = 64, int height = 64) => await studio.Server.GenerateOneAsync(
        $$"""{"model":"demo","prompt":"a red circle on a blue background","size":"{{width}}x{{height}}","steps":8,"seed":1}""");

    private async Task<PngFile> PostAsync(string path, MultipartFormDataContent form)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, form);
        Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
        Shape.Has(body, ("id", Shape.Text), ("created", Shape.Number), ("data", Shape.List));
        JsonElement image = Assert.Single(body.GetProperty("data").EnumerateArray());
        Shape.Has(image, ("id", Shape.Text), ("index", Shape.Number), ("revised_prompt", Shape.TextOrNull));
        return await studio.Server.ImageAsync(image.GetProperty("id").GetString()!);
    }

    [Theory]
    [InlineData("/api/edit", "edit")]
    [InlineData("/api/variation", "variation")]
    public async Task An_image_is_generated_from_an_image_and_a_prompt(string path, string type)
    {
        PngFile start = await BeginAsync();
        using MultipartFormDataContent far = StudioServer.Form(
            start.Bytes, ("model", "demo"), ("prompt", "a green square on a yellow background"), ("strength", "0.95"), ("steps", "8"), ("seed", "2"));
        using MultipartFormDataContent near = StudioServer.Form(
            start.Bytes, ("model", "demo"), ("prompt", "a green square on a yellow background"), ("strength", "0.05"), ("steps", "8"), ("seed", "2"));

        (await PostAsync(path, far)).ShowsAt(.5, .5, Green);
        PngFile kept = await PostAsync(path, near);

        kept.ShowsAt(.5, .5, Red);
        Assert.Equal((64, 64), (kept.Width, kept.Height));
        (_, JsonElement list) = await studio.Server.GetAsync($"/api/generations?type={type}&limit=1");
        JsonElement job = Assert.Single(list.EnumerateArray());
        Assert.Equal((type, 0.05), (job.GetProperty("type").GetString(), job.GetProperty("strength").GetDouble()));
        Assert.StartsWith("inputs/", job.GetProperty("input_image_path").GetString(), StringComparison.Ordinal);
        string id = job.GetProperty("id").GetString()!;
        new PngFile(await studio.Server.Http.GetByteArrayAsync($"/api/generations/{id}/input", TestContext.Current.CancellationToken)).ShowsAt(.5, .5, Red);
        (HttpStatusCode status, JsonElement error) = await studio.Server.GetAsync($"/api/generations/{id}/mask");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("no such image", Shape.Error(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_what_the_mask_shows_is_generated_again()
    {
        PngFile start = await BeginAsync(128, 128);
        using MultipartFormDataContent form = StudioServer.Form(
            start.Bytes, ("model", "demo"), ("prompt", "a green circle on a blue background"), ("strength", "1"), ("steps", "8"));
        using Image black = Image.Black(128, 128);
        using Image mask = black.Mutate(image => image.DrawRect([255], 64, 0, 64, 128, fill: true));
        form.Add(new ByteArrayContent(mask.PngsaveBuffer()), "mask", "mask.png");

        PngFile generated = await PostAsync("/api/edit", form);

        generated.ShowsAt(.35, .5, Red);
        generated.ShowsAt(.65, .5, Green);
    }

    [Fact]
    public async Task A_variation_needs_no_prompt_and_no_model()
    {
        PngFile start = await BeginAsync(48, 32);
        using MultipartFormDataContent form = StudioServer.Form(start.Bytes, ("strength", "0.1"));

        PngFile generated = await PostAsync("/api/variation", form);

        Assert.Equal((48, 32), (generated.Width, generated.Height));
        (_, JsonElement list) = await studio.Server.GetAsync("/api/generations?type=variation&limit=1");
        Assert.Equal("tiny", list[0].GetProperty("model").GetString());
    }

    [Fact]
    public async Task A_studio_image_can_be_the_input_by_its_id()
    {
        (_, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":8,"seed":1}""");

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/api/variation",
            StudioServer.Json($$"""{"source_image_id":"{{images[0]}}","model":"demo","prompt":"a red circle on a blue background","strength":0.1,"steps":8}"""));

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        string id = body.GetProperty("data")[0].GetProperty("id").GetString()!;
        (await studio.Server.ImageAsync(id)).ShowsAt(.5, .5, Red);
        Assert.Equal(images[0], (await studio.Server.JobAsync(body.GetProperty("id").GetString()!)).GetProperty("source_image_id").GetString());
    }

    [Theory]
    [InlineData("resize_mode=0&upscale_factor=4", 128, 64)]
    [InlineData("upscale_factor=3", 96, 48)]
    [InlineData("", 64, 32)]
    [InlineData("resize_mode=1&target_width=100&target_height=70", 100, 70)]
    [InlineData("upscaler=lanczos&upscale_factor=2.5", 80, 40)]
    [InlineData("upscaler=Demo 4x&upscale_factor=8", 256, 128)]
    public async Task Upscaling_gives_exactly_the_size_that_was_asked_for(string fields, int width, int height)
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(
            """
            models: { demo: { name: "Demo", args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"] } }
            upscalers:
              demo-x4: { name: "Demo 4x", model_path: "models/demo-upscaler-x4.gguf", scale: 4, type: "esrgan" }
            """));
        PngFile start = await BeginAsync(32, 16);
        using MultipartFormDataContent form = StudioServer.Form(
            start.Bytes, [.. fields.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(field => (field.Split('=')[0], field.Split('=')[1]))]);

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/upscale", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        JsonElement job = await server.WaitForAsync(body.GetProperty("job_id").GetString()!, "completed", "failed");
        Assert.True(job.GetProperty("status").GetString() == "completed", job.ToString());
        Assert.Equal($"{width}x{height}", job.GetProperty("size").GetString());
        PngFile result = await server.ImageAsync(job.GetProperty("images")[0].GetProperty("id").GetString()!);
        Assert.Equal((width, height), (result.Width, result.Height));
        result.ShowsAt(.5, .5, Red);
        result.ShowsAt(.05, .1, Blue);
    }

    [Theory]
    [InlineData("upscaler", "dowsing", "Lanczos")]
    [InlineData("resize_mode", "2", "0 to 1")]
    [InlineData("resize_mode", "1", "target_width and target_height")]
    [InlineData("upscale_factor", "0", "0.1 to 16")]
    [InlineData("upscale_factor", "17", "0.1 to 16")]
    public async Task A_bad_upscale_is_refused(string field, string value, string allowed)
    {
        PngFile start = await BeginAsync(16, 16);
        using MultipartFormDataContent form = StudioServer.Form(start.Bytes, (field, value));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/upscale", form);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(allowed, Shape.Error(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5000, 1, "upscale_factor", "2")]
    [InlineData(4200, 1100, "upscale_factor", "1.5")]
    public async Task An_image_that_the_upscalers_model_would_make_too_large_is_refused(int width, int height, string field, string value)
    {
        using NetVips.Image black = NetVips.Image.Black(width, height, bands: 3);
        byte[] png = black.PngsaveBuffer();
        using MultipartFormDataContent form = StudioServer.Form(png, (field, value), ("upscaler", "Demo 4x"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/upscale", form);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains($"the image of {width}x{height} would become larger than is possible", Shape.Error(body), StringComparison.Ordinal);
        using MultipartFormDataContent resampled = StudioServer.Form(png, ("upscale_factor", "1.01"), ("upscaler", "Lanczos"));
        Assert.Equal(HttpStatusCode.OK, (await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/upscale", resampled)).Status);
    }

    [Theory]
    [InlineData("/api/edit", "image")]
    [InlineData("/api/variation", "image")]
    [InlineData("/api/queue/edit", "image")]
    [InlineData("/api/queue/variation", "image")]
    [InlineData("/api/queue/upscale", "image")]
    public async Task Without_an_image_there_is_nothing_to_begin_from(string path, string field)
    {
        using MultipartFormDataContent form = StudioServer.Form(null, ("prompt", "a red circle"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, form);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal($"Missing required field: {field}", Shape.Error(body));
    }

    public static TheoryData<string> BadImages => ["empty", "text", "svg", "pdf", "cut png", "cut jpeg", "huge png", "animated gif", "animated webp"];

    [Theory]
    [MemberData(nameof(BadImages))]
    public async Task What_is_no_good_image_is_refused_with_a_reason(string kind)
    {
        byte[] bytes = SampleImages.Bad(kind);
        using MultipartFormDataContent form = StudioServer.Form(bytes, ("model", "demo"), ("prompt", "a red circle"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/edit", form);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith("image ", Shape.Error(body), StringComparison.Ordinal);
    }

    public static TheoryData<string> GoodImages => ["png", "jpeg", "webp", "gif", "tiff", "palette", "grey", "16 bit", "alpha", "cmyk", "turned", "cmyk with a profile", "cmyk tiff",
        "display p3", "grey 16 bit", "grey with alpha", "16 bit with alpha", "palette with alpha", "gif with alpha", "webp with alpha", "float tiff", "lab tiff", "one bit"];

    [Theory]
    [MemberData(nameof(GoodImages))]
    public async Task What_is_a_good_image_is_understood(string kind)
    {
        // Left half red (or dark), right half white, wider than high.
        using MultipartFormDataContent form = StudioServer.Form(SampleImages.Good(kind), ("upscaler", "lanczos"), ("upscale_factor", "1"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/upscale", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        PngFile read = await studio.Server.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!);
        Assert.Equal((64, 32), (read.Width, read.Height));
        (int r, int g, int b) = read.At(.25, .5);
        Assert.True(kind.StartsWith("grey", StringComparison.Ordinal) || kind == "one bit" ? r == g && g == b && r < 120 : r > 180 && g < 90 && b < 90, $"the left half is {(r, g, b)}");
        (r, g, b) = read.At(.75, .5);
        Assert.True(r > 235 && g > 235 && b > 235, $"the right half is {(r, g, b)}");
    }

    [Fact]
    public async Task Damaged_images_never_hurt_the_server()
    {
        var random = new Random(4);
        foreach (string kind in new[] { "png", "jpeg", "webp", "gif", "tiff" })
        {
            for (int i = 0; i < 20; i++)
            {
                byte[] bytes = SampleImages.Good(kind);
                for (int damage = 0; damage <= i % 4; damage++)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                using MultipartFormDataContent form = StudioServer.Form(bytes, ("upscaler", "lanczos"), ("upscale_factor", "1"));
                (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/upscale", form);
                Assert.True(status is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{kind}, damage {i}: {status} {body}");
            }
        }
    }

    [Fact]
    public async Task An_image_that_claims_to_be_huge_costs_no_memory()
    {
        byte[] huge = SampleImages.Bad("huge png");
        for (int i = 0; i < 10; i++)
        {
            using MultipartFormDataContent form = StudioServer.Form(huge, ("model", "demo"), ("prompt", "a red circle"));
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/edit", form);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains("30000x30000", Shape.Error(body), StringComparison.Ordinal);
        }

        // Decoded it would be 2.7 GB.
        Assert.InRange(Stats.MemHighwater, 0UL, 200_000_000UL);
    }

    [Fact]
    public async Task A_request_has_a_limit_in_bytes()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxRequestBytes=10000");
        using MultipartFormDataContent form = StudioServer.Form(new byte[20000], ("prompt", "a red circle"));

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Contains("10000 bytes", Shape.Error(body), StringComparison.Ordinal);
    }
}
