using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SdCpp.Interop;
using SdCpp.Interop.Tests;
using SdStudio.Server.Tests;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What guides an image besides words, with real models of the families that have it: ControlNets, likenesses; and what is counted and expected of models.</summary>
public sealed partial class PageGuidesTests(Browser browser) : PageTest(browser)
{
    private protected override async Task PrepareAsync()
    {
        string models = Directory.CreateDirectory(Path.Combine(Data, "models")).FullName;
        string decoder = DemoModel.Write(models, Cancellation).Taesd;
        DiffusionModelOptions hollow = HollowSd1.Write(Path.Combine(models, "hollow"), decoder), tiny = TinyFlux.Write(Path.Combine(models, "tiny"), decoder);
        Directory.CreateDirectory(Path.Combine(Data, "controlnets"));
        HollowSd1.WriteControlNet(Path.Combine(Data, "controlnets", "edges.safetensors"), seed: 4);
        string identities = Directory.CreateDirectory(Path.Combine(Data, "identities")).FullName;
        TinyFlux.WritePulid(Path.Combine(identities, "pulid.safetensors"));
        TinyFlux.WritePerson(Path.Combine(identities, "alice.gguf"), 1, 32, 2048);
        // No more than the names that tell what they are.
        TestLora.WriteAll(Path.Combine(identities, "plus.safetensors"), new Dictionary<string, string>(), ("image_proj.proj.weight", [1, 1], 1), ("ip_adapter.1.to_k_ip.weight", [1, 1], 1));
        TestLora.WriteAll(Path.Combine(identities, "eyes.safetensors"), new Dictionary<string, string>(), ("vision_model.x.weight", [1, 1], 1));
        await File.WriteAllTextAsync(
            Path.Combine(Data, "models.yml"),
            $$"""
            default_model: demo
            models:
              demo: {name: Demo, capabilities: ["text-to-image", "image-to-image"], default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 2}, args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]}
              hollow: {name: Hollow, step_work: 2.6, capabilities: ["text-to-image", "image-to-image"], default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 1}, args: ["--model", "{{hollow.ModelPath}}", "--taesd", "{{hollow.TaesdPath}}"]}
              flux: {name: Flux, capabilities: ["text-to-image"], default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 2}, args: ["--diffusion-model", "{{tiny.DiffusionModelPath}}", "--clip_l", "{{tiny.ClipLPath}}", "--taesd", "{{tiny.TaesdPath}}"]}
            controlnets:
              scribble: {name: Scribble, description: "Follows a generating", model_path: "controlnets/scribble.safetensors", license: "OpenRAIL", huggingface: {repo: someone/nets, files: [ { path: scribble.safetensors, dest: "controlnets/", bytes: 723000000 } ] } }
            """, Cancellation);
    }

    private static FilePayload Half()
    {
        using NetVips.Image black = NetVips.Image.Black(64, 64, bands: 3);
        using NetVips.Image white = black.Linear([0, 0, 0], [255, 255, 255]).ExtractArea(0, 0, 32, 64);
        using NetVips.Image half = black.Insert(white, 0, 0).Cast(NetVips.Enums.BandFormat.Uchar);
        return new FilePayload { Name = "half.png", MimeType = "image/png", Buffer = half.PngsaveBuffer() };
    }

    private ILocator Card(string id) => Page.Locator($"#models li.card[data-id='{id}']");

    [Fact]
    public async Task A_control_net_shows_what_it_follows_and_changes_the_image()
    {
        await OpenAsync();
        // The engine has none for the demo's family.
        await Expect(Page.Locator("[data-name=control]")).ToHaveCountAsync(0);
        await GoAsync("models");
        await Expect(Card("scribble")).ToContainTextAsync("Not downloaded · about 723 MB");
        await Expect(Card("edges")).ToContainTextAsync("Ready");
        await Card("hollow").GetByRole(AriaRole.Button, new() { Name = "Use" }).ClickAsync();
        await Field("prompt").FillAsync("a red circle on a blue background");
        // Of the vocabulary that this family reads by, 75 at once.
        await Expect(Page.Locator("#tokens")).ToHaveTextAsync("7 of 75 tokens");
        await Field("prompt").FillAsync(string.Join(' ', Enumerable.Repeat("a red circle", 26)));
        await Expect(Page.Locator("#tokens")).ToHaveTextAsync("78 of 150 tokens");
        await Field("prompt").FillAsync("a house");
        await Field("seed").FillAsync("7");
        await GenerateAsync();
        byte[] without = await ResultAsync("a house");

        await Page.Locator("[name=control_model]").SelectOptionAsync("edges");
        await Page.GetByLabel("Choose the image to follow").SetInputFilesAsync(Half());
        await Expect(Button("Show what it follows")).ToHaveCountAsync(0);
        await Page.Locator("[name=control_preprocessor]").SelectOptionAsync("canny");
        await Button("Show what it follows").ClickAsync();
        ILocator seen = Page.Locator("img.detected");
        await Expect(seen).ToBeVisibleAsync();
        Assert.True(await WhiteAsync(seen) > 0);
        // Another threshold is another sight; with the weakest edges at the strongest it finds none.
        await Page.Locator("[name=control_low]").FillAsync("1");
        await Page.Locator("[name=control_high]").FillAsync("1");
        await Button("Show what it follows").ClickAsync();
        await Expect(seen).ToBeVisibleAsync();
        await Page.Locator("[name=control_preprocessor]").SelectOptionAsync("invert");
        await Page.Locator("[name=control_weight]").FillAsync("1.5");
        string job = await GenerateAsync();
        byte[] followed = await ResultAsync("a house");
        Assert.NotEqual(Pixels(without), Pixels(followed));
        string infotext = (await GetAsync($"/api/images/{await FirstImageAsync(job)}/parameters")).GetProperty("infotext").GetString()!;
        Assert.Contains("Module: invert, Model: edges, Weight: 1.5", infotext, StringComparison.Ordinal);
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_likeness_is_asked_for_with_the_people_and_images_that_its_kind_takes()
    {
        await OpenAsync();
        await Expect(Page.Locator("[data-name=identity]")).ToHaveCountAsync(0);
        await GoAsync("models");
        await Page.Locator("[name=person]").FillAsync("bob");
        await Page.GetByLabel("Choose images").SetInputFilesAsync(Half());
        await Expect(Page.Locator("li.card[data-id=bob]")).ToBeVisibleAsync();
        await GoAsync("create");
        await Field("model").SelectOptionAsync("flux");
        await Field("prompt").FillAsync("a hat");
        await Expect(Page.Locator("#tokens")).ToHaveTextAsync("about 2 tokens");
        string words = await Field("prompt").InputValueAsync();
        await Field("prompt").FillAsync("cat");
        await Expect(Page.Locator("#tokens")).ToHaveTextAsync("about 1 token");
        await Field("prompt").FillAsync(words);
        await Page.Locator("[name=identity_model]").SelectOptionAsync("pulid");
        await Generate.ClickAsync();
        await Expect(Page.Locator("[data-name=identity] .problem")).ToContainTextAsync("Choose images or a person");
        Assert.Equal(["", "alice"], await Page.Locator("[name=identity_who] option").EvaluateAllAsync<string[]>("all => all.map(option => option.value)"));
        await Page.Locator("[name=identity_who]").SelectOptionAsync("alice");
        await Page.Locator("[name=identity_strength]").FillAsync("0.5");
        string job = await GenerateAsync();
        await ResultAsync("a hat");
        string infotext = (await GetAsync($"/api/images/{await FirstImageAsync(job)}/parameters")).GetProperty("infotext").GetString()!;
        Assert.Contains("Model: pulid, Strength: 0.5, Embedding: alice", infotext, StringComparison.Ordinal);

        // An IP-Adapter looks at one image: an own one, or those of somebody who is kept.
        await Field("model").SelectOptionAsync("hollow");
        await Page.Locator("[name=identity_model]").SelectOptionAsync("plus");
        Assert.Equal(["", "bob"], await Page.Locator("[name=identity_who] option").EvaluateAllAsync<string[]>("all => all.map(option => option.value)"));
        await Page.Locator("[data-name=identity] input[type=file]").SetInputFilesAsync(Half());
        await Expect(Page.Locator("[data-name=identity] input[type=file]")).ToHaveCountAsync(0);
        JsonElement sent = await SentAsync();
        Assert.Equal(("plus", 1), (sent.GetProperty("model").GetString(), sent.GetProperty("images").GetArrayLength()));
        await Page.Locator("[name=identity_who]").SelectOptionAsync("bob");
        sent = await SentAsync();
        Assert.Equal("bob", sent.GetProperty("person").GetString());
        Assert.False(sent.TryGetProperty("images", out _));
    }

    [Fact]
    public async Task Cards_tell_the_time_of_an_image_and_show_the_best_that_was_made()
    {
        await PostAsync("/api/generate", """{"model":"demo","prompt":"a red circle","size":"64x64","steps":2}""");
        await OpenAsync();
        await GoAsync("models");
        await Expect(Card("demo").Locator("img.cover")).ToHaveJSPropertyAsync("complete", true);
        await Expect(Card("demo")).ToContainTextAsync(Measured());
        await Expect(Card("hollow").Locator("img.cover")).ToHaveCountAsync(0);
        // Its own figure comes with its first image; before that, its arithmetic and the processor tell.
        string backend = (await GetAsync("/api/health")).GetProperty("backend").GetString()!;
        await Expect(Card("hollow")).ToContainTextAsync(backend == "cpu" ? Estimated() : Unknown());
        await Expect(Card("flux")).ToContainTextAsync("Time per image: known after the first one");
        await PostAsync("/api/generate", """{"model":"hollow","prompt":"a red circle","size":"64x64","steps":1}""");
        await Expect(Card("hollow")).ToContainTextAsync(Measured());
        await Expect(Card("hollow")).Not.ToContainTextAsync("estimated");
        await Page.ReloadAsync();
        await Expect(Card("hollow").Locator("img.cover")).ToBeVisibleAsync();
    }

    private async Task<JsonElement> SentAsync()
    {
        IRequest request = await Page.RunAndWaitForRequestAsync(() => Generate.ClickAsync(), one => one.Url.EndsWith("/api/queue/generate", StringComparison.Ordinal) && one.Method == "POST");
        Match found = SentIdentity().Match(System.Text.Encoding.Latin1.GetString(request.PostDataBuffer ?? []));
        using JsonDocument sent = JsonDocument.Parse(found.Groups["json"].Value);
        IResponse answer = (await request.ResponseAsync())!;
        Assert.True(answer.Ok, await answer.TextAsync());
        await Expect(Generate).ToBeEnabledAsync();
        return sent.RootElement.Clone();
    }

    private async Task<string> FirstImageAsync(string job) => (await GetAsync($"/api/generations/{job}")).GetProperty("images")[0].GetProperty("id").GetString()!;

    private static Task<double> WhiteAsync(ILocator image) => image.EvaluateAsync<double>(
        """
        async image => {
          await image.decode();
          const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          return context.getImageData(0, 0, canvas.width, canvas.height).data.filter((value, index) => index % 4 === 0 && value > 128).length;
        }
        """);

    private static string Pixels(byte[] png)
    {
        using NetVips.Image image = NetVips.Image.NewFromBuffer(png);
        return Convert.ToHexString(image.WriteToMemory<byte>());
    }

    [GeneratedRegex("name=\"identity\"\\r\\n\\r\\n(?<json>\\{.*\\})\\r\\n", RegexOptions.ExplicitCapture)]
    private static partial Regex SentIdentity();

    [GeneratedRegex("[0-9] (s|min|h) per image")]
    private static partial Regex Measured();

    [GeneratedRegex("about [0-9.,]+ (s|min|h) per image · estimated for this machine")]
    private static partial Regex Estimated();

    [GeneratedRegex("Time per image: known after the first one")]
    private static partial Regex Unknown();
}
