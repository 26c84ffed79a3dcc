using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests.Gallery;

/// <summary>Stars, ratings, tags, boards, filters, search, pages and zip files, over HTTP.</summary>
public sealed class GalleryMarksTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Request(string prompt, string more = "") => $$"""{"model":"demo","prompt":"{{prompt}}","size":"32x32","steps":1{{more}}}""";

    private static async Task<string> GenerateImagesAsync(StudioServer server, string prompt, string more = "") => Assert.Single((await server.GenerateImagesAsync(Request(prompt, more))).Images);

    private static async Task<JsonElement> ListAsync(StudioServer server, string query)
    {
        (HttpStatusCode status, JsonElement body) = await server.GetAsync($"/api/images?{query}");
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body;
    }

    private static async Task<string> PromptsAsync(StudioServer server, string query)
    {
        JsonElement list = await ListAsync(server, query);
        string prompts = string.Join('|', list.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("prompt").GetString()));
        // Without a limit every image is on the page.
        if (!query.Contains("limit", StringComparison.Ordinal))
            Assert.Equal(prompts.Length == 0 ? 0 : prompts.Split('|').Length, list.GetProperty("total").GetInt32());
        return prompts;
    }

    private static async Task<JsonElement> SendAsync(StudioServer server, string method, string path, string? json = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(new HttpMethod(method), path, json is null ? null : StudioServer.Json(json));
        Assert.True(status == expected, $"{method} {path}: {status} {body}");
        return body;
    }

    [Fact]
    public async Task Images_are_found_by_everything_that_is_known_of_them()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string red = await GenerateImagesAsync(server, "a red circle", ""","seed":11""");
        string green = await GenerateImagesAsync(server, "a green Café", ""","seed":12""");
        string blue = await GenerateImagesAsync(server, "赤い円を描いて", ""","seed":13,"size":"48x32" """);
        using MultipartFormDataContent form = StudioServer.Form(null, ("source_image_id", red), ("upscaler", "Lanczos"), ("upscale_factor", "2"));
        await server.SendAsync(HttpMethod.Post, "/api/upscale", form);

        JsonElement changed = await SendAsync(server, "PATCH", $"/api/images/{red}", """{"starred":true,"rating":3,"tags":["Round  thing","red"]}""");
        Assert.Equal(["red", "round thing"], changed.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        await SendAsync(server, "PATCH", "/api/images", $$"""{"ids":["{{green}}","{{blue}}","nothing"],"rating":5,"add_tags":["red"]}""");
        await SendAsync(server, "PATCH", $"/api/images/{blue}", """{"remove_tags":["red"],"starred":"true"}""");

        Assert.Equal("|赤い円を描いて|a green Café|a red circle", await PromptsAsync(server, ""));
        Assert.Equal("a red circle|a green Café|赤い円を描いて|", await PromptsAsync(server, "sort=oldest"));
        Assert.Equal("赤い円を描いて|a green Café|a red circle|", await PromptsAsync(server, "sort=rating"));
        Assert.Equal("赤い円を描いて|a red circle", await PromptsAsync(server, "starred=true"));
        Assert.Equal("|a green Café", await PromptsAsync(server, "starred=false"));
        Assert.Equal("赤い円を描いて|a green Café", await PromptsAsync(server, "rating=4"));
        Assert.Equal("a green Café|a red circle", await PromptsAsync(server, "tag=RED"));
        Assert.Equal("a red circle", await PromptsAsync(server, "tag=red,round%20thing"));
        Assert.Equal("", await PromptsAsync(server, "type=upscale&starred=true"));
        Assert.Equal("", await PromptsAsync(server, "model=tiny"));
        Assert.Equal("赤い円を描いて", await PromptsAsync(server, "size=48x32"));
        Assert.Equal("a green Café", await PromptsAsync(server, "seed=12"));
        Assert.Equal("a green Café", await PromptsAsync(server, "q=cafe%CC%81"));
        Assert.Equal("赤い円を描いて", await PromptsAsync(server, "q=円を描&model=demo"));
        Assert.Equal("", await PromptsAsync(server, "q=green%20red"));
        Assert.Equal("a red circle", await PromptsAsync(server, "q=%22red%20circle%22&starred=1"));
        Assert.Equal("", await PromptsAsync(server, "q=!!!"));
        string today = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.Equal(4, (await ListAsync(server, $"from=2026-01-01&to={today}&limit=1")).GetProperty("total").GetInt32());
        Assert.Equal("", await PromptsAsync(server, "to=2020-01-01"));
        JsonElement tags = (await server.GetAsync("/api/images/tags")).Body.GetProperty("tags");
        Assert.Equal(("red", 2), (tags[0].GetProperty("tag").GetString(), tags[0].GetProperty("images").GetInt32()));
    }

    [Theory]
    [InlineData("sort=newest")]
    [InlineData("sort=oldest")]
    [InlineData("sort=rating")]
    [InlineData("q=circle&sort=newest")]
    [InlineData("q=circle&sort=oldest")]
    public async Task Pages_follow_each_other_without_gaps(string query)
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        (_, string[] images) = await server.GenerateImagesAsync(Request("a red circle", ""","n":7"""));
        await SendAsync(server, "PATCH", "/api/images", $$"""{"ids":["{{images[0]}}","{{images[4]}}"],"rating":2}""");
        string?[] whole = [.. (await ListAsync(server, query)).GetProperty("images").EnumerateArray().Select(image => image.GetProperty("id").GetString())];

        List<string?> paged = [];
        string? cursor = null;
        do
        {
            JsonElement page = await ListAsync(server, $"{query}&limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.Equal(7, page.GetProperty("total").GetInt32());
            paged.AddRange(page.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("id").GetString()));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(whole, paged);
        JsonElement from = await ListAsync(server, $"{query}&limit=2&offset=3");
        Assert.Equal(whole[3..5], from.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("id").GetString()));
        Assert.Empty((await ListAsync(server, $"{query}&offset=7")).GetProperty("images").EnumerateArray());
    }

    [Fact]
    public async Task A_board_takes_what_is_generated_for_it_counts_and_asks_before_it_goes()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        JsonElement board = await SendAsync(server, "POST", "/api/boards", """{"name":"cats"}""");
        string id = board.GetProperty("id").GetString()!;
        string red = await GenerateImagesAsync(server, "a red circle", ""","board":"cats" """);
        string green = await GenerateImagesAsync(server, "a green circle", $""","board":"{id}" """);
        await GenerateImagesAsync(server, "a blue circle");
        await SendAsync(server, "POST", "/api/queue/generate", Request("x", ""","board":"dogs" """), HttpStatusCode.BadRequest);
        await SendAsync(server, "POST", "/api/boards", """{"name":"cats"}""", HttpStatusCode.Conflict);

        JsonElement boards = (await server.GetAsync("/api/boards")).Body;
        Assert.Equal(("cats", 2, green, 1), (boards.GetProperty("boards")[0].GetProperty("name").GetString(), boards.GetProperty("boards")[0].GetProperty("images").GetInt32(),
            boards.GetProperty("boards")[0].GetProperty("cover_image_id").GetString(), boards.GetProperty("uncategorised").GetInt32()));
        Assert.Equal("a green circle|a red circle", await PromptsAsync(server, "board=cats"));
        Assert.Equal("a blue circle", await PromptsAsync(server, "board=none"));
        await SendAsync(server, "PATCH", $"/api/images/{red}", """{"board":null}""");
        Assert.Equal("a green circle", await PromptsAsync(server, $"board={id}"));
        await SendAsync(server, "PATCH", $"/api/boards/{id}", """{"name":"all cats"}""");
        await SendAsync(server, "DELETE", $"/api/boards/{id}", expected: HttpStatusCode.Conflict);
        Assert.Equal(1, (await SendAsync(server, "DELETE", $"/api/boards/{id}?images=delete")).GetProperty("deleted").GetInt32());
        Assert.Equal("a blue circle|a red circle", await PromptsAsync(server, ""));
        Assert.False(File.Exists(Path.Combine(server.Folder, "images", green + ".png")));

        await SendAsync(server, "POST", "/api/boards", """{"name":"dogs"}""");
        await SendAsync(server, "PATCH", $"/api/images/{red}", """{"board":"dogs"}""");
        Assert.Equal(0, (await SendAsync(server, "DELETE", "/api/boards/dogs?images=keep")).GetProperty("deleted").GetInt32());
        Assert.Equal("a blue circle|a red circle", await PromptsAsync(server, "board=none"));
    }

    [Fact]
    public async Task A_zip_file_has_the_images_under_names_that_say_what_they_are()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string red = await GenerateImagesAsync(server, "a red circle: \\\"round\\\"/../x", ""","seed":7""");
        await GenerateImagesAsync(server, "赤い円", ""","seed":8""");
        const string name = "00001-7-a_red_circle_round_x.png";

        async Task<ZipArchive> ZipAsync(string path, string? json)
        {
            using HttpResponseMessage response = await server.Http.PostAsync(path, json is null ? null : StudioServer.Json(json), Cancellation);
            Assert.Equal("application/zip", response.Content.Headers.ContentType?.MediaType);
            return new ZipArchive(new MemoryStream(await response.Content.ReadAsByteArrayAsync(Cancellation)));
        }

        using (ZipArchive named = await ZipAsync("/api/images/zip", $$"""{"ids":["{{red}}","nothing"]}"""))
        {
            ZipArchiveEntry entry = Assert.Single(named.Entries);
            Assert.Equal(name, entry.FullName);
            using var png = new MemoryStream();
            await (await entry.OpenAsync(Cancellation)).CopyToAsync(png, Cancellation);
            Assert.Equal(await server.Http.GetByteArrayAsync($"/api/images/{red}", Cancellation), png.ToArray());
        }

        using (ZipArchive all = await ZipAsync("/api/images/zip?format=webp&q=円", null))
        {
            Assert.Equal("00002-8-赤い円.webp", Assert.Single(all.Entries).FullName);
            using Image webp = Image.NewFromStream(await all.Entries[0].OpenAsync(Cancellation));
            Assert.Equal(32, webp.Width);
        }

        await SendAsync(server, "POST", "/api/images/zip", """{"ids":["nothing"]}""", HttpStatusCode.NotFound);
        using HttpResponseMessage saved = await server.Http.GetAsync($"/api/images/{red}?download=true", Cancellation);
        Assert.Equal(name, saved.Content.Headers.ContentDisposition?.FileNameStar);
    }

    [Theory]
    [InlineData("GET", "/api/images?board=nothing", null, "board")]
    [InlineData("GET", "/api/images?cursor=x", null, "cursor")]
    [InlineData("GET", "/api/images?from=yesterday", null, "from")]
    [InlineData("GET", "/api/images?size=large", null, "size")]
    [InlineData("GET", "/api/images?sort=best", null, "sort")]
    [InlineData("GET", "/api/images?rating=6", null, "rating")]
    [InlineData("PATCH", "/api/images", """{"starred":true}""", "ids")]
    [InlineData("PATCH", "/api/images/x", """{"rating":9}""", "rating")]
    [InlineData("PATCH", "/api/images/x", """{"tags":["a,b"]}""", "tags")]
    [InlineData("PATCH", "/api/images/x", "{}", "starred")]
    [InlineData("POST", "/api/boards", """{"name":"None"}""", "name")]
    [InlineData("POST", "/api/images/import", "{}", "folder")]
    [InlineData("POST", "/api/images/import", """{"folder":"../.."}""", "folder")]
    [InlineData("POST", "/api/images/import", """{"folder":"images"}""", "folder")]
    [InlineData("PATCH", "/api/images", """{"ids":["a\u0000b"],"starred":true}""", "ids contains a zero character")]
    [InlineData("PATCH", "/api/images", """{"ids":["x"],"add_tags":["a\u0000b"]}""", "add_tags contains a zero character")]
    public async Task What_is_wrong_is_named(string method, string path, string? json, string field) =>
        Assert.Contains(field, Shape.Error(await SendAsync(studio.Server, method, path, json, HttpStatusCode.BadRequest)), StringComparison.Ordinal);

    [Fact]
    public async Task A_mark_that_is_refused_is_not_called_none_besides() => Assert.Equal(
        "rating is '9'; allowed is a whole number from 0 to 5",
        Shape.Error(await SendAsync(studio.Server, "PATCH", "/api/images/x", """{"rating":9}""", HttpStatusCode.BadRequest)));
}
