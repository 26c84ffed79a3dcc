using System.Security.Cryptography;
using Microsoft.Playwright;
using SdStudio.Server.Tests;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Models, logs and the key on the page.</summary>
public sealed class PageModelsTests(Browser browser) : PageTest(browser)
{
    private const string Catalogue =
        """
        models:
          far:
            name: "Far"
            args: ["--model", "models/far.gguf"]
            huggingface: { repo: "someone/far", files: [{ path: "far.gguf", dest: "models/" }] }
          edits:
            name: "Edits"
            capabilities: ["imgedit"]
            supports_negative_prompt: true
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            default_size: "512x768"
          words:
            name: "Words"
            capabilities: ["text-to-image"]
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
        """;

    private StandInHub _hub = null!;

    private protected override (string Name, string Value)[] Settings =>
    [
        ("SdStudio__Downloads__HubAddress", _hub.Address), ("SdStudio__Downloads__PartMiB", "1"), ("SdStudio__Downloads__Connections", "1"),
        ("SdStudio__Security__ApiKey", "open sesame"),
    ];

    private protected override async Task PrepareAsync()
    {
        _hub = await StandInHub.StartAsync(("someone/far/far.gguf", RandomNumberGenerator.GetBytes(6 << 20)));
        File.Copy(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Models", "Catalogue", "models.yml"), Path.Combine(Data, "models.yml"));
        await File.WriteAllTextAsync(Path.Combine(Data, "more.yml"), Catalogue, Cancellation);
        Directory.CreateDirectory(Path.Combine(Data, "loras"));
        // Of a matrix that the demo model has, and of one that it has not.
        TestLora.Write(Path.Combine(Data, "loras", "watercolour.safetensors"), new Dictionary<string, string> { ["modelspec.trigger_phrase"] = "aquarelle", ["modelspec.title"] = "Watercolour" });
        TestLora.WriteAll(
            Path.Combine(Data, "loras", "foreign.safetensors"), new Dictionary<string, string>(),
            ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight", [640, 1], 1), ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight", [1, 2048], 1));
    }

    private protected override async Task LeaveAsync() => await _hub.DisposeAsync();

    private ILocator Card(string name) => Page.Locator("#models li.card", new() { Has = Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }) });

    [Fact]
    public async Task With_a_key_models_are_offered_for_what_they_can_are_started_pinned_stopped_and_fetched()
    {
        List<string> addresses = [];
        Page.Request += (_, request) => addresses.Add(request.Url);
        await LetInAsync();
        await OnlyWhatTheModelCanIsOfferedAsync();
        await StartAndStopAsync();
        await FetchAsync();
        await LogsTellAsync();
        // The key is where no script, no history and no log of a proxy has it.
        Assert.DoesNotContain(addresses, address => address.Contains("sesame", StringComparison.Ordinal));
        Assert.DoesNotContain("sesame", await Page.EvaluateAsync<string>("JSON.stringify(localStorage) + document.cookie"), StringComparison.Ordinal);
        await Page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).ClickAsync();
        // A button is as wide as its words, not as the page.
        Assert.InRange((await Button("Sign out").BoundingBoxAsync())!.Width, 40, 200);
        await Button("Sign out").ClickAsync();
        await Expect(Page.Locator("#api-key")).ToBeVisibleAsync();
        // The wrong key was refused; nothing else was.
        Assert.All(Complaints, complaint => Assert.Contains("401", complaint, StringComparison.Ordinal));
    }

    private async Task LetInAsync()
    {
        await Page.GotoAsync("/");
        await Page.Locator("#api-key").FillAsync("swordfish");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.GetByText("The server does not accept this key.")).ToBeVisibleAsync();
        await Page.Locator("#api-key").FillAsync("open sesame");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Field("model")).ToBeVisibleAsync();
        await Expect(Page.Locator("#key")).ToBeHiddenAsync();
    }

    private async Task OnlyWhatTheModelCanIsOfferedAsync()
    {
        ILocator images = Page.Locator("#settings fieldset", new() { HasText = "Start from an image" });
        await Field("model").SelectOptionAsync("words");
        await Expect(images).ToBeHiddenAsync();
        await Expect(Field("negative_prompt")).ToBeHiddenAsync();
        await Field("model").SelectOptionAsync("edits");
        await Expect(images).ToBeVisibleAsync();
        await Expect(Field("negative_prompt")).ToBeVisibleAsync();
        await Expect(Field("width")).ToHaveValueAsync("512");
        await Expect(Field("height")).ToHaveValueAsync("768");
        await Expect(Page.GetByText("Edits edits images: choose one to start from.")).ToBeVisibleAsync();
        await Expect(Generate).ToBeDisabledAsync();
        // What fits nothing in the model is not offered.
        await Expect(Page.GetByLabel("Add a LoRA").Locator("option")).ToHaveTextAsync(["Add a LoRA…", "Watercolour (watercolour)"]);
        await Page.GetByLabel("Add a LoRA").SelectOptionAsync("watercolour");
        // A trigger word goes into the prompt once.
        await Field("prompt").FillAsync("a house,");
        await Button("aquarelle").ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync("a house, aquarelle");
        await Expect(Button("aquarelle")).ToBeDisabledAsync();
        await Page.GetByLabel("Weight of watercolour", new() { Exact = true }).FillAsync("0.6");
        await Expect(Page.GetByLabel("Weight of watercolour, as a number")).ToHaveValueAsync("0.6");
        await Button("Remove watercolour").ClickAsync();
        await Expect(Page.Locator(".lora")).ToHaveCountAsync(0);
        await Field("model").SelectOptionAsync("far");
        await Expect(Page.GetByText("Far cannot generate yet")).ToBeVisibleAsync();
        await Expect(Generate).ToBeDisabledAsync();
    }

    private async Task StartAndStopAsync()
    {
        await GoAsync("models");
        await Expect(Page.GetByText("No model is in memory.")).ToBeVisibleAsync();
        // As the catalogue says: 3,864,250,304 + 2,497,281,120 + 335,304,388 bytes.
        await Expect(Card("Z-Image Turbo").Locator(".state")).ToHaveTextAsync("Not downloaded · about 6.7 GB");
        await Card("Demo").GetByRole(AriaRole.Button, new() { Name = "Load", Exact = true }).ClickAsync();
        await Expect(Card("Demo").Locator(".state")).ToHaveTextAsync("In memory", new() { Timeout = 90_000 });
        await Expect(Page.GetByRole(AriaRole.Meter)).ToHaveAttributeAsync("aria-valuetext", new System.Text.RegularExpressions.Regex("^[1-9][0-9]* MiB of "));
        await Card("Demo").GetByRole(AriaRole.Button, new() { Name = "Load and keep in memory" }).ClickAsync();
        await Expect(Card("Demo").Locator(".state")).ToHaveTextAsync("In memory · pinned");
        await Card("Demo").GetByRole(AriaRole.Button, new() { Name = "Unload" }).ClickAsync();
        await Expect(Card("Demo").Locator(".state")).ToHaveTextAsync("Ready");
    }

    private async Task FetchAsync()
    {
        _hub.HoldAfter = 3;
        await Card("Far").GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync();
        await Expect(Card("Far")).ToContainTextAsync(new System.Text.RegularExpressions.Regex("3 MB of 6 MB · .*/s · about .* left"), new() { Timeout = 90_000 });
        // Whoever comes later sees it too.
        await Page.ReloadAsync();
        await Expect(Card("Far").GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Card("Far").GetByRole(AriaRole.Button, new() { Name = "Stop the download" }).ClickAsync();
        await Expect(Card("Far").Locator(".state")).ToHaveTextAsync("Not downloaded");
        _hub.Held?.SetResult();
        _hub.Held = null;
        _hub.Files["someone/far/far.gguf"] = await File.ReadAllBytesAsync(Path.Combine(Data, "models", "demo-taesd.gguf"), Cancellation);
        await Card("Far").GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync();
        await Expect(Card("Far").Locator(".state")).ToHaveTextAsync("Ready", new() { Timeout = 90_000 });
        await Card("Far").GetByText("1 file").ClickAsync();
        await Expect(Card("Far").Locator("code")).ToHaveTextAsync("models/far.gguf");
    }

    private async Task LogsTellAsync()
    {
        await Page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).ClickAsync();
        await Page.GetByRole(AriaRole.Link, new() { Name = "Logs" }).ClickAsync();
        await Expect(Page.GetByLabel("Server and engine")).ToContainTextAsync("stable-diffusion.cpp");
        await Expect(Page.GetByLabel("Server and engine")).ToContainTextAsync("CPU");
        await Expect(Page.Locator(".line.info").First).ToBeVisibleAsync();
        await Page.GetByLabel("Level").SelectOptionAsync("error");
        await Expect(Page.Locator(".line.info")).ToHaveCountAsync(0);
    }
}
