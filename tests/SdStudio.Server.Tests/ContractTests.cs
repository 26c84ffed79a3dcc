using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Tests;

/// <summary>The API's description against what the server really does.</summary>
public sealed partial class ContractTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<JsonElement> DescriptionAsync() => (await studio.Server.GetAsync("/openapi/v1.json")).Body;

    private static JsonElement Answer(JsonElement description, string path, string method, string status) => description
        .GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("responses").GetProperty(status)
        .GetProperty("content").GetProperty("application/json").GetProperty("schema");

    [Fact]
    public async Task Every_answer_is_as_described()
    {
        JsonElement description = await DescriptionAsync();
        (string id, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");
        string again = await studio.Server.QueueAsync("""{"model":"black","prompt":"a red circle","steps":1}""");
        await studio.Server.WaitForAsync(again, "failed");
        async Task Check(string method, string path, string real, string status = "200", HttpContent? content = null)
        {
            (HttpStatusCode actual, JsonElement body) = await studio.Server.SendAsync(new HttpMethod(method), real, content);
            Assert.Equal(status, ((int)actual).ToString(CultureInfo.InvariantCulture));
            Matches(description, Answer(description, path, method.ToLowerInvariant(), status), body, $"{method} {real}");
        }

        await Check("GET", "/api/health", "/api/health");
        await Check("GET", "/api/config", "/api/config");
        await Check("GET", "/api/models", "/api/models");
        await Check("GET", "/api/models/download", "/api/models/download");
        await Check("GET", "/api/controlnets", "/api/controlnets");
        await Check("GET", "/api/upscalers", "/api/upscalers");
        await Check("POST", "/api/generate", "/api/generate", content: StudioServer.Json("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}"""));
        await Check("POST", "/api/generate", "/api/generate", "400", StudioServer.Json("{}"));
        await Check("POST", "/api/queue/generate", "/api/queue/generate", content: StudioServer.Json("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}"""));
        await Check("GET", "/api/queue", "/api/queue");
        await Check("GET", "/api/queue/stats", "/api/queue/stats");
        await Check("GET", "/api/queue/{id}", $"/api/queue/{id}");
        await Check("GET", "/api/queue/{id}", "/api/queue/nothing", "404");
        await Check("DELETE", "/api/queue/{id}", $"/api/queue/{id}", "404");
        await Check("POST", "/api/queue/{id}/retry", $"/api/queue/{again}/retry");
        await Check("POST", "/api/queue/{id}/retry", $"/api/queue/{id}/retry", "409");
        await Check("GET", "/api/generations", "/api/generations");
        await Check("GET", "/api/generations/{id}", $"/api/generations/{id}");
        await Check("GET", "/api/generations/{id}/images", $"/api/generations/{id}/images");
        await Check("GET", "/api/generations/{id}/logs", $"/api/generations/{id}/logs");
        await Check("GET", "/api/logs", "/api/logs");
        await Check("GET", "/api/images/{imageId}/parameters", $"/api/images/{images[0]}/parameters");
        await Check("POST", "/api/images/{imageId}/reproduce", $"/api/images/{images[0]}/reproduce");
        await Check("POST", "/api/queue/cancel-all", "/api/queue/cancel-all");
        await Check("DELETE", "/api/generations/{id}", $"/api/generations/{id}");
    }

    [Theory]
    [InlineData("GenerateBody", "/api/queue/generate")]
    [InlineData("EditBody", "/api/queue/edit")]
    [InlineData("UpscaleBody", "/api/queue/upscale")]
    public async Task Every_field_is_checked_as_described(string schema, string path)
    {
        JsonElement description = await DescriptionAsync();
        (_, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""");
        foreach (JsonProperty field in description.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").EnumerateObject())
        {
            foreach (string bad in JustOutside(field.Value))
            {
                (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
                    HttpMethod.Post, path,
                    StudioServer.Json($$"""{"model":"demo","prompt":"a red circle","source_image_id":"{{images[0]}}","{{field.Name}}":{{bad}}}"""));
                Assert.True(status == HttpStatusCode.BadRequest, $"{field.Name} = {bad}: {status}");
                Assert.Contains(field.Name, Shape.Error(body), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Every_endpoint_of_the_server_is_described_and_says_what_it_does()
    {
        JsonElement description = await DescriptionAsync();
        List<string> ids = [];
        foreach (JsonProperty operation in description.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()))
        {
            ids.Add(operation.Value.GetProperty("operationId").GetString()!);
            Assert.NotEmpty(operation.Value.GetProperty("tags").EnumerateArray());
            // What a generated client would take for nothing.
            foreach (JsonProperty answer in operation.Value.GetProperty("responses").EnumerateObject())
                Assert.True(answer.Value.TryGetProperty("content", out JsonElement content) && content.EnumerateObject().First().Value.TryGetProperty("schema", out _), $"{ids[^1]} {answer.Name}");
        }

        Assert.Equal(ids.Distinct(), ids);
        Assert.All(ids, id => Assert.Matches("^[a-z][A-Za-z0-9]+$", id));
        string[] expected = ["generateImage", "listJobs", "getImage", "streamEvents", "login", "a1111TextToImage", "a1111Progress", "openAiGenerate"];
        Assert.Empty(expected.Except(ids));
        Assert.DoesNotMatch("/$", description.GetProperty("servers")[0].GetProperty("url").GetString());

        foreach (JsonProperty path in description.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject())
                Assert.True(operation.Value.TryGetProperty("summary", out JsonElement summary) && summary.GetString()!.Length > 10, $"{operation.Name} {path.Name}");
        }
    }

    [Fact]
    public async Task Query_parameters_files_and_words_have_their_types()
    {
        JsonElement description = await DescriptionAsync();
        JsonElement Operation(string path, string method) => description.GetProperty("paths").GetProperty(path).GetProperty(method);
        JsonElement Query(string path, string method, string name) => Operation(path, method).GetProperty("parameters").EnumerateArray()
            .Single(parameter => parameter.GetProperty("name").GetString() == name).GetProperty("schema");

        JsonElement limit = Query("/api/generations", "get", "limit");
        Assert.Equal(("integer", 20, 1, 1000), (limit.GetProperty("type").GetString(), limit.GetProperty("default").GetInt32(), limit.GetProperty("minimum").GetInt32(), limit.GetProperty("maximum").GetInt32()));
        Assert.Equal("boolean", Query("/api/generations", "delete", "delete_files").GetProperty("type").GetString());
        Assert.Contains("processing", Query("/api/queue", "get", "status").GetProperty("enum").EnumerateArray().Select(word => word.GetString()));
        foreach ((string path, string type) in new[]
        {
            ("/api/images/{imageId}", "image/png"), ("/api/images/{imageId}/thumbnail", "image/webp"), ("/api/generations/{id}/mask", "image/png"), ("/api/queue/{id}/preview", "image/webp"),
        })
        {
            JsonElement schema = Operation(path, "get").GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty(type).GetProperty("schema");
            Assert.Equal(("string", "binary"), (schema.GetProperty("type").GetString(), schema.GetProperty("format").GetString()));
        }

        JsonElement schemas = description.GetProperty("components").GetProperty("schemas");
        foreach ((string type, string field, string word) in new[] { ("JobView", "status", "cancelled"), ("JobView", "type", "upscale"), ("JobView", "phase", "sample"), ("ModelResponse", "exec_mode", "api"), ("DownloadView", "status", "downloading") })
        {
            JsonElement property = schemas.GetProperty(type).GetProperty("properties").GetProperty(field);
            Assert.Contains(word, property.GetProperty("enum").EnumerateArray().Select(value => value.GetString()));
        }

        Assert.True(schemas.GetProperty("ErrorResponse").GetProperty("properties").GetProperty("error").GetProperty("x-ms-primary-error-message").GetBoolean());
    }

    [Fact]
    public async Task The_reference_page_needs_nothing_from_elsewhere()
    {
        string page = await studio.Server.Http.GetStringAsync("/docs/", Cancellation);

        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page);
        foreach (Match script in Scripts().Matches(page))
            Assert.NotEmpty(await studio.Server.Http.GetByteArrayAsync("/docs/" + script.Groups[1].Value, Cancellation));
        Assert.Contains("openapi/v1.json", page, StringComparison.Ordinal);
    }

    [GeneratedRegex("src=\"([^\"]+)\"")]
    private static partial Regex Scripts();

    private static IEnumerable<string> JustOutside(JsonElement field)
    {
        if (field.TryGetProperty("minimum", out JsonElement minimum))
            yield return (minimum.GetDouble() - 1).ToString(CultureInfo.InvariantCulture);
        if (field.TryGetProperty("maximum", out JsonElement maximum) && maximum.GetDouble() < 1e15)
            yield return (maximum.GetDouble() + 1).ToString(CultureInfo.InvariantCulture);
        if (field.TryGetProperty("enum", out _) || field.TryGetProperty("pattern", out _))
            yield return "\"dowsing\"";
        if (field.TryGetProperty("maxLength", out JsonElement length))
            yield return $"\"{new string('x', length.GetInt32() + 1)}\"";
    }

    // As much of JSON Schema as the description uses.
    private static void Matches(JsonElement description, JsonElement schema, JsonElement value, string where)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
        {
            string name = reference.GetString()!.Split('/')[^1];
            Matches(description, description.GetProperty("components").GetProperty("schemas").GetProperty(name), value, where);
            return;
        }

        if (schema.TryGetProperty("oneOf", out JsonElement choices))
        {
            if (value.ValueKind != JsonValueKind.Null)
                Matches(description, choices.EnumerateArray().First(choice => choice.TryGetProperty("$ref", out _)), value, where);
            return;
        }

        string[] types = schema.TryGetProperty("type", out JsonElement type)
            ? type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(item => item.GetString()!)] : [type.GetString()!]
            : [];
        string actual = value.ValueKind switch
        {
            JsonValueKind.Null => "null", JsonValueKind.String => "string", JsonValueKind.Array => "array", JsonValueKind.Object => "object",
            JsonValueKind.True or JsonValueKind.False => "boolean", _ => types.Contains("integer") && value.TryGetInt64(out _) ? "integer" : "number",
        };
        Assert.True(types.Contains(actual), $"{where} is {actual}, not {string.Join(" or ", types)}");
        if (actual == "array")
        {
            foreach (JsonElement item in value.EnumerateArray())
                Matches(description, schema.GetProperty("items"), item, where + "[]");
        }

        if (actual != "object")
            return;
        JsonElement properties = schema.GetProperty("properties");
        foreach (JsonProperty property in value.EnumerateObject())
        {
            Assert.True(properties.TryGetProperty(property.Name, out JsonElement described), $"{where}.{property.Name} is not described");
            Matches(description, described, property.Value, $"{where}.{property.Name}");
        }

        foreach (JsonElement required in schema.TryGetProperty("required", out JsonElement list) ? list.EnumerateArray().ToArray() : [])
            Assert.True(value.TryGetProperty(required.GetString()!, out _), $"{where}.{required} is missing");
    }
}
