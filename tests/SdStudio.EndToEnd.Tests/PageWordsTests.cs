using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SdStudio.Server.Tests;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>LoRA cards, adding files, grids, and what guides an image, on the page.</summary>
public sealed partial class PageWordsTests(Browser browser) : PageTest(browser)
{
    private StandInHub _hub = null!;

    private protected override (string Name, string Value)[] Settings =>
        [("SdStudio__Downloads__HubAddress", _hub.Address), ("SdStudio__Downloads__AllowedHosts__0", "127.0.0.1"), ("SdStudio__Limits__MaxRequestBytes", "4000")];

    private string Made(string name) => Path.Combine(Data, "made", name);

    private protected override async Task PrepareAsync()
    {
        Directory.CreateDirectory(Path.Combine(Data, "made"));
        TestLora.Write(Made("ink.safetensors"), new Dictionary<string, string> { ["modelspec.trigger_phrase"] = "inkstyle", ["modelspec.title"] = "Ink drawings", ["ss_tag_frequency"] = """{"all":{"pen":4}}""" });
        TestLora.Write(Made("sent.safetensors"), new Dictionary<string, string>());
        _hub = await StandInHub.StartAsync(("someone/loras/ink.safetensors", await File.ReadAllBytesAsync(Made("ink.safetensors"), Cancellation)));
        File.Copy(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Models", "Catalogue", "models.yml"), Path.Combine(Data, "models.yml"));
        // The demo's weights as a model that looks at several images.
        await File.WriteAllTextAsync(
            Path.Combine(Data, "more.yml"),
            """
            models:
              looks:
                name: "Looks"
                capabilities: ["text-to-image", "imgedit"]
                args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
                default_size: "64x64"
                generation_params: { cfg_scale: 1, sample_steps: 2 }
            """, Cancellation);
    }

    private protected override async Task LeaveAsync() => await _hub.DisposeAsync();

    private ILocator LoraCard(string name) => Page.Locator($".lora-card[data-id='{name}']");

    [Fact]
    public async Task A_lora_is_added_from_a_repository_and_by_an_upload_in_parts_and_its_card_is_used()
    {
        await OpenAsync();
        await GoAsync("models");
        await Page.Locator("[name=add_repository]").FillAsync("someone/nothing");
        await Button("Add").ClickAsync();
        await Expect(Page.Locator("#add .problem")).ToContainTextAsync("has no .safetensors or .gguf file");
        await Page.Locator("[name=add_repository]").FillAsync("someone/loras");
        await Button("Add").ClickAsync();
        await Expect(Page.GetByText("loras/ink.safetensors was added.")).ToBeVisibleAsync(Patiently);
        await Expect(LoraCard("ink")).ToContainTextAsync("Ink drawings");
        await Expect(LoraCard("ink").Locator("code")).ToHaveTextAsync("inkstyle");

        // Requests are small here: the file needs several.
        List<string> parts = [];
        Page.Request += (_, request) =>
        {
            if (request.Method == "PUT")
                parts.Add(request.Url);
        };
        await Page.Locator("[name=add_source]").SelectOptionAsync("upload");
        await Page.Locator("[name=add_upload]").SetInputFilesAsync(Made("sent.safetensors"));
        await Button("Add").ClickAsync();
        await Expect(LoraCard("sent")).ToBeVisibleAsync(Patiently);
        Assert.True(parts.Count > 1, string.Join('\n', parts));
        Assert.Equal(await File.ReadAllBytesAsync(Made("sent.safetensors"), Cancellation), await File.ReadAllBytesAsync(Path.Combine(Data, "loras", "sent.safetensors"), Cancellation));
        await Page.Locator("[name=add_upload]").SetInputFilesAsync(new FilePayload { Name = "words.safetensors", MimeType = "", Buffer = "no model"u8.ToArray() });
        await Button("Add").ClickAsync();
        await Expect(Page.Locator("#add .problem")).ToContainTextAsync("words.safetensors");

        await LoraCard("ink").GetByRole(AriaRole.Button, new() { Name = "Use" }).ClickAsync();
        await Expect(Page.Locator(".lora")).ToContainTextAsync("ink");
        await Button("inkstyle").ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync(InkOnly());
        // What was refused is told by the browser too; nothing else was.
        Assert.All(Complaints, complaint => Assert.Contains("400", complaint, StringComparison.Ordinal));
    }

    [GeneratedRegex("inkstyle$")]
    private static partial Regex InkOnly();

    [Fact]
    public async Task A_grid_is_built_generated_and_shown_as_a_sheet_with_its_cells()
    {
        await OpenAsync();
        await Field("prompt").FillAsync("a red circle");
        await SizeAsync(64, 64);
        await Page.EvaluateAsync("for (const details of document.querySelectorAll('#settings details')) details.open = true");
        await Page.Locator("[name=grid_x]").SelectOptionAsync("steps");
        await Page.Locator("[name=grid_x_values]").FillAsync("1, 2, 3");
        await Page.Locator("[name=grid_y]").SelectOptionAsync("prompt_replace");
        await Page.Locator("[name=grid_y_values]").FillAsync("purple, green");
        await Button("Generate a grid of 6 images").ClickAsync();
        await Expect(Page.Locator("#settings .problem").First).ToContainTextAsync("'purple' is not in the prompt");
        await Page.Locator("[name=grid_y_values]").FillAsync("red, green");
        await Button("Generate a grid of 6 images").ClickAsync();
        ILocator sheet = Page.GetByAltText("Sheet of 6 images with labels");
        await Expect(sheet).ToBeVisibleAsync(Patiently);
        await Page.WaitForFunctionAsync("() => document.querySelector('.grid-sheet img')?.naturalWidth > 300");
        await Expect(Page.Locator(".siblings a")).ToHaveCountAsync(6);
        // What is built is kept while people look elsewhere.
        await Page.Locator(".siblings a").Nth(5).ClickAsync();
        await Expect(Page.Locator("[name=grid_y_values]")).ToHaveValueAsync("red, green");
        Assert.All(Complaints, complaint => Assert.Contains("400", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Hires_upscalers_are_files_resamplers_and_latent_ones()
    {
        await OpenAsync();
        await Page.EvaluateAsync("for (const details of document.querySelectorAll('#settings details')) details.open = true");
        await Expect(Page.Locator("[name=hires_upscaler] option", new() { HasTextRegex = Latent() }).First).ToBeAttachedAsync();
        await Expect(Page.Locator("[name=hires_upscaler] option", new() { HasText = "Demo 4x" })).ToBeAttachedAsync();
    }

    [GeneratedRegex("^Latent")]
    private static partial Regex Latent();

    private static FilePayload ImageFile(string name) => new() { Name = name, MimeType = "image/png", Buffer = Plain(64, 64, [219, 26, 31]) };

    [Fact]
    public async Task People_and_references_go_with_the_request_of_a_model_that_looks_at_them()
    {
        await OpenAsync();
        await GoAsync("models");
        await Page.Locator("[name=person]").FillAsync("alice");
        await Page.GetByLabel("Choose images").SetInputFilesAsync(ImageFile("alice.png"));
        await Expect(Page.Locator("li.card[data-id=alice] .guide-images img")).ToHaveCountAsync(1);
        await GoAsync("create");
        // The demo looks at nothing.
        await Expect(Page.Locator("[data-name=ref_images]")).ToHaveCountAsync(0);
        await Field("model").SelectOptionAsync("looks");
        await Page.GetByLabel("Add up to").SetInputFilesAsync([ImageFile("one.png"), ImageFile("two.png")]);
        await Expect(Page.Locator("[data-name=ref_images] .guide-images img")).ToHaveCountAsync(2);
        await Button("Remove two.png").ClickAsync();
        await Expect(Page.Locator("[data-name=ref_images] .guide-images img")).ToHaveCountAsync(1);
        await Field("prompt").FillAsync("a red circle");
        await Button("Put alice into the prompt").ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync("a red circle <ref:alice>");
        string job = await NewJobAsync(() => Generate.ClickAsync());
        // The one that was sent, and alice's.
        Assert.Equal([$"{job}_1.png", $"{job}_2.png"], Directory.EnumerateFiles(Path.Combine(Data, "inputs")).Select(Path.GetFileName).Order());
        await GoAsync("models");
        await Button("Delete alice").ClickAsync();
        await Expect(Page.Locator("li.card[data-id=alice]")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_control_net_is_offered_where_one_fits_and_what_the_server_says_of_it_stands_at_its_field()
    {
        // The demo has no ControlNet: the list says that it has one, and the server says that there is none.
        await Page.RouteAsync("**/api/models", async route =>
        {
            IAPIResponse answer = await route.FetchAsync();
            await route.FulfillAsync(new() { Response = answer, Body = (await answer.TextAsync()).Replace("\"control_nets\":[]", "\"control_nets\":[\"edges\"]", StringComparison.Ordinal) });
        });
        await OpenAsync();
        await Field("prompt").FillAsync("a red circle");
        await Page.Locator("[name=control_model]").SelectOptionAsync("edges");
        await Page.Locator("[name=control_weight]").FillAsync("0.5");
        await Page.Locator("[name=control_preprocessor]").SelectOptionAsync("canny");
        await Page.GetByLabel("Choose the image to follow").SetInputFilesAsync(ImageFile("lines.png"));
        await Expect(Page.GetByAltText("lines.png")).ToBeVisibleAsync();
        IRequest request = await Page.RunAndWaitForRequestAsync(() => Generate.ClickAsync(), one => one.Url.Contains("/api/queue/", StringComparison.Ordinal) && one.Method == "POST");
        string sent = System.Text.Encoding.Latin1.GetString(request.PostDataBuffer ?? []);
        Assert.Contains("\"preprocessor\":\"canny\"", sent, StringComparison.Ordinal);
        Assert.Contains("name=\"control_image\"", sent, StringComparison.Ordinal);
        await Expect(Page.Locator("[data-name=control] .problem")).ToContainTextAsync("ControlNet");
    }
}
