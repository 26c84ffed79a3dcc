using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>What a language model does for prompts, with a stand-in that speaks OpenAI's chat completions.</summary>
public sealed class AssistantTests(Workshop studio)
{
    private Task<StudioServer> ServerAsync(StandInAssistant language, params string[] more) => StudioServer.StartAsync(
        studio.NewDataFolder(), [$"--SdStudio:Assistant:Endpoint={language.Address}", "--SdStudio:Assistant:Model=small", "--SdStudio:Assistant:ApiKey=secret", .. more]);

    private static Task<(HttpStatusCode Status, JsonElement Body)> ExpandAsync(StudioServer server, string json = """{"prompt":"a cat","seed":5}""") =>
        server.SendAsync(HttpMethod.Post, "/api/prompts/expand", StudioServer.Json(json));

    [Fact]
    public async Task A_short_prompt_becomes_a_longer_one()
    {
        await using StandInAssistant language = await StandInAssistant.StartAsync();
        language.Answer = StandInAssistant.Saying("<think>A cat. What light?</think>\n\"A tabby cat on a sunlit pier, golden hour\"");
        await using StudioServer server = await ServerAsync(language);
        (HttpStatusCode status, JsonElement body) = await ExpandAsync(server);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal(("A tabby cat on a sunlit pier, golden hour", "a cat"), (body.GetProperty("prompt").GetString(), body.GetProperty("original").GetString()));
        Assert.Equal(("small", 5, "Bearer secret"), (language.Asked.GetProperty("model").GetString(), language.Asked.GetProperty("seed").GetInt32(), language.Key));
        Assert.Equal(["system", "user"], language.Asked.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Assert.Equal("a cat", language.Asked.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await ExpandAsync(server, """{"prompt":""}""")).Status);
        // However much it says, it is a prompt that can be used.
        language.Answer = StandInAssistant.Saying(new string('ä', 20_000));
        Assert.Equal(4000, (await ExpandAsync(server)).Body.GetProperty("prompt").GetString()!.Length);
    }

    [Fact]
    public async Task An_image_becomes_a_prompt_as_Automatic1111s_clients_ask_for_it()
    {
        await using StandInAssistant language = await StandInAssistant.StartAsync();
        language.Answer = StandInAssistant.Saying("a red and white flag");
        await using StudioServer server = await ServerAsync(language);
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/interrogate", StudioServer.Json($$"""{"image":"data:image/png;base64,{{Convert.ToBase64String(SampleImages.Good("png"))}}","model":"clip"}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal("a red and white flag", body.GetProperty("caption").GetString());
        JsonElement content = language.Asked.GetProperty("messages")[0].GetProperty("content");
        string sent = content[1].GetProperty("image_url").GetProperty("url").GetString()!;
        Assert.StartsWith("data:image/jpeg;base64,", sent, StringComparison.Ordinal);
        using NetVips.Image image = NetVips.Image.NewFromBuffer(Convert.FromBase64String(sent[sent.IndexOf(',', StringComparison.Ordinal)..][1..]));
        Assert.Equal((64, 32), (image.Width, image.Height));
        Assert.True((await server.SendAsync(HttpMethod.Post, "/sdapi/v1/interrogate", StudioServer.Json("""{"model":"clip"}"""))).Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Without_a_language_server_the_setting_is_named()
    {
        (HttpStatusCode status, JsonElement body) = await ExpandAsync(studio.Server);
        Assert.Equal(HttpStatusCode.NotImplemented, status);
        Assert.Contains("SdStudio:Assistant:Endpoint", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        (status, body) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/interrogate", StudioServer.Json("{}"));
        Assert.Equal(HttpStatusCode.NotImplemented, status);
        Assert.Contains("SdStudio:Assistant:Endpoint", body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_language_server_that_fails_is_said_in_a_sentence()
    {
        await using StandInAssistant language = await StandInAssistant.StartAsync();
        await using StudioServer server = await ServerAsync(language, "--SdStudio:Assistant:TimeoutSeconds=1");
        foreach ((int status, string answer, string words) in new[]
        {
            (401, "{}", "answered 401; are SdStudio:Assistant:Model and ApiKey right?"), (200, "<html>", "does not answer as OpenAI's chat completions do"), (200, """{"choices":[]}""", "does not answer as"),
            (200, """{"choices":[{"message":{"content":" "}}]}""", "answered without words"), (200, StandInAssistant.Saying("x") + new string(' ', 2 << 20), "cannot be reached"),
        })
        {
            (language.Status, language.Answer) = (status, answer);
            (HttpStatusCode refused, JsonElement body) = await ExpandAsync(server);
            Assert.Equal(HttpStatusCode.BadGateway, refused);
            Assert.Contains(words, body.GetProperty("error").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain("secret", body.ToString(), StringComparison.Ordinal);
        }

        language.IsSilent = true;
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await ExpandAsync(server)).Status);
    }
}
