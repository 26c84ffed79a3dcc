using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Tests;

public sealed class FieldTests(Workshop studio)
{
    private static readonly (int, int, int) Red = (219, 26, 31);
    private static readonly (int, int, int) Blue = (31, 71, 219);
    private static readonly (int, int, int) Yellow = (250, 217, 31);
    private static readonly (int, int, int) Green = (26, 158, 56);

    [Fact]
    public async Task The_first_image_shows_what_was_asked()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync(
            """{"model":"demo","prompt":"a red circle on a blue background","size":"128x128","seed":"7","steps":8}""");

        Assert.Equal(HttpStatusCode.OK, status);
        Shape.Has(body, ("id", Shape.Text), ("created", Shape.Number), ("data", Shape.List));
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - body.GetProperty("created").GetInt64(), -1, 120);
        JsonElement image = Assert.Single(body.GetProperty("data").EnumerateArray());
        Shape.Has(image, ("id", Shape.Text), ("index", Shape.Number), ("revised_prompt", Shape.TextOrNull));
        Assert.Equal(0, image.GetProperty("index").GetInt32());

        PngFile png = await studio.Server.ImageAsync(image.GetProperty("id").GetString()!);
        Assert.Equal((128, 128), (png.Width, png.Height));
        png.ShowsAt(.5, .5, Red);
        png.ShowsAt(.05, .05, Blue);
        png.ShowsAt(.95, .95, Blue);
    }

    [Theory]
    [InlineData("a green square on a yellow wall", "wide", 96, 64)]
    [InlineData("a yellow ball in a green field", "high", 64, 96)]
    public async Task Size_and_prompt_are_followed(string prompt, string seed, int width, int height)
    {
        PngFile png = await studio.Server.GenerateOneAsync(
            $$"""{"model":"demo","prompt":"{{prompt}}","size":"{{width}}x{{height}}","steps":8,"seed":{{seed.Length}}}""");

        Assert.Equal((width, height), (png.Width, png.Height));
        png.ShowsAt(.5, .5, prompt.StartsWith("a green", StringComparison.Ordinal) ? Green : Yellow);
        png.ShowsAt(.04, .04, prompt.StartsWith("a green", StringComparison.Ordinal) ? Yellow : Green);
    }

    [Fact]
    public async Task A_size_off_the_engines_grid_is_exact()
    {
        PngFile png = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle","size":"61x45"}""");

        Assert.Equal((61, 45), (png.Width, png.Height));
    }

    [Fact]
    public async Task A_field_that_is_not_read_is_named_in_the_answer_and_in_the_job()
    {
        using var body = new StringContent("""{"model":"demo","prompt":"a red circle","size":"64x64","steps":1,"count":4,"upscaler":"Lanczos","quality":null,"user":null}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await studio.Server.Http.PostAsync("/api/queue/generate", body, TestContext.Current.CancellationToken);
        JsonElement queued = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        string[] notes = [.. queued.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!)];
        Assert.Equal(
            ["count is not a field of this request and was ignored; GET /api/parameters lists the fields", "upscaler was ignored: generate does not take it"], notes);
        // Forms write the name of a list like this.
        Assert.Empty(IgnoredFields.Of(new RequestBody(new Dictionary<string, JsonElement>(), new Dictionary<string, IReadOnlyList<byte[]>> { ["ref_images[]"] = [] }), JobType.Edit));
        JsonElement generation = await studio.Server.GenerationAsync(queued.GetProperty("job_id").GetString()!);
        Assert.Equal(notes, generation.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        PngFile first = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle","seed":7}""");
        PngFile again = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle","seed":"7"}""");
        PngFile other = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle","seed":8}""");

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.NotEqual(first.Pixels, other.Pixels);
    }

    [Fact]
    public async Task Several_images_have_their_own_index_and_seed_and_can_be_generated_alone()
    {
        (string id, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","n":3,"seed":40}""");
        JsonElement generation = await studio.Server.GenerationAsync(id);

        Assert.Equal(3, images.Length);
        Assert.Equal(images, generation.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("id").GetString()));
        Assert.Equal([0, 1, 2], generation.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("index_in_batch").GetInt32()));
        Assert.Equal(["40", "41", "42"], generation.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("seed").GetString()));
        PngFile alone = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle","seed":42}""");
        Assert.Equal(alone.Bytes, (await studio.Server.ImageAsync(images[2])).Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData(""","seed":null""")]
    [InlineData(""","seed":-1""")]
    [InlineData(""","seed":"" """)]
    public async Task A_seed_that_nobody_chose_is_random_and_told(string seed)
    {
        string body = $$"""{"model":"demo","prompt":"a red circle"{{seed}}}""";
        (string id, string[] images) = await studio.Server.GenerateImagesAsync(body);
        (string otherId, _) = await studio.Server.GenerateImagesAsync(body);
        string told = (await studio.Server.GenerationAsync(id)).GetProperty("seed").GetString()!;

        Assert.InRange(long.Parse(told, CultureInfo.InvariantCulture), 0, uint.MaxValue - 1L);
        Assert.NotEqual(told, (await studio.Server.GenerationAsync(otherId)).GetProperty("seed").GetString());
        PngFile again = await studio.Server.GenerateOneAsync($$"""{"model":"demo","prompt":"a red circle","seed":{{told}}}""");
        Assert.Equal(again.Bytes, (await studio.Server.ImageAsync(images[0])).Bytes);
    }

    [Fact]
    public async Task Every_field_arrives_whether_number_or_text()
    {
        (string id, _) = await studio.Server.GenerateImagesAsync(
            """
            {"model":"demo","prompt":"a red circle","negative_prompt":"a blue square","size":"40X48","n":"2","quality":"HD","style":"vivid","seed":"5.0",
             "sample_steps":"3","cfg_scale":"1.5","sampling_method":"euler_a","scheduler":"karras","clip_skip":"2",
             "response_format":"b64_json","user":{"name":"x"},"whatever":[1,2]}
            """);
        JsonElement generation = await studio.Server.GenerationAsync(id);

        Assert.Equal("a blue square", generation.GetProperty("negative_prompt").GetString());
        Assert.Equal("40x48", generation.GetProperty("size").GetString());
        Assert.Equal(2, generation.GetProperty("n").GetInt32());
        Assert.Equal("hd", generation.GetProperty("quality").GetString());
        Assert.Equal("vivid", generation.GetProperty("style").GetString());
        Assert.Equal("5", generation.GetProperty("seed").GetString());
        Assert.Equal(3, generation.GetProperty("steps").GetInt32());
        Assert.Equal(1.5, generation.GetProperty("cfg_scale").GetDouble());
        Assert.Equal("euler_a", generation.GetProperty("sampler").GetString());
        Assert.Equal("karras", generation.GetProperty("scheduler").GetString());
        Assert.Equal(2, generation.GetProperty("clip_skip").GetInt32());
    }

    [Fact]
    public async Task What_is_absent_or_null_is_the_models_own()
    {
        (string id, string[] images) = await studio.Server.GenerateImagesAsync(
            """
            {"model":"tiny","prompt":7,"negative_prompt":null,"size":null,"n":null,"quality":null,"style":null,"steps":null,"cfg_scale":null,
             "sampler":null,"scheduler":null,"clip_skip":"-1"}
            """);
        JsonElement generation = await studio.Server.GenerationAsync(id);

        Assert.Single(images);
        Assert.Equal("7", generation.GetProperty("prompt").GetString());
        Assert.Equal("48x32", generation.GetProperty("size").GetString());
        Assert.Equal(3, generation.GetProperty("steps").GetInt32());
        Assert.Equal(1.5, generation.GetProperty("cfg_scale").GetDouble());
        Assert.Equal("euler_a", generation.GetProperty("sampler").GetString());
        Assert.Equal(JsonValueKind.Null, generation.GetProperty("negative_prompt").ValueKind);
    }

    [Fact]
    public async Task The_infotext_is_where_other_tools_look_for_it()
    {
        PngFile png = await studio.Server.GenerateOneAsync(
            """{"model":"demo","prompt":"a red circle","negative_prompt":"fog","size":"40x32","seed":3,"n":1,"scheduler":"karras","clip_skip":2}""");
        (string chunk, string text) = png.Infotext();

        Assert.Equal("tEXt", chunk);
        string[] lines = text.Split('\n');
        Assert.Equal("a red circle", lines[0]);
        Assert.Equal("Negative prompt: fog", lines[1]);
        Assert.Matches(
            "^Steps: 4, Sampler: Euler, Schedule type: Karras, CFG scale: 1, Seed: 3, Clip skip: 2, Size: 40x32, " +
            "Model hash: [0-9a-f]{10}, Model: demo, Version: stable-diffusion.cpp .+$",
            lines[2]);
        // What reads images should meet the text before the pixels.
        Assert.True(png.Chunks.FindIndex(c => c.Type == "tEXt") < png.Chunks.FindIndex(c => c.Type == "IDAT"));
    }

    [Fact]
    public async Task An_infotext_beyond_latin_letters_is_utf8()
    {
        PngFile png = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"ein roter Kreis – 円 🔴"}""");
        (string chunk, string text) = png.Infotext();

        Assert.Equal("iTXt", chunk);
        Assert.StartsWith("ein roter Kreis – 円 🔴\nSteps: 4, ", text, StringComparison.Ordinal);
    }
}
