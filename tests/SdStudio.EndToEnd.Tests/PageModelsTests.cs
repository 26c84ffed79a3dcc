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
        File.Copy(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Models", "models.yml"), Path.Combine(Data, "models.yml"));
        await File.WriteAllTextAsync(Path.Combine(Data, "more.yml"), Catalogue, Cancellation);
        // A LoRA by its name is all that the page needs of it.
        Directory.CreateDirectory(Path.Combine(Data, "loras"));
        await File.WriteAllBytesAsync(Path.Combine(Data, "loras", "watercolour.safetensors"), [], Cancellation);
    }

    private protected override async Task LeaveAsync() => await _hub.DisposeAsync();

    private ILocator Card(string name) => Page.Locator("#models li.card", new() { Has = Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }) });

    [Fact]
    public async Task With_a_key_models_are_offered_for_what_they_can_are_started_pinned_stopped_and_fetched()
    {
        await LetInAsync();
        await OnlyWhatTheModelCanIsOfferedAsync();
        await StartAndStopAsync();
        await FetchAsync();
        await LogsTellAsync();
        // The wrong key was refused; nothing else was.
        Assert.All(Complaints, complaint => Assert.Contains("401", complaint, StringComparison.Ordinal));
    }

    private async Task LetInAsync()
    {
        await Page.GotoAsync("/");
        await Page.GetByLabel("API key").FillAsync("swordfish");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.GetByText("The server does not know this key.")).ToBeVisibleAsync();
        await Page.GetByLabel("API key").FillAsync("open sesame");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Field("model")).ToBeVisibleAsync();
        await Expect(Page.Locator("#key")).ToBeHiddenAsync();
    }

    private async Task OnlyWhatTheModelCanIsOfferedAsync()
    {
        ILocator pictures = Page.Locator("#create fieldset", new() { HasText = "Begin from a picture" });
        await Field("model").SelectOptionAsync("words");
        await Expect(pictures).ToBeHiddenAsync();
        await Expect(Field("negative_prompt")).ToBeHiddenAsync();
        await Field("model").SelectOptionAsync("edits");
        await Expect(pictures).ToBeVisibleAsync();
        await Expect(Field("negative_prompt")).ToBeVisibleAsync();
        await Expect(Page.Locator(".shapes")).ToContainTextAsync("512×768");
        await Expect(Page.GetByText("Edits changes pictures: give it one to begin from, below.")).ToBeVisibleAsync();
        await Expect(Button("Draw")).ToBeDisabledAsync();
        await Page.GetByLabel("Add a LoRA").SelectOptionAsync("watercolour");
        await Page.GetByLabel("Weight of watercolour").FillAsync("0.6");
        await Expect(Page.Locator("#create .rows output")).ToHaveTextAsync("0.60");
        await Button("Leave out watercolour").ClickAsync();
        await Field("model").SelectOptionAsync("far");
        await Expect(Page.Locator("#create .note").First).ToContainTextAsync("1 of 1 files missing");
        await Expect(Button("Download what is missing")).ToBeVisibleAsync();
        await Expect(Button("Draw")).ToBeDisabledAsync();
    }

    private async Task StartAndStopAsync()
    {
        await GoAsync("models");
        await Expect(Page.GetByText("No model is resident.")).ToBeVisibleAsync();
        await Card("Demo").GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Expect(Card("Demo").Locator(".state")).ToHaveTextAsync("resident", new() { Timeout = 30_000 });
        await Expect(Page.GetByRole(AriaRole.Meter)).ToHaveAttributeAsync("aria-valuetext", new System.Text.RegularExpressions.Regex("^[1-9][0-9]* MiB of "));
        await Card("Demo").GetByRole(AriaRole.Button, new() { Name = "Pin" }).ClickAsync();
        await Expect(Card("Demo").Locator(".state")).ToHaveTextAsync("resident, pinned");
        await Card("Demo").GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(Card("Demo").Locator(".state")).ToHaveTextAsync("loadable");
    }

    private async Task FetchAsync()
    {
        _hub.HoldAfter = 3;
        await Card("Far").GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync();
        await Expect(Card("Far")).ToContainTextAsync(new System.Text.RegularExpressions.Regex("3 MiB of 6 MiB · .*MiB/s, .* left"), new() { Timeout = 20_000 });
        // Whoever comes later sees it too.
        await Page.ReloadAsync();
        await Expect(Card("Far").GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Card("Far").GetByRole(AriaRole.Button, new() { Name = "Stop the download" }).ClickAsync();
        await Expect(Card("Far").Locator(".state")).ToHaveTextAsync("1 of 1 files missing");
        _hub.Held?.SetResult();
        _hub.Held = null;
        _hub.Files["someone/far/far.gguf"] = await File.ReadAllBytesAsync(Path.Combine(Data, "models", "demo-taesd.gguf"), Cancellation);
        await Card("Far").GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync();
        await Expect(Card("Far").Locator(".state")).ToHaveTextAsync("loadable", new() { Timeout = 20_000 });
        await Card("Far").GetByText("1 files").ClickAsync();
        await Expect(Card("Far").Locator("code")).ToHaveTextAsync("models/far.gguf");
    }

    private async Task LogsTellAsync()
    {
        await GoAsync("logs");
        await Expect(Page.GetByLabel("The server and its engine")).ToContainTextAsync("stable-diffusion.cpp");
        await Expect(Page.GetByLabel("The server and its engine")).ToContainTextAsync("CPU");
        await Expect(Page.Locator(".line.info").First).ToBeVisibleAsync();
        await Page.GetByLabel("Level").SelectOptionAsync("error");
        await Expect(Page.Locator(".line.info")).ToHaveCountAsync(0);
    }
}
