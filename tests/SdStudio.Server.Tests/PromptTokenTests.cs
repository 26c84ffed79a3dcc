using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdCpp.Interop.Tests;

namespace SdStudio.Server.Tests;

/// <summary>Prompts counted as CLIP reads them, and what is told of it where a model reads otherwise.</summary>
public sealed class PromptTokenTests(Workshop studio)
{
    private static async Task<JsonElement> CountAsync(StudioServer server, string json, HttpStatusCode expected = HttpStatusCode.OK)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/prompts/tokens", StudioServer.Json(json));
        Assert.True(status == expected, body.ToString());
        return body;
    }

    [Fact]
    public async Task Prompts_are_counted_by_CLIPs_vocabulary_without_what_is_no_word()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions hollow = HollowSd1.Write(Path.Combine(folder, "models", "hollow"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              hollow: {name: Hollow, args: ["--model", "{{hollow.ModelPath}}", "--taesd", "{{hollow.TaesdPath}}"]}
              demo: {name: Demo, args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]}
            """, TestContext.Current.CancellationToken);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        // As OpenAI's own tokenizer counts: words, parts of words, digits one by one, letters of other scripts by their bytes.
        foreach ((string prompt, int tokens) in new[]
                 {
                     ("", 0), ("hello world!", 3), ("HELLO", 1), ("magnificently", 2), ("abc123", 4), ("let's see here", 4), ("a red circle on a blue background", 7), ("  a   cat  ", 2),
                     ("a (red:1.2) circle", 3), ("a ((red)) [circle]", 3), (@"a \(red\) circle", 5), ("a cat <lora:ink:0.8> <ref:alice>", 2), ("日本語", 4), ("🐱", 1),
                 })
        {
            JsonElement answer = await CountAsync(server, $$"""{"model":"hollow","prompt":"{{JsonEncodedText.Encode(prompt)}}"}""");
            Assert.True(answer.GetProperty("tokens").GetInt32() == tokens, $"{prompt}: {answer}");
            Assert.Equal((true, 75), (answer.GetProperty("exact").GetBoolean(), answer.GetProperty("at_once").GetInt32()));
        }

        // Another vocabulary, without that bound: about as many.
        foreach (string model in new[] { ",\"model\":\"demo\"", "" })
        {
            JsonElement other = await CountAsync(server, $$"""{"prompt":"a red circle"{{model}}}""");
            Assert.Equal((3, false, JsonValueKind.Null), (other.GetProperty("tokens").GetInt32(), other.GetProperty("exact").GetBoolean(), other.GetProperty("at_once").ValueKind));
        }

        await server.SendAsync(HttpMethod.Put, "/api/styles/oil", StudioServer.Json("""{"prompt":"an oil painting of {prompt}"}"""));
        Assert.Equal(6, (await CountAsync(server, """{"prompt":"a cat","styles":["oil"]}""")).GetProperty("tokens").GetInt32());
        Assert.Contains("model is 'nothing'", (await CountAsync(server, """{"prompt":"a","model":"nothing"}""", HttpStatusCode.BadRequest)).GetProperty("error").GetString(), StringComparison.Ordinal);
        // Longer than a prompt may be, it is still told how long it is; without end it is refused.
        Assert.Equal(10_000, (await CountAsync(server, $$"""{"prompt":"{{string.Concat(Enumerable.Repeat("a ", 10_000))}}"}""")).GetProperty("tokens").GetInt32());
        await CountAsync(server, $$"""{"prompt":"{{new string('(', 200_000)}}"}""", HttpStatusCode.BadRequest);
    }
}
