using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace SdStudio.Server.Tests;

/// <summary>Every described endpoint of every surface gets requests that are partly right and mostly not: a client's fault is never a 5xx.</summary>
public sealed class HttpFuzzTests(Workshop studio)
{
    private const int Requests = 600;

    // The engine of the tests cannot convert, and says so.
    private static readonly HttpStatusCode[] NoFaults = [HttpStatusCode.NotImplemented];

    // What would stop the others: a paused queue.
    private static readonly string[] LeftOut = ["pauseQueue"];

    private static readonly string[] Texts =
    [
        "", " ", "x", "demo", "tiny", "missing", "a red circle", "0", "1", "-1", "2.5", "NaN", "1e999", "99999999999999999999", "true", "TRUE", "null", "[]", "{}", "64x64", "0x0", "64", "auto",
        "euler", "karras", "Euler a", "../../etc/passwd", "..\\..\\x", "%2e%2e%2f", "a\0b", "\u202e\U0001F534円", "<lora:x:1>", "<lora:demo:1>", "'; DROP TABLE jobs;--", "\"", "%", "%00", "data:image/png;base64,",
        "data:,x", "iVBORw0KGgo=", "////", "completed", "generate", "png", "jpeg",
    ];

    private static readonly string[] Jsons =
    [
        "null", "true", "0", "-1", "1e400", "1e-400", "9007199254740993", "\"\"", "[]", "{}", "[null]", "[[[]]]", "{\"a\":{}}", "\"\\ud800\"", "\"a\\u0000b\"", "[{\"name\":\"x\"}]", "[{\"data\":1}]",
        "[1,2,3]", "\"64x64\"", "\"demo\"", "2", "64", "0.5", "\"7,5\"",
    ];

    private static readonly byte[][] RawBodies =
    [
        [], "{"u8.ToArray(), "[]"u8.ToArray(), "nonsense"u8.ToArray(), [0xff, 0xfe, 0x00], [.. "{\"prompt\":\""u8, 0xc3, 0x28, .. "\"}"u8],
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[", 200))), "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na"u8.ToArray(),
        "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"x.png\"\r\n\r\nno image\r\n--b--\r\n"u8.ToArray(), "prompt=a&model=demo&size=64x64"u8.ToArray(), "%ff=%00&=&&a"u8.ToArray(),
    ];

    private static readonly string?[] ContentTypes =
        ["application/json", "application/json", "application/json", "multipart/form-data; boundary=b", "multipart/form-data", "application/x-www-form-urlencoded", "text/plain", "image/png", null];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private sealed record Operation(string Id, string Method, string Path, string[] Query, string[] Fields);

    private sealed record Sent(Operation Operation, string Address, byte[]? Body, string? ContentType)
    {
        public override string ToString() => $"{Operation.Method} {Address} {ContentType} {(Body is null ? "" : Encoding.UTF8.GetString(Body))}";
    }

    [Fact]
    public async Task No_request_makes_the_server_say_that_it_is_at_fault()
    {
        await using StudioServer server = await StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:Limits:MaxSide=64", "--SdStudio:Limits:MaxPixels=4096", "--SdStudio:Limits:MaxSteps=2", "--SdStudio:Limits:MaxImages=2",
            "--SdStudio:Downloads:HubAddress=http://127.0.0.1:9", "--SdStudio:Downloads:RetryMilliseconds=1");
        (string generation, string[] images) = await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""");
        JsonElement description = (await server.GetAsync("/openapi/v1.json")).Body;
        Operation[] operations = [.. OperationsOf(description).Where(operation => !LeftOut.Contains(operation.Id))];
        int refused = 0, taken = 0;
        HashSet<string> reached = [];

        Prop.ForAll(Cases(operations, [generation, images[0]]).ToArbitrary(), sent =>
        {
            HttpStatusCode status = Send(server, sent);
            reached.Add(sent.Operation.Id);
            _ = status >= HttpStatusCode.BadRequest ? refused++ : taken++;
            return status < HttpStatusCode.InternalServerError || NoFaults.Contains(status) ? true : throw new InvalidOperationException($"{status}: {sent}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Requests).WithQuietOnSuccess(true));

        Assert.Empty(operations.Select(operation => operation.Id).Except(reached));
        Assert.InRange(taken, Requests / 20, Requests / 2);
        Assert.InRange(refused, Requests / 4, Requests);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/api/health")).Status);
    }

    private static HttpStatusCode Send(StudioServer server, Sent sent)
    {
        using var request = new HttpRequestMessage(new HttpMethod(sent.Operation.Method), server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority) + sent.Address);
        if (sent.Body is not null)
        {
            request.Content = new ByteArrayContent(sent.Body);
            if (sent.ContentType is not null)
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(sent.ContentType);
        }

        // Streams never end: the headers tell enough.
        using HttpResponseMessage response = server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation).GetAwaiter().GetResult();
        return response.StatusCode;
    }

    private static IEnumerable<Operation> OperationsOf(JsonElement description)
    {
        foreach (JsonProperty path in description.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject())
            {
                string[] query = operation.Value.TryGetProperty("parameters", out JsonElement parameters)
                    ? [.. parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString()!)]
                    : [];
                yield return new Operation(
                    operation.Value.GetProperty("operationId").GetString()!, operation.Name.ToUpperInvariant(), path.Name, query, FieldsOf(description, operation.Value));
            }
        }
    }

    private static string[] FieldsOf(JsonElement description, JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out JsonElement body))
            return [];
        JsonElement schema = body.GetProperty("content").EnumerateObject().First().Value.GetProperty("schema");
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            schema = description.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        return schema.TryGetProperty("properties", out JsonElement properties) ? [.. properties.EnumerateObject().Select(property => property.Name)] : [];
    }

    private static Gen<Sent> Cases(Operation[] operations, string[] known)
    {
        // By turns: by chance alone, one of them would be left out now and then.
        int turn = 0;
        return from operation in Gen.Constant(0).Select(_ => operations[turn++ % operations.Length])
               from path in PathOf(operation.Path, known)
               from query in QueryOf(operation.Query)
               from body in BodyOf(operation, known)
               select new Sent(operation, path + query, body.Bytes, body.Type);
    }

    private static Gen<string> PathOf(string template, string[] known) =>
        from real in Gen.Choose(0, 1)
        from wild in Gen.Elements(Texts.Where(text => text.Length > 0).ToArray())
        from which in Gen.Elements(known)
        select System.Text.RegularExpressions.Regex.Replace(template, "\\{[^}]+\\}", Uri.EscapeDataString(real == 1 ? which : wild));

    private static Gen<string> QueryOf(string[] names) => names.Length == 0
        ? Gen.Constant("")
        : from pairs in (from name in Gen.Elements(names) from value in Gen.Elements(Texts) select $"{name}={Uri.EscapeDataString(value)}").ListOf()
          select pairs.Count == 0 ? "" : "?" + string.Join('&', pairs.Take(3));

    private static Gen<(byte[]? Bytes, string? Type)> BodyOf(Operation operation, string[] known)
    {
        if (operation.Method is "GET" or "DELETE")
            return Gen.Constant<(byte[]?, string?)>((null, null));
        Gen<(byte[]?, string?)> raw = from bytes in Gen.Elements(RawBodies) from type in Gen.Elements(ContentTypes) select ((byte[]?)bytes, type);
        if (operation.Fields.Length == 0)
            return raw;
        // So far right that it gets past the first check, and then two fields that are not.
        string right = "{\"model\":\"demo\",\"prompt\":\"a red circle\",\"size\":\"16x16\",\"width\":16,\"height\":16,\"steps\":1,\"source_image_id\":\"" + known[1] + "\"";
        Gen<(byte[]?, string?)> fields =
            from wrong in (from name in Gen.Elements(operation.Fields) from value in Gen.Elements(Jsons) select $"\"{name}\":{value}").ListOf(2)
            select ((byte[]?)Encoding.UTF8.GetBytes($"{right},{string.Join(',', wrong)}}}"), (string?)"application/json");
        Gen<(byte[]?, string?)> texts =
            from name in Gen.Elements(operation.Fields)
            from value in Gen.Elements(Texts)
            select ((byte[]?)Encoding.UTF8.GetBytes($"{right},{JsonSerializer.Serialize(name, TextJson.Default.String)}:{JsonSerializer.Serialize(value, TextJson.Default.String)}}}"), (string?)"application/json");
        return Gen.OneOf(raw, fields, fields, texts);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class TextJson : System.Text.Json.Serialization.JsonSerializerContext;
