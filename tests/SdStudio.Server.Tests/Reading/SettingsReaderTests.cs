using System.Diagnostics;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Generation.Reading;

namespace SdStudio.Server.Tests.Reading;

/// <summary>The settings of other programs, in the forms that they write.</summary>
public sealed class SettingsReaderTests
{
    private static readonly ParameterLimits Limits = new(2048, 4_000_000, 150, 10, 8000) { Samplers = SamplerNames.KnownSamplers, Schedulers = SamplerNames.KnownSchedulers };

    public static TheoryData<string, string, string, string> Forms => new()
    {
        { FoundSettings.Automatic1111, "parameters", ForeignSettings.Automatic1111(), "" },
        { FoundSettings.Automatic1111, "parameters", ForeignSettings.OldAutomatic1111(), "ENSD" },
        { FoundSettings.Civitai, "parameters", ForeignSettings.Automatic1111(""", Civitai resources: [{"type":"checkpoint","modelVersionId":1}]"""), "Civitai resources" },
        { FoundSettings.ComfyUi, "prompt", ForeignSettings.Comfy(), "FaceDetailer" },
        { FoundSettings.ComfyUi, "prompt", ForeignSettings.ComfyCustom(), "" },
        { FoundSettings.InvokeAi, "invokeai_metadata", ForeignSettings.Invoke(), "cfg_rescale_multiplier" },
        { FoundSettings.SwarmUi, "parameters", ForeignSettings.Swarm(), "images aspectratio" },
        { FoundSettings.Fooocus, "parameters", ForeignSettings.Fooocus(), "adm_guidance performance sharpness styles vae" },
        { FoundSettings.NovelAi, "Comment", ForeignSettings.Novel(), "uncond_scale n_samples" },
        { FoundSettings.Civitai, "parameters", ForeignSettings.CivitaiComfy(), "workflowId" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Each_form_is_the_same_request(string program, string keyword, string text, string ignoredNames)
    {
        var texts = new Dictionary<string, string> { [keyword] = text };
        if (program == FoundSettings.NovelAi)
            (texts["Software"], texts["Description"], texts["Source"]) = ("NovelAI", ForeignSettings.Prompt, "some model");
        FoundSettings found = SettingsReader.Read(texts)!;
        (JsonObject request, IReadOnlyList<string> ignored) = SettingsReader.ToRequest(found, Limits);

        Assert.Equal(program, found.Program);
        bool isCustom = text == ForeignSettings.ComfyCustom();
        JsonObject expected = ForeignSettings.Request(withNegative: !isCustom);
        if (isCustom)
        {
            expected.Remove("cfg_scale");
            expected["guidance"] = 3.5;
        }

        bool hasLora = program is FoundSettings.ComfyUi or FoundSettings.InvokeAi or FoundSettings.SwarmUi or FoundSettings.Fooocus && !isCustom;
        expected["prompt"] = ForeignSettings.Prompt + (hasLora ? " <lora:soft:0.5>" : "");
        if (isCustom)
            expected.Remove("negative_prompt");
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(request.ToJsonString())), $"{expected.ToJsonString()}\n{request.ToJsonString()}");
        Assert.Equal(ignoredNames.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), (ignoredNames.StartsWith("Civitai r", StringComparison.Ordinal) ? ignored.SelectMany(name => name.Split(' ')) : ignored).Order());
        if (program != FoundSettings.Civitai || keyword != "parameters" || text[0] != '{')
            Assert.Equal("some model", found.Values["Model"]);
        // The same without a file around it.
        if (program != FoundSettings.NovelAi)
            Assert.Equal(request.ToJsonString(), SettingsReader.ToRequest(SettingsReader.Read(text, takesWords: true)!, Limits).Request.ToJsonString());
    }

    [Fact]
    public void A_second_pass_has_the_strength()
    {
        FoundSettings found = SettingsReader.Read("a\nSteps: 20, Seed: 1, Size: 64x64, Denoising strength: 0.4, Hires upscale: 2, Hires steps: 5, Hires upscaler: Latent", takesWords: true)!;

        JsonObject request = SettingsReader.ToRequest(found, Limits).Request;

        Assert.Equal("""{"prompt":"a","steps":20,"seed":1,"size":"64x64","hires_scale":2,"hires_strength":0.4,"hires_upscaler":"Latent","hires_steps":5}""", request.ToJsonString());
    }

    [Fact]
    public void What_a_second_pass_has_of_its_own_is_read()
    {
        FoundSettings found = SettingsReader.Read(
            "a\nSteps: 20, Size: 64x64, Hires resize: 128x128, Hires checkpoint: other [0a1b2c3d4e], Hires prompt: \"b, c\", Hires sampler: Euler a, Hires CFG Scale: 500", takesWords: true)!;

        (JsonObject request, IReadOnlyList<string> ignored) = SettingsReader.ToRequest(found, Limits);

        Assert.Equal(
            """{"prompt":"a","steps":20,"size":"64x64","hires_width":128,"hires_height":128,"hires_model":"other [0a1b2c3d4e]","hires_prompt":"b, c","hires_sampler":"euler_a"}""", request.ToJsonString());
        Assert.Equal(["Hires CFG Scale"], ignored);
    }

    [Fact]
    public void Words_alone_are_a_prompt_only_where_somebody_says_so()
    {
        Assert.Null(SettingsReader.Read("a red circle", takesWords: false));
        Assert.Equal("a red circle", SettingsReader.Read("a red circle", takesWords: true)!.Values["Prompt"]);
        Assert.Null(SettingsReader.Read("{\"a\":1}", takesWords: true));
        Assert.Null(SettingsReader.Read(" ", takesWords: true));
        Assert.Null(SettingsReader.Read(new Dictionary<string, string> { ["Comment"] = "a photo of my cat" }));
    }

    [Property(MaxTest = 10_000)]
    public void Ten_thousand_damaged_texts_are_read_or_not_and_never_throw(int seed, NonNull<string> inserted)
    {
        var random = new Random(seed);
        string[] forms = [.. Forms.Select(row => row.Data.Item3)];
        string text = forms[random.Next(forms.Length)];
        for (int change = random.Next(4); change >= 0; change--)
        {
            int at = random.Next(text.Length), length = Math.Min(random.Next(30), text.Length - at);
            text = random.Next(4) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, inserted.Get),
                2 => text.Insert(at, text[at..(at + length)]),
                _ => string.Concat(text.AsSpan(0, at), [(char)random.Next(1, 0x10000)], text.AsSpan(Math.Min(text.Length, at + 1))),
            };
            if (text.Length == 0)
                text = inserted.Get + " ";
        }

        if (SettingsReader.Read(text, takesWords: true) is { } found)
            SettingsReader.ToRequest(found, Limits).Request.ToJsonString();
    }

    [Theory]
    [InlineData("{\"a\":[", "]}")]
    [InlineData("{\"1\":{\"class_type\":\"KSampler\",\"inputs\":{\"model\":[\"1\",0],\"positive\":[\"1\",0],\"text\":[\"1\",0]}}}", "")]
    [InlineData("{\"prompt\":", "")]
    public void A_graph_that_leads_to_itself_or_a_deep_one_ends_at_once(string piece, string end)
    {
        string text = end.Length > 0 ? string.Concat(Enumerable.Repeat(piece, 100_000)) + string.Concat(Enumerable.Repeat(end, 100_000)) : piece;
        long start = Stopwatch.GetTimestamp();
        SettingsReader.Read(text, takesWords: true);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 2);
    }

    [Fact]
    public void A_large_graph_takes_linear_time()
    {
        var graph = new JsonObject { ["0"] = JsonNode.Parse("""{"class_type":"KSampler","inputs":{"positive":["1",0],"negative":["1",0],"model":["1",0],"latent_image":["1",0]}}""") };
        for (int index = 1; index < 5000; index++)
            graph[$"{index}"] = JsonNode.Parse($$$"""{"class_type":"Reroute","inputs":{"conditioning":["{{{index + 1}}}",0],"model":["{{{index + 1}}}",0],"positive":["{{{index + 1}}}",0]}}""");
        string text = graph.ToJsonString();
        long start = Stopwatch.GetTimestamp();

        Assert.NotNull(SettingsReader.Read(text, takesWords: true));

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 2);
    }
}
