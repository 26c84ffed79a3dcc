using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The page in a real browser, against a real server that draws with the demo model.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    private const string NoBrowser = "There is no Chromium, and none can be installed without root.";
    private const string Prompt = "a red circle on a blue background";
    private readonly string _data = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;
    private readonly List<string> _complaints = [];
    private ServerProcess _server = null!;
    private IBrowserContext? _context;
    private IPage _page = null!;

    public async ValueTask InitializeAsync()
    {
        if (browser.Chromium is null)
            return;
        _server = await ServerProcess.StartAsync(_data);
        _context = await browser.Chromium.NewContextAsync(new BrowserNewContextOptions { BaseURL = _server.Client.BaseAddress!.ToString(), AcceptDownloads = true });
        _page = await NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_context is not null)
        {
            await _context.DisposeAsync();
            _server.Dispose();
        }

        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task A_newcomer_types_a_prompt_and_sees_the_picture_grow_and_appear()
    {
        await OpenAsync("/");
        await Field("prompt").FillAsync(Prompt);
        await SetAsync("steps", "60");
        await Field("prompt").PressAsync("Enter");

        await Expect(_page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        await Expect(_page.Locator("#preview")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        byte[] picture = await ResultAsync(_page);
        Assert.True(RedCircle.IsOn(picture));
        await _page.ScreenshotAsync(new() { Path = Path.Combine(Browser.Screenshots, "create.png") });
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task A_running_job_can_be_cancelled_and_outlives_a_refresh_and_a_restart()
    {
        await OpenAsync("/");
        await DrawAsync("900");
        await Expect(_page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        await _page.ReloadAsync();
        await Expect(_page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        await _page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).First.ClickAsync();
        await Expect(_page.GetByText("Cancelled.")).ToBeVisibleAsync(new() { Timeout = 30_000 });

        await DrawAsync("120");
        await Expect(_page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        int port = _server.Client.BaseAddress!.Port;
        await _server.SignalAsync("KILL");
        await Expect(_page.Locator("#connection")).ToContainTextAsync("No connection", new() { Timeout = 30_000 });
        _server.Dispose();
        _server = ServerProcess.Launch(_data, port);
        Assert.True(RedCircle.IsOn(await ResultAsync(_page)));
    }

    [Fact]
    public async Task A_picture_is_changed_where_the_mask_is_and_searched_deleted_and_brought_back()
    {
        await OpenAsync("/");
        await DrawAsync("8");
        byte[] first = await ResultAsync(_page);
        await _page.Locator("img.result").ClickAsync();
        await _page.GetByRole(AriaRole.Button, new() { Name = "Use as input" }).ClickAsync();
        ILocator canvas = _page.Locator(".mask canvas");
        await Expect(canvas).ToBeVisibleAsync();
        await _page.GetByLabel("Brush: paint to draw only there").FillAsync("90");
        LocatorBoundingBoxResult box = (await canvas.BoundingBoxAsync())!;
        for (int y = 0; y < 4; y++)
            await canvas.ClickAsync(new() { Position = new() { X = box.Width / 8, Y = box.Height * (y + .5f) / 4 } });
        await Field("prompt").FillAsync("a green square on a white background");
        await _page.GetByRole(AriaRole.Button, new() { Name = "Draw", Exact = true }).ClickAsync();
        await Expect(_page.GetByAltText("a green square on a white background").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        using NetVips.Image before = NetVips.Image.NewFromBuffer(first);
        using NetVips.Image after = NetVips.Image.NewFromBuffer(await ResultAsync(_page));
        Assert.True(
            Distance(before, after, .95) < 40 && Distance(before, after, .1) > 60,
            $"Only what was painted is drawn anew: {Distance(before, after, .1)} there, {Distance(before, after, .95)} elsewhere.");

        await _page.GetByRole(AriaRole.Link, new() { Name = "Gallery" }).ClickAsync();
        await Expect(_page.Locator("#gallery li:visible")).ToHaveCountAsync(2);
        await _page.GetByLabel("Search in prompts").FillAsync("green");
        await Expect(_page.Locator("#gallery li:visible")).ToHaveCountAsync(1);
        await _page.Locator("#gallery li:visible button").ClickAsync();
        await _page.ScreenshotAsync(new() { Path = Path.Combine(Browser.Screenshots, "viewer.png") });
        await _page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(_page.Locator("#gallery li:visible")).ToHaveCountAsync(0);
        await _page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(_page.Locator("#gallery li:visible")).ToHaveCountAsync(1);
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task Every_part_fits_a_phone_and_the_dark()
    {
        Assert.SkipWhen(browser.Chromium is null, NoBrowser);
        await using IBrowserContext phone = await browser.Chromium.NewContextAsync(new()
        {
            BaseURL = _server.Client.BaseAddress!.ToString(), ViewportSize = new() { Width = 360, Height = 740 }, ColorScheme = ColorScheme.Dark,
        });
        IPage page = await phone.NewPageAsync();
        foreach (string part in new[] { "create", "queue", "gallery", "models", "logs" })
        {
            await page.GotoAsync($"/#{part}");
            await Expect(page.Locator($"#{part}")).ToBeVisibleAsync();
            await Expect(page.Locator($"#{part} *").First).ToBeAttachedAsync();
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 360, $"{part} is wider than a phone.");
            await page.ScreenshotAsync(new() { Path = Path.Combine(Browser.Screenshots, $"phone-{part}.png") });
        }

        Assert.Equal("rgb(22, 23, 26)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }

    [Fact]
    public async Task Nothing_keeps_people_out_who_cannot_see_or_use_a_mouse()
    {
        Assert.SkipWhen(browser.Chromium is null, NoBrowser);
        string axe = await NodeClients.FileAsync(Path.Combine("axe-core", "axe.min.js"));
        foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            // The page lets in no scripts of others; the test brings one.
            await using IBrowserContext context = await browser.Chromium.NewContextAsync(new() { BaseURL = _server.Client.BaseAddress!.ToString(), BypassCSP = true, ColorScheme = scheme });
            IPage page = await context.NewPageAsync();
            foreach (string part in new[] { "create", "queue", "gallery", "models", "logs" })
            {
                await page.GotoAsync($"/#{part}");
                await page.ReloadAsync();
                await Expect(page.Locator($"#{part} :is(button, select, li)").First).ToBeAttachedAsync();
                await page.AddScriptTagAsync(new() { Path = axe });
                string found = await page.EvaluateAsync<string>(
                    """
                    async () => {
                      const { passes, violations } = await axe.run();
                      if (passes.length < 10) return 'axe has looked at nothing';
                      return violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' | ')}`).join('\n');
                    }
                    """);
                Assert.True(found.Length == 0, $"{part}, {scheme}: {found}");
            }
        }
    }

    private static double Distance(NetVips.Image before, NetVips.Image after, double x) =>
        before[(int)(before.Width * x), before.Height / 2].Zip(after[(int)(after.Width * x), after.Height / 2]).Sum(pair => Math.Abs(pair.First - pair.Second));

    private async Task<IPage> NewPageAsync()
    {
        IPage page = await _context!.NewPageAsync();
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                _complaints.Add(message.Text);
        };
        return page;
    }

    private ILocator Field(string name) => _page.Locator($"#create [name={name}]");

    private async Task OpenAsync(string path)
    {
        Assert.SkipWhen(browser.Chromium is null, NoBrowser);
        await _page.GotoAsync(path);
        await Expect(Field("model")).ToHaveValueAsync("demo", new() { Timeout = 30_000 });
    }

    private async Task SetAsync(string name, string value)
    {
        await _page.Locator("details").First.EvaluateAsync("element => element.open = true");
        await Field(name).FillAsync(value);
    }

    private async Task DrawAsync(string steps)
    {
        await Field("prompt").FillAsync(Prompt);
        await SetAsync("steps", steps);
        await _page.GetByRole(AriaRole.Button, new() { Name = "Draw", Exact = true }).ClickAsync();
    }

    private async Task<byte[]> ResultAsync(IPage page)
    {
        ILocator image = page.Locator("img.result").First;
        await Expect(image).ToBeVisibleAsync(new() { Timeout = 120_000 });
        return await _server.Client.GetByteArrayAsync(new Uri((await image.GetAttributeAsync("src"))!, UriKind.Relative), TestContext.Current.CancellationToken);
    }
}
