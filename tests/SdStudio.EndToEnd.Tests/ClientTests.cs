using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Images;
using OpenAI.Models;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The programs that people have, against the server as they run it.</summary>
public sealed class ClientTests(ClientServers servers) : IClassFixture<ClientServers>
{
    private const string Prompt = "a red circle on a blue background";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Scratch => Path.Combine(Path.GetTempPath(), "sdstudio-e2e-" + Guid.NewGuid().ToString("N"));

    [Fact]
    public async Task SillyTavern_finds_the_studio_and_generates_with_both_of_its_sources()
    {
        string folder = Scratch;
        try
        {
            await NodeClients.RunAsync("sillytavern.mjs", servers.Open, servers.Locked, ClientServers.Key, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public Task OpenAis_client_of_npm_generates_edits_lists_streams_and_reads_errors() =>
        NodeClients.RunAsync("openai.mjs", servers.Open, servers.Locked, ClientServers.Key);

    [Fact]
    public Task OpenAis_client_of_npm_makes_follows_fetches_lists_and_deletes_videos() =>
        NodeClients.RunAsync("videos.mjs", servers.Open);

    [Fact]
    public Task The_a1111_client_of_npm_generates_upscales_and_chooses_a_model() =>
        NodeClients.RunAsync("a1111.mjs", servers.Open, servers.Locked, ClientServers.Key);

    [Fact]
    public Task The_mcp_client_of_npm_generates_edits_upscales_searches_and_cancels() =>
        NodeClients.RunAsync("mcp.mjs", servers.Open, servers.Locked, ClientServers.Key);

    [Fact]
    public async Task OpenAis_client_of_nuget_generates_edits_lists_and_reads_errors()
    {
        OpenAIClient client = Client(servers.Locked, ClientServers.Key);
        ImageClient images = client.GetImageClient("demo");

        GeneratedImage generated = await images.GenerateImageAsync(Prompt, new ImageGenerationOptions { ResponseFormat = GeneratedImageFormat.Bytes }, Cancellation);
        Assert.True(generated.ImageBytes.ToArray() is [_, (byte)'P', (byte)'N', (byte)'G', ..]);
        GeneratedImage linked = await images.GenerateImageAsync(
            Prompt, new ImageGenerationOptions { Size = new GeneratedImageSize(64, 64), ResponseFormat = GeneratedImageFormat.Uri, Quality = GeneratedImageQuality.High }, Cancellation);
        Assert.StartsWith(servers.Locked, linked.ImageUri.ToString(), StringComparison.Ordinal);
        using var start = new MemoryStream(generated.ImageBytes.ToArray());
        GeneratedImage edited = await images.GenerateImageEditAsync(
            start, "start.png", "a green circle on a blue background", new ImageEditOptions { Size = new GeneratedImageSize(64, 64) }, Cancellation);
        Assert.True(edited.ImageBytes.ToMemory().Length > 100);
        OpenAIModelCollection models = await client.GetOpenAIModelClient().GetModelsAsync(Cancellation);
        Assert.Contains(models, model => model.Id == "demo");

        ClientResultException unknown = await Assert.ThrowsAsync<ClientResultException>(
            () => client.GetImageClient("nobody").GenerateImageAsync(Prompt, new ImageGenerationOptions(), Cancellation));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("nobody", unknown.Message, StringComparison.Ordinal);
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(servers.Locked, "wrong-key").GetOpenAIModelClient().GetModelsAsync(Cancellation));
        Assert.Equal(401, refused.Status);
    }

    [Theory]
    [InlineData("sdwebuiapi")]
    [InlineData("openwebui")]
    public async Task A_recorded_client_gets_what_it_reads(string name)
    {
        string path = Path.Combine(ServerProcess.Repository, "tests", "SdStudio.EndToEnd.Tests", "Clients", name + ".json");
        using JsonDocument recording = JsonDocument.Parse(await File.ReadAllTextAsync(path, Cancellation));
        string image = "";
        // What the other clients have left: a recording was made on a server that does nothing.
        while (await servers.Client.GetStringAsync(new Uri("/api/queue/stats", UriKind.Relative), Cancellation) is var stats && !IsIdle(stats))
            await Task.Delay(20, Cancellation);
        foreach (JsonElement step in recording.RootElement.GetProperty("steps").EnumerateArray())
        {
            string said = step.GetProperty("send").GetString()!;
            using HttpRequestMessage request = Request(step, said.Split(' '), image);
            using HttpResponseMessage response = await servers.Client.SendAsync(request, Cancellation);
            string text = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True((int)response.StatusCode == 200, $"{said}: {response.StatusCode} {text}");
            using JsonDocument answer = JsonDocument.Parse(text);
            foreach (JsonProperty read in step.GetProperty("reads").EnumerateObject())
                image = Check(said, read, answer.RootElement) ?? image;
        }
    }

    private static bool IsIdle(string stats)
    {
        JsonElement counts = JsonElement.Parse(stats);
        return counts.GetProperty("pending").GetInt64() + counts.GetProperty("processing").GetInt64() == 0;
    }

    private static OpenAIClient Client(string address, string key) =>
        new(new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(address + "/v1") });

    private static HttpRequestMessage Request(JsonElement step, string[] said, string image)
    {
        var request = new HttpRequestMessage(new HttpMethod(said[0]), said[1]);
        if (step.TryGetProperty("body", out JsonElement body))
            request.Content = new StringContent(body.GetRawText().Replace("$image", image, StringComparison.Ordinal), Encoding.UTF8, "application/json");
        if (step.TryGetProperty("form", out JsonElement fields))
        {
            var form = new MultipartFormDataContent { { new ByteArrayContent(Convert.FromBase64String(image)), step.GetProperty("file").GetString()!, "image.png" } };
            foreach (JsonProperty field in fields.EnumerateObject())
                form.Add(new StringContent(field.Value.GetString()!), field.Name);
            request.Content = form;
        }

        return request;
    }

    /// <summary>Looks at what the client reads.</summary>
    /// <returns>The image, when it is one.</returns>
    private static string? Check(string said, JsonProperty read, JsonElement answer)
    {
        JsonElement value = answer;
        foreach (string name in read.Name.Split('/', StringSplitOptions.RemoveEmptyEntries))
            value = value.ValueKind == JsonValueKind.Array ? value[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)] : value.GetProperty(name);
        string where = $"{said}, {read.Name}: {value.ToString()[..Math.Min(80, value.ToString().Length)]}";
        switch (read.Value.ToString())
        {
            case "red circle":
                Assert.True(RedCircle.IsOn(value.GetBytesFromBase64()), where);
                return value.GetString();
            case "json":
                using (JsonDocument inside = JsonDocument.Parse(value.GetString()!))
                    Assert.True(inside.RootElement.GetProperty("infotexts").GetArrayLength() > 0, where);
                return null;
            case "any":
                return null;
            case "text":
                Assert.True(value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0, where);
                return null;
            case "number":
                Assert.True(value.ValueKind == JsonValueKind.Number, where);
                return null;
            case "list" when value.ValueKind != JsonValueKind.String:
                Assert.True(value.ValueKind == JsonValueKind.Array, where);
                return null;
            case "object":
                Assert.True(value.ValueKind == JsonValueKind.Object, where);
                return null;
            default:
                Assert.True(read.Value.ToString() == value.ToString() && read.Value.ValueKind == value.ValueKind, where);
                return null;
        }
    }
}
