using System.Diagnostics;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Generation.Reading;

namespace SdStudio.Server.Tests;

public sealed class InfotextTests
{
    private static readonly ParameterLimits Limits = new(2048, 4_000_000, 150, 10, 8000) { Samplers = SamplerNames.KnownSamplers, Schedulers = SamplerNames.KnownSchedulers };

    private static readonly GenerationSettings Settings = new()
    {
        Type = JobType.Generate, Model = "demo", Prompt = "a \"red\" circle, big: yes\nsecond line", NegativePrompt = "fog, rain", Width = 64, Height = 32, Seed = 7, Steps = 9,
        CfgScale = 3.5, Sampler = "euler_a", Scheduler = "karras", ClipSkip = 2, Eta = 0.5, FlowShift = 3, Guidance = 4, Tiling = true, Engine = "an engine, 1.0",
    };

    [Fact]
    public void What_is_written_is_read_back_as_the_request_that_it_was()
    {
        IReadOnlyDictionary<string, string> parsed = InfotextReader.Parse(Infotext.Of(Settings, seed: 7));
        JsonObject request = SettingsReader.ToRequest(new FoundSettings(FoundSettings.Automatic1111, "") { Values = new(parsed) }, Limits).Request;

        Assert.Equal("an engine, 1.0", Assert.Contains("Version", parsed));
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse(
                    """
                    {"prompt":"a \"red\" circle, big: yes\nsecond line","negative_prompt":"fog, rain","steps":9,"sampler":"euler_a","scheduler":"karras","cfg_scale":3.5,
                     "seed":7,"eta":0.5,"flow_shift":3,"guidance":4,"clip_skip":2,"tiling":true,"size":"64x32"}
                    """),
                request),
            request.ToJsonString());
    }

    [Fact]
    public void Lines_behind_the_settings_belong_to_neither_prompt()
    {
        IReadOnlyDictionary<string, string> parsed = InfotextReader.Parse(
            "a cat\nNegative prompt: a dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1\nTemplate: a {cat|dog}\n\nsaved by some program");

        Assert.Equal(("a cat", "a dog", "20", "1"), (parsed["Prompt"], parsed["Negative prompt"], parsed["Steps"], parsed["Seed"]));
    }

    [Fact]
    public void Quotes_and_json_keep_what_is_inside()
    {
        IReadOnlyDictionary<string, string> parsed = InfotextReader.Parse(
            """
            a cat
            Steps: 20, Seed: 5, X: "a \"q\"\nb, c: d", Civitai resources: [{"type":"checkpoint","id":1},{"name":"x, ]y\" z"}], Hashes: {"model": "ab, cd"}, Lora hashes: "one: 1, two: 2", Version: v1
            """);

        Assert.Equal("a \"q\"\nb, c: d", parsed["X"]);
        Assert.Equal("""[{"type":"checkpoint","id":1},{"name":"x, ]y\" z"}]""", parsed["Civitai resources"]);
        Assert.Equal("""{"model": "ab, cd"}""", parsed["Hashes"]);
        Assert.Equal("one: 1, two: 2", parsed["Lora hashes"]);
        Assert.Equal("v1", parsed["Version"]);
    }

    [Theory]
    [InlineData("a cat (fluffy:1.2), [a:b:0.5], colour: red", "a cat (fluffy:1.2), [a:b:0.5], colour: red", "")]
    [InlineData("a cat\r\nNegative prompt: a dog\r\nSteps: 1, Seed: 2, Size: 8x8", "a cat", "a dog")]
    [InlineData("Negative prompt: a dog\nSteps: 1, Seed: 2, Size: 8x8", "", "a dog")]
    [InlineData("Steps: 1, Seed: 2, Size: 8x8", "", "")]
    [InlineData("", "", "")]
    public void Prompts_are_what_is_left(string text, string prompt, string negative)
    {
        IReadOnlyDictionary<string, string> parsed = InfotextReader.Parse(text);

        Assert.Equal((prompt, negative), (parsed["Prompt"], parsed["Negative prompt"]));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a: ")]
    [InlineData("a: \"")]
    [InlineData("a: \"\\")]
    [InlineData("a: [")]
    [InlineData("a: {\"b\":[")]
    [InlineData("a: b, ")]
    [InlineData("Steps: 1, a: [")]
    [InlineData("\n")]
    [InlineData("a: b, c: d, e: f\n")]
    [InlineData(",")]
    [InlineData("\\\"")]
    public void A_megabyte_of_anything_is_read_in_no_time(string piece)
    {
        string text = string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length));
        InfotextReader.Parse(text[..10_000]);

        // The best of three: the machine has other things to do.
        long best = Enumerable.Range(0, 3).Min(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            InfotextReader.Parse(text);
            return (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        });

        Assert.InRange(best, 0, 250);
    }
}
