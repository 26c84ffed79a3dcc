using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class GenerationsTests(Workshop studio)
{
    private static readonly (string, string)[] Fields =
    [
        ("id", Shape.Text), ("type", Shape.Text), ("model", Shape.Text), ("prompt", Shape.Text), ("negative_prompt", Shape.TextOrNull),
        ("size", Shape.Text), ("seed", Shape.TextOrNull), ("n", Shape.Number), ("created_at", Shape.Number), ("updated_at", Shape.Number),
    ];

    [Fact]
    public async Task The_list_has_the_newest_first_and_can_be_paged()
    {
        List<string> generated = [];
        for (int i = 0; i < 3; i++)
            generated.Insert(0, (await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""")).Id);

        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/generations?limit=3");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(generated, body.EnumerateArray().Select(item => item.GetProperty("id").GetString()));
        foreach (JsonElement item in body.EnumerateArray())
        {
            Shape.Has(item, [.. Fields, ("image_count", Shape.Number)]);
            Assert.Equal(1, item.GetProperty("image_count").GetInt32());
            Assert.Equal("generate", item.GetProperty("type").GetString());
        }

        (_, JsonElement second) = await studio.Server.GetAsync("/api/generations?limit=1&offset=1");
        Assert.Equal(generated[1], Assert.Single(second.EnumerateArray()).GetProperty("id").GetString());
        (_, JsonElement beyond) = await studio.Server.GetAsync("/api/generations?offset=100000");
        Assert.Empty(beyond.EnumerateArray());
    }

    [Fact]
    public async Task Only_what_was_generated_is_listed_and_twenty_unless_asked()
    {
        await studio.Server.GenerateAsync("""{"model":"black","prompt":"a red circle","steps":1}""");
        for (int i = 0; i < 21; i++)
            await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""");

        (_, JsonElement body) = await studio.Server.GetAsync("/api/generations");

        Assert.Equal(20, body.GetArrayLength());
        Assert.DoesNotContain(body.EnumerateArray(), item => item.GetProperty("model").GetString() == "black");
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=x")]
    [InlineData("limit=1001")]
    [InlineData("offset=-1")]
    public async Task A_bad_page_is_refused(string query)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync($"/api/generations?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(query.Split('=')[0] + " is ", Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_generation_comes_with_its_images()
    {
        (string id, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"40x32","steps":1,"n":2,"seed":1}""");

        JsonElement generation = await studio.Server.GenerationAsync(id);

        Shape.Has(generation, [.. Fields, ("status", Shape.Text), ("progress", Shape.Number), ("error", Shape.TextOrNull), ("images", Shape.List)]);
        Assert.Equal("completed", generation.GetProperty("status").GetString());
        Assert.Equal(1, generation.GetProperty("progress").GetDouble());
        long created = generation.GetProperty("created_at").GetInt64();
        Assert.InRange(created, DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        Assert.InRange(generation.GetProperty("completed_at").GetInt64(), generation.GetProperty("started_at").GetInt64(), long.MaxValue);
        foreach ((JsonElement image, int index) in generation.GetProperty("images").EnumerateArray().Select((image, index) => (image, index)))
        {
            Shape.Has(
                image, ("id", Shape.Text), ("generation_id", Shape.Text), ("index_in_batch", Shape.Number), ("file_path", Shape.Text),
                ("mime_type", Shape.Text), ("width", Shape.Number), ("height", Shape.Number), ("revised_prompt", Shape.TextOrNull));
            Assert.Equal(id, image.GetProperty("generation_id").GetString());
            Assert.Equal(index, image.GetProperty("index_in_batch").GetInt32());
            Assert.Equal($"images/{images[index]}.png", image.GetProperty("file_path").GetString());
            Assert.Equal("image/png", image.GetProperty("mime_type").GetString());
            Assert.Equal((40, 32), (image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32()));
        }
    }

    [Fact]
    public async Task An_unknown_generation_is_not_found()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/generations/nothing");

        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("Generation not found", Shape.Error(body));
    }
}
