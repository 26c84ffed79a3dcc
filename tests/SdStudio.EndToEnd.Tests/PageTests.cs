using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Generating with the page.</summary>
public sealed class PageTests(Browser browser) : PageTest(browser)
{
    private ILocator Phase => Page.Locator("#phase");

    [Fact]
    public async Task A_newcomer_types_a_prompt_and_sees_the_image_grow_and_appear()
    {
        await OpenAsync();
        await Expect(Page.GetByText("Choose a model for this machine")).ToBeVisibleAsync();
        await Expect(Page.Locator(".first-run li.card")).ToHaveCountAsync(3);
        await Expect(Page.Locator(".first-run li.card").First).ToContainTextAsync("GB");
        await Field("prompt").PressAsync("Enter");
        await Expect(Page.Locator("#f-prompt-problem")).ToContainTextAsync("Describe what you want to see");
        await Expect(Field("prompt")).ToBeFocusedAsync();
        await SetAsync("steps", "30");
        await Field("prompt").FillAsync(Prompt);
        await NewJobAsync(() => Field("prompt").PressAsync("Enter"));

        await Expect(Phase).ToContainTextAsync("step", new() { Timeout = 90_000 });
        await Expect(Page.Locator("#preview")).ToBeVisibleAsync(Patiently);
        await Expect(Page.Locator(".ghost.running")).ToHaveCountAsync(1);
        await Expect(Phase).ToContainTextAsync("left");
        await Expect(Page).ToHaveTitleAsync(new Regex("^[0-9]+ % · SdStudio$"));
        await Expect(Phase).ToContainTextAsync(new Regex("step (1[6-9]|2[0-9]) of"), new() { Timeout = 180_000 });
        await ShotAsync(Page, "generating");
        Assert.True(RedCircle.IsOn(await ResultAsync(Prompt)));
        await Expect(Tiles).ToHaveCountAsync(1);
        await Expect(Page.Locator(".ghost")).ToHaveCountAsync(0);
        await Expect(Page).ToHaveTitleAsync("SdStudio");
        await Button("History").ClickAsync();
        await Expect(Page.Locator(".past button").First).ToHaveTextAsync(Prompt);
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_running_job_can_be_cancelled_and_outlives_a_refresh_and_a_restart()
    {
        await OpenAsync();
        string job = await GenerateAsync(Prompt, "900");
        await Expect(Phase).ToContainTextAsync("step", new() { Timeout = 90_000 });
        await Page.ReloadAsync();
        await Expect(Phase).ToContainTextAsync("step", new() { Timeout = 90_000 });
        await Button("Cancel").ClickAsync();
        await Expect(Page.Locator(".stage").GetByText("Cancelled")).ToBeVisibleAsync(Patiently);
        Assert.Equal("cancelled", (await GetAsync($"/api/queue/{job}")).GetProperty("status").GetString());

        await GenerateAsync(Prompt, "40");
        await Expect(Phase).ToContainTextAsync("step", new() { Timeout = 90_000 });
        int port = Server.Client.BaseAddress!.Port;
        await Server.SignalAsync("KILL");
        await Expect(Page.Locator("#connection")).ToContainTextAsync("Reconnecting", new() { Timeout = 90_000 });
        await Generate.ClickAsync();
        await Expect(Page.Locator(".generate-bar [role=alert]")).ToContainTextAsync("The server does not answer");
        // Another part of the page is told the same once, with a count; what the view itself asks for may add to it.
        await GoAsync("queue");
        await Button("Pause").ClickAsync();
        await Button("Pause").ClickAsync();
        await Expect(Notice.Locator(".notice.bad")).ToHaveCountAsync(1);
        await Expect(Notice.Locator(".count")).ToHaveTextAsync(new Regex("^×[2-9]$"));
        await Page.GoBackAsync();
        Server.Dispose();
        Server = ServerProcess.Launch(Data, port);
        Assert.True(RedCircle.IsOn(await ResultAsync(Prompt)));
        await Expect(Page.Locator("#connection")).ToBeEmptyAsync();
        await Expect(Page.Locator(".generate-bar [role=alert]")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Sizes_seeds_and_counts_are_what_was_chosen_and_an_image_gives_its_settings_and_varies()
    {
        await OpenAsync();
        await Page.Locator(".shapes").GetByRole(AriaRole.Button, new() { Name = "9:16" }).ClickAsync();
        Assert.Equal("192x336", $"{await Field("width").InputValueAsync()}x{await Field("height").InputValueAsync()}");
        await SizeAsync(64, 96);
        await Button("Swap width and height").ClickAsync();
        await Field("n").SelectOptionAsync("2");
        await Expect(Generate).ToHaveTextAsync("Generate 2 images");
        await Button("Pick a random seed and keep it").ClickAsync();
        string seed = await Field("seed").InputValueAsync();
        await GenerateAsync(Prompt, "2");
        byte[] first = await ResultAsync(Prompt);
        await Expect(Page.Locator("img.result")).ToHaveCountAsync(2);
        Assert.Equal("96", await Page.Locator("img.result").First.GetAttributeAsync("width"));

        await Page.Locator(".batch a").First.ClickAsync();
        await Button("Details").ClickAsync();
        await Expect(Page.Locator(".details-panel dl")).ToContainTextAsync(seed);
        await Button("Copy settings").ClickAsync();
        await Expect(Notice).ToContainTextAsync("copied");
        Assert.Contains($"Seed: {seed}", await Page.EvaluateAsync<string>("navigator.clipboard.readText()"), StringComparison.Ordinal);
        IDownload download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        Assert.Equal($"00001-{seed}-a_red_circle_on_a_blue_background.png", download.SuggestedFilename);
        Assert.Equal(first, await File.ReadAllBytesAsync(await download.PathAsync(), Cancellation));

        // Back in the form, it is the same image again.
        await Page.GetByRole(AriaRole.Switch, new() { Name = "Random" }).CheckAsync();
        await ChooseAsync("Reuse", "All settings");
        await Expect(Field("seed")).ToHaveValueAsync(seed);
        await Expect(Field("n")).ToHaveValueAsync("1");
        await GenerateAsync();
        Assert.Equal(0, Distance(first, await ResultAsync(Prompt), .5));
        await Expect(Page.Locator("img.result")).ToHaveCountAsync(1);

        string subtle = await NewJobAsync(() => ChooseAsync("Vary", "Subtle variation"));
        await Expect(Tiles).ToHaveCountAsync(4, new() { Timeout = 180_000 });
        Assert.Equal(("variation", .35), ((await GetAsync($"/api/queue/{subtle}")).GetProperty("type").GetString(), (await GetAsync($"/api/queue/{subtle}")).GetProperty("strength").GetDouble()));
        await ResultAsync(Prompt);
        string other = await NewJobAsync(() => ChooseAsync("Vary", "Same settings, new seed"));
        await Expect(Tiles).ToHaveCountAsync(5, new() { Timeout = 180_000 });
        Assert.NotEqual(seed, (await GetAsync($"/api/queue/{other}")).GetProperty("seed").GetString());
        // What stands in the form is what stood there.
        await Expect(Field("seed")).ToHaveValueAsync(seed);
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task Another_seed_with_the_same_settings_keeps_the_second_pass_the_input_and_the_mask()
    {
        await OpenAsync();
        await SizeAsync(64, 64);
        await SetAsync("hires_scale", "2");
        await SetAsync("eta", "0.5");
        await GenerateAsync(Prompt, "2");
        await ResultAsync(Prompt);
        await MadeAsync(1);
        string twice = await NewJobAsync(() => ChooseAsync("Vary", "Same settings, new seed"));
        await MadeAsync(2);
        JsonElement settings = await SettingsOfAsync(twice);
        Assert.Equal((128, .5, "64x64", 2), (settings.GetProperty("hires_width").GetInt32(), settings.GetProperty("eta").GetDouble(), settings.GetProperty("size").GetString(), settings.GetProperty("steps").GetInt32()));
        string varied = await NewJobAsync(() => ChooseAsync("Vary", "Subtle variation"));
        await MadeAsync(3);
        Assert.Equal(.5, (await SettingsOfAsync(varied)).GetProperty("eta").GetDouble());

        await SetAsync("hires_scale", "");
        await Button("Edit").ClickAsync();
        await Page.Locator(".viewport").HoverAsync();
        await Page.Keyboard.PressAsync("i");
        await Field("inpaint_area").SelectOptionAsync("masked");
        await SetAsync("inpaint_padding", "16");
        // The number beside the slider stays within the form.
        Assert.True(await Page.EvaluateAsync<bool>("document.querySelector('.slider output').scrollWidth <= document.querySelector('.slider output').clientWidth"));
        string masked = await GenerateAsync();
        await MadeAsync(4);
        string again = await NewJobAsync(() => ChooseAsync("Vary", "Same settings, new seed"));
        await MadeAsync(5);
        Assert.Equal(16, (await SettingsOfAsync(again)).GetProperty("inpaint_padding").GetInt32());
        Assert.Equal("edit", (await GetAsync($"/api/queue/{again}")).GetProperty("type").GetString());
        foreach (string file in new[] { "input", "mask" })
            Assert.Equal(0, Distance(await FileAsync(masked, file), await FileAsync(again, file), .5));
        Assert.Empty(Complaints);

        Task MadeAsync(int count) => Expect(Tiles).ToHaveCountAsync(count, new() { Timeout = 180_000 });

        Task<byte[]> FileAsync(string job, string file) => Server.Client.GetByteArrayAsync(new Uri($"/api/generations/{job}/{file}", UriKind.Relative), Cancellation);

        async Task<JsonElement> SettingsOfAsync(string job) =>
            await GetAsync($"/api/images/{(await GetAsync($"/api/queue/{job}")).GetProperty("images")[0].GetProperty("id").GetString()}/parameters");
    }

    [Fact]
    public async Task Settings_out_of_sight_reach_the_engine_and_an_image_goes_to_its_edited_and_upscaled_one_in_six_clicks()
    {
        await OpenAsync();
        await SizeAsync(64, 64);
        await SetAsync("hires_scale", "2");
        await SetAsync("hires_strength", "0.5");
        await SetAsync("priority", "3");
        await Field("scheduler").SelectOptionAsync("karras");
        string id = await GenerateAsync(Prompt, "4");
        await ResultAsync(Prompt);
        System.Text.Json.JsonElement job = await GetAsync($"/api/queue/{id}");
        Assert.Equal(("128x128", "karras", 3), (job.GetProperty("size").GetString(), job.GetProperty("scheduler").GetString(), job.GetProperty("priority").GetInt32()));
        await SetAsync("hires_scale", "");

        int clicks = 0;
        await ClickAsync(Button("Edit"));
        await Expect(Page.Locator(".mask-layer")).ToBeVisibleAsync();
        LocatorBoundingBoxResult canvas = (await Page.Locator(".sheet").BoundingBoxAsync())!;
        await Page.Mouse.ClickAsync(canvas.X + (canvas.Width / 3), canvas.Y + (canvas.Height / 3));
        clicks++;
        await Expect(Generate).ToHaveTextAsync("Inpaint the masked area");
        await NewJobAsync(() => ClickAsync(Generate));
        await ResultAsync(Prompt);
        await ClickAsync(Page.GetByRole(AriaRole.Link, new() { Name = "Upscale" }));
        await NewJobAsync(() => ClickAsync(Button("Upscale now")));
        await Expect(Page.Locator("img.result")).ToHaveAttributeAsync("width", "256", new() { Timeout = 180_000 });
        Assert.InRange(clicks, 1, 6);
        await Expect(Page.Locator("dialog[open]")).ToHaveCountAsync(0);
        Assert.Empty(Complaints);

        async Task ClickAsync(ILocator what)
        {
            clicks++;
            await what.ClickAsync();
        }
    }
}
