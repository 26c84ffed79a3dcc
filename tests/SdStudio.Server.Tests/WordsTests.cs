using System.Net;
using System.Text.Json;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Tests;

/// <summary>Templates, styles and presets over HTTP.</summary>
public sealed class WordsTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<StudioServer> ServerAsync(params string[] settings)
    {
        string folder = studio.NewDataFolder();
        Directory.CreateDirectory(Path.Combine(folder, "wildcards", "things"));
        await File.WriteAllTextAsync(Path.Combine(folder, "wildcards", "colours.txt"), "# colours\nred\ngreen\n\n2::blue\n", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "wildcards", "things", "round.yaml"), "small: [circle, disc]\nlarge:\n  - ball\n", Cancellation);
        return await StudioServer.StartAsync(folder, settings);
    }

    private static async Task<JsonElement> SendAsync(StudioServer server, string method, string path, string? json = null, HttpStatusCode expected = HttpStatusCode.OK, params (string, string)[] headers)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(new HttpMethod(method), path, json is null ? null : StudioServer.Json(json), headers);
        Assert.True(status == expected, $"{method} {path}: {status} {body}");
        return body;
    }

    private static async Task<string[]> PromptsAsync(StudioServer server, string json)
    {
        (_, string[] images) = await server.GenerateImagesAsync(json);
        List<string> prompts = [];
        foreach (string image in images)
            prompts.Add((await server.GetAsync($"/api/images/{image}/parameters")).Body.GetProperty("prompt").GetString()!);
        return [.. prompts];
    }

    [Fact]
    public async Task A_batch_of_a_template_has_words_of_its_own_for_each_image_and_is_reproduced()
    {
        await using StudioServer server = await ServerAsync();
        const string template = "a __colours__ {circle|square} # not for the image\\n, {big|small}";
        const string request = $$"""{"model":"demo","prompt":"{{template}}","negative_prompt":"{fog|rain}","template":true,"size":"32x32","steps":2,"n":6,"seed":7}""";
        (string id, string[] images) = await server.GenerateImagesAsync(request);
        JsonElement preview = await SendAsync(server, "POST", "/api/templates/preview", $$"""{"prompt":"{{template}}","negative_prompt":"{fog|rain}","n":6,"seed":7}""");

        string[] expected = [.. preview.GetProperty("prompts").EnumerateArray().Select(prompt => prompt.GetProperty("prompt").GetString()!)];
        Assert.True(expected.Distinct().Count() > 1, string.Join('|', expected));
        Assert.All(expected, prompt => Assert.Matches("^a (red|green|blue) (circle|square), (big|small)$", prompt));
        for (int index = 0; index < images.Length; index++)
        {
            JsonElement parameters = (await server.GetAsync($"/api/images/{images[index]}/parameters")).Body;
            Assert.Equal((expected[index], $"{7 + index}", preview.GetProperty("prompts")[index].GetProperty("negative_prompt").GetString()), (
                parameters.GetProperty("prompt").GetString(), parameters.GetProperty("seed").GetString(), parameters.GetProperty("negative_prompt").GetString()));
            Assert.Equal(template.Replace("\\n", "\n", StringComparison.Ordinal), parameters.GetProperty("prompt_template").GetString());
            string infotext = (await server.ImageAsync(images[index])).Infotext().Text;
            Assert.StartsWith(expected[index] + "\n", infotext, StringComparison.Ordinal);
            Assert.Contains("Template: \"a __colours__", infotext, StringComparison.Ordinal);
            // As a request of its own it is the same image.
            Assert.Equal((await server.ImageAsync(images[index])).Pixels, (await server.GenerateOneAsync(parameters.ToString())).Pixels);
        }

        // The lists may change: what was made is still known.
        await File.WriteAllTextAsync(Path.Combine(server.Folder, "wildcards", "colours.txt"), "yellow\n", Cancellation);
        foreach (string image in images)
            Assert.True((await SendAsync(server, "POST", $"/api/images/{image}/reproduce")).GetProperty("same").GetBoolean());
        string search = expected[0].Split(' ')[1];
        Assert.Equal(expected.Count(prompt => prompt.Contains(search, StringComparison.Ordinal)),
            (await server.GetAsync($"/api/images?q={search}")).Body.GetProperty("images").EnumerateArray().Count(image => image.GetProperty("generation_id").GetString() == id));
    }

    [Fact]
    public async Task Combinations_are_all_of_them_up_to_the_limit()
    {
        await using StudioServer server = await ServerAsync();

        Assert.Equal(["red circle", "red square", "green circle", "green square"], await PromptsAsync(
            server, """{"model":"demo","prompt":"{red|green} {circle|square}","template":true,"combinatorial":true,"size":"16x16","steps":1}"""));
        Assert.Equal(["red circle", "red square"], await PromptsAsync(
            server, """{"model":"demo","prompt":"{red|green} {circle|square}","template":true,"combinatorial":true,"n":2,"size":"16x16","steps":1}"""));
    }

    [Fact]
    public async Task Braces_mean_themselves_unless_somebody_asks_for_a_template()
    {
        await using (StudioServer server = await ServerAsync())
        {
            Assert.Equal(["a {red|green} circle"], await PromptsAsync(server, """{"model":"demo","prompt":"a {red|green} circle","size":"16x16","steps":1}"""));
            string error = Shape.Error(await SendAsync(server, "POST", "/api/generate", """{"model":"demo","prompt":"a __nothing__","template":true}""", HttpStatusCode.BadRequest));
            Assert.Contains("__nothing__", error, StringComparison.Ordinal);
            await SendAsync(server, "POST", "/api/templates/preview", """{"prompt":"{a"}""", HttpStatusCode.BadRequest);
            JsonElement wildcards = (await server.GetAsync("/api/wildcards")).Body.GetProperty("wildcards");
            Assert.Equal(["colours:3", "large:1", "small:2"], wildcards.EnumerateArray().Select(list => $"{list.GetProperty("name")}:{list.GetProperty("count")}"));
            Assert.Equal(3, (await server.GetAsync("/sdapi/v1/wildcards")).Body.GetArrayLength());

            JsonElement answer = await SendAsync(server, "POST", "/sdapi/v1/txt2img",
                """{"prompt":"{red|green} circle","width":16,"height":16,"steps":1,"seed":1,"batch_size":2,"alwayson_scripts":{"Dynamic Prompts v2.17.1":{"args":[true,true]}}}""");
            using JsonDocument info = JsonDocument.Parse(answer.GetProperty("info").GetString()!);
            Assert.Equal(["red circle", "green circle"], info.RootElement.GetProperty("all_prompts").EnumerateArray().Select(prompt => prompt.GetString()));
            Assert.Empty(info.RootElement.GetProperty("notes").EnumerateArray());
        }

        await using StudioServer keyed = await ServerAsync("--SdStudio:Security:ApiKeys:ann=ann-has-this-key", "--SdStudio:Security:ApiKeys:bob=bob-has-this-key", "--SdStudio:Templates:Keys:0=ann");
        foreach ((string key, string expected) in new[] { ("ann-has-this-key", "a red circle"), ("bob-has-this-key", "a {red} circle") })
        {
            JsonElement generated = await SendAsync(keyed, "POST", "/api/generate", """{"model":"demo","prompt":"a {red} circle","size":"16x16","steps":1}""", HttpStatusCode.OK, ("X-API-Key", key));
            JsonElement job = await SendAsync(keyed, "GET", $"/api/queue/{generated.GetProperty("id").GetString()}", headers: ("X-API-Key", key));
            Assert.Equal(expected, job.GetProperty("prompt").GetString());
        }
    }

    [Fact]
    public async Task Styles_are_those_of_a_csv_file_with_quotes_and_line_breaks()
    {
        await using StudioServer server = await ServerAsync();
        await File.WriteAllTextAsync(
            Path.Combine(server.Folder, "styles.csv"),
            "\uFEFFname,prompt,negative_prompt\r\n" +
            "\"oil, thick\",\"an \"\"oil\"\" painting\nof {prompt}\",photo\r\n" +
            "plain,soft light,\r\n" +
            ",no name,\r\n", Cancellation);

        JsonElement styles = (await server.GetAsync("/sdapi/v1/prompt-styles")).Body;
        Assert.Equal(("oil, thick", "an \"oil\" painting\nof {prompt}", "photo"), (
            styles[0].GetProperty("name").GetString(), styles[0].GetProperty("prompt").GetString(), styles[0].GetProperty("negative_prompt").GetString()));
        Assert.Equal(2, styles.GetArrayLength());
        Assert.Equal(["an \"oil\" painting\nof a red circle, soft light"], await PromptsAsync(
            server, """{"model":"demo","prompt":"a red circle","styles":["oil, thick","PLAIN"],"size":"16x16","steps":1}"""));
        Assert.Contains("styles", Shape.Error(await SendAsync(server, "POST", "/api/generate", """{"model":"demo","prompt":"a","styles":["water"]}""", HttpStatusCode.BadRequest)), StringComparison.Ordinal);

        await SendAsync(server, "PUT", "/api/styles/two%20lines", """{"prompt":"a\nb, \"c\"","negative_prompt":"x"}""");
        await SendAsync(server, "DELETE", "/api/styles/plain");
        await SendAsync(server, "DELETE", "/api/styles/plain", expected: HttpStatusCode.NotFound);
        List<Style> written = StyleBook.Parse(await File.ReadAllTextAsync(Path.Combine(server.Folder, "styles.csv"), Cancellation));
        Assert.Equal([new Style("oil, thick", "an \"oil\" painting\nof {prompt}", "photo"), new Style("two lines", "a\nb, \"c\"", "x")], written);
    }

    [Fact]
    public async Task A_preset_holds_where_a_request_says_nothing_and_belongs_to_its_key()
    {
        await using StudioServer server = await ServerAsync("--SdStudio:Security:ApiKeys:ann=ann-has-this-key", "--SdStudio:Security:ApiKeys:bob=bob-has-this-key");
        (string, string) ann = ("X-API-Key", "ann-has-this-key"), bob = ("X-API-Key", "bob-has-this-key");
        await SendAsync(server, "PUT", "/api/presets/quick", """{"model":"demo","sample_steps":2,"size":"16x16","cfg_scale":"1.5","prompt":"a red circle"}""", HttpStatusCode.OK, ann);

        JsonElement generated = await SendAsync(server, "POST", "/api/generate", """{"preset":"quick","steps":3}""", HttpStatusCode.OK, ann);
        JsonElement job = await SendAsync(server, "GET", $"/api/queue/{generated.GetProperty("id").GetString()}", headers: ann);
        Assert.Equal((3, 1.5, "16x16", "a red circle"), (job.GetProperty("steps").GetInt32(), job.GetProperty("cfg_scale").GetDouble(), job.GetProperty("size").GetString(), job.GetProperty("prompt").GetString()));
        Assert.Contains("preset", Shape.Error(await SendAsync(server, "POST", "/api/generate", """{"preset":"quick"}""", HttpStatusCode.BadRequest, bob)), StringComparison.Ordinal);
        foreach ((string body, string field) in new[] { ("""{"steps":9999}""", "steps"), ("""{"colour":1}""", "colour"), ("""{"image":"QUJD"}""", ""), ("""{"priority":1}""", "priority"), ("""{"loras":"\ud800","hires_upscaler":{"a":{}}}""", "loras"), ("""{"styles":["\ud800"]}""", "styles") })
            Assert.Contains(field, Shape.Error(await SendAsync(server, "PUT", "/api/presets/x", body, HttpStatusCode.BadRequest, ann)), StringComparison.Ordinal);

        string export = (await SendAsync(server, "GET", "/api/presets", headers: ann)).ToString();
        Assert.Equal(1, (await SendAsync(server, "POST", "/api/presets/import", export, HttpStatusCode.OK, bob)).GetProperty("imported").GetInt32());
        Assert.Equal(export, (await SendAsync(server, "GET", "/api/presets", headers: bob)).ToString());
        await SendAsync(server, "DELETE", "/api/presets/quick", headers: bob);
        Assert.Equal(1, (await SendAsync(server, "GET", "/api/presets", headers: ann)).GetProperty("presets").GetArrayLength());
    }

    [Theory]
    [InlineData("styles")]
    [InlineData("presets")]
    public async Task A_name_may_have_a_slash_which_an_address_has_escaped(string kind)
    {
        await using StudioServer server = await ServerAsync();

        await SendAsync(server, "PUT", $"/api/{kind}/portrait%2Ffilm", """{"prompt":"soft light"}""");

        Assert.Equal("portrait/film", Assert.Single((await SendAsync(server, "GET", $"/api/{kind}")).GetProperty(kind).EnumerateArray()).GetProperty("name").GetString());
        await SendAsync(server, "DELETE", $"/api/{kind}/portrait%2Ffilm");
        Assert.Empty((await SendAsync(server, "GET", $"/api/{kind}")).GetProperty(kind).EnumerateArray());
    }
}
