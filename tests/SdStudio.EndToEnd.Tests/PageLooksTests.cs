using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What the page looks like, to people and to those who cannot see it; its screenshots are those of the documentation.</summary>
public sealed class PageLooksTests(Browser browser) : PageTest(browser)
{
    private static readonly (int Width, int Height)[] Sizes = [(1440, 900), (1024, 768), (768, 1024), (390, 844)];
    private static readonly string[] Pages = ["", "gallery", "queue", "models", "logs", "settings", "help"];
    private static readonly string[] Shapes = ["circle", "square", "cross", "circle"];
    private static readonly string[] Colours = ["red", "green", "yellow", "blue", "white"];
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("a red circle on a blue background, very detailed", 7))[..300];

    // What is wider than the window, or reaches out of a box that cuts it off, is nobody's intention.
    private const string Overflow =
        """
        () => {
          const found = [];
          if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
          for (const element of document.querySelectorAll('header, main, main *')) {
            if (!element.checkVisibility() || element.closest('.sheet, .grid-sheet, .unseen, svg, option, .toolbar, .siblings, .tiles, .viewport')) continue;
            const box = element.getBoundingClientRect();
            if (box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) found.push(`${element.tagName}.${element.className} from ${Math.round(box.left)} to ${Math.round(box.right)}`);
          }
          return found.slice(0, 5).join('; ');
        }
        """;

    private const string SmallTargets =
        """
        () => [...document.querySelectorAll('header a, header button, nav a, .phone-bar button, #generate, .toolbar button, .toolbar a, .going button, .tools a')]
          .filter(element => element.checkVisibility()).map(element => [element.textContent.trim() || element.getAttribute('aria-label'), element.getBoundingClientRect()])
          .filter(([, box]) => box.height < 44 && box.height > 0 || box.width > 0 && box.width < 40).map(([name, box]) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`).join(', ')
        """;

    [Fact]
    public async Task It_fits_four_widths_in_light_and_dark_with_long_prompts_batches_and_failures_and_keeps_nobody_out()
    {
        await GenerateSomeAsync();
        string failed = (await GetAsync("/api/queue?status=failed")).GetProperty("jobs")[0].GetProperty("id").GetString()!;
        string waiting = (await GetAsync("/api/queue?status=pending")).GetProperty("jobs")[0].GetProperty("id").GetString()!;
        JsonElement all = await GetAsync("/api/generations?limit=20");
        string batch = all.EnumerateArray().First(job => job.GetProperty("n").GetInt32() == 4).GetProperty("id").GetString()!;
        string edited = all.EnumerateArray().First(job => job.GetProperty("type").GetString() == "edit").GetProperty("id").GetString()!;
        (string Name, string Hash)[] views =
        [
            .. Pages.Select(name => (name.Length == 0 ? "create" : name, "#/" + name)), ("batch", "#/job/" + batch), ("image", $"#/image/{batch}/3"), ("compare", $"#/image/{edited}?compare=input"),
            ("upscale", "#/upscale/" + batch), ("failed", "#/job/" + failed), ("waiting", "#/job/" + waiting),
        ];
        string axe = await NodeClients.FileAsync(Path.Combine("axe-core", "axe.min.js"));
        List<string> problems = [];
        foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            // Colours move nothing: in the dark the widest and the narrowest are looked at.
            foreach ((int width, int height) in Sizes.Where(size => scheme == ColorScheme.Light || size.Width is 1440 or 390))
            {
                // The page lets in no scripts of others; the test brings one.
                await using IBrowserContext context = await Chromium.NewContextAsync(new()
                {
                    BaseURL = Server.Client.BaseAddress!.ToString(), BypassCSP = true, ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height }, HasTouch = width < 700, ReducedMotion = ReducedMotion.Reduce,
                });
                IPage page = await context.NewPageAsync();
                await page.GotoAsync("/");
                await page.EvaluateAsync("prompt => localStorage.setItem('sdstudio.prompts', JSON.stringify([prompt]))", Long);
                foreach ((string name, string hash) in views)
                {
                    string where = $"{name}-{width}-{scheme.ToString().ToLowerInvariant()}";
                    await ShowAsync(page, hash);
                    if (await page.EvaluateAsync<string>(Overflow) is { Length: > 0 } wide)
                        problems.Add($"{where}: {wide}");
                    if (width < 700 && await page.EvaluateAsync<string>(SmallTargets) is { Length: > 0 } small)
                        problems.Add($"{where}: {small}");
                    if (width is 1440 or 390 && await ViolationsAsync(page, axe) is { Length: > 0 } found)
                        problems.Add($"{where}: {found}");
                    await page.ScreenshotAsync(new() { Path = Path.Combine(Browser.Screenshots, where + ".jpg"), Type = ScreenshotType.Jpeg, Quality = 80 });
                }
            }
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    [Fact]
    public async Task The_image_takes_the_room_and_the_phone_has_image_prompt_and_button_on_one_screen()
    {
        await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"{{Prompt}}","size":"256x256","steps":4}""");
        await Page.SetViewportSizeAsync(1440, 900);
        await OpenAsync();
        await Expect(Page.Locator("img.result")).ToBeVisibleAsync();
        double part = await Page.EvaluateAsync<double>("document.querySelector('img.result').getBoundingClientRect().height / (innerHeight - document.querySelector('header').offsetHeight)");
        Assert.InRange(part, .8, 1);

        await Page.SetViewportSizeAsync(390, 844);
        foreach (string what in new[] { "img.result", "#prompt", "#generate", "nav" })
        {
            LocatorBoundingBoxResult box = (await Page.Locator(what).BoundingBoxAsync())!;
            Assert.True(box.Y >= 0 && box.Y + box.Height <= 844.5, $"{what} is not on the screen: {box.Y} to {box.Y + box.Height}.");
        }

        await Expect(Field("steps")).ToBeHiddenAsync();
        await Button("Settings").ClickAsync();
        await Expect(Field("steps")).ToBeVisibleAsync();
        await Page.GoBackAsync();
        await Expect(Page.Locator("img.result")).ToBeVisibleAsync();
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task On_a_phone_a_swipe_turns_to_the_next_image_and_a_server_that_is_away_is_told()
    {
        foreach (int i in new[] { 1, 2 })
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"image {{i}}","size":"64x64","steps":1}""");
        await using IBrowserContext context = await Chromium.NewContextAsync(new() { BaseURL = Server.Client.BaseAddress!.ToString(), ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync("/");
        ILocator shown = page.Locator("img.result");
        await Expect(shown).ToHaveAttributeAsync("alt", "image 2");
        ICDPSession finger = await context.NewCDPSessionAsync(page);
        await SwipeAsync(300, 100);
        await Expect(shown).ToHaveAttributeAsync("alt", "image 1");
        await SwipeAsync(100, 300);
        await Expect(shown).ToHaveAttributeAsync("alt", "image 2");
        // Who reads from the right turns the other way.
        await page.EvaluateAsync("document.documentElement.dir = 'rtl'");
        await SwipeAsync(100, 300);
        await Expect(shown).ToHaveAttributeAsync("alt", "image 1");

        await Server.SignalAsync("KILL");
        await Expect(page.Locator("#connection")).ToBeVisibleAsync(Patiently);
        await Expect(page.Locator("#connection")).ToContainTextAsync("Reconnecting", new() { Timeout = 180_000 });
        LocatorBoundingBoxResult told = (await page.Locator("#connection").BoundingBoxAsync())!;
        Assert.True(told.Width > 0 && told.X >= 0 && told.X + told.Width <= 390, $"It is told from {told.X} to {told.X + told.Width}.");
        Assert.Equal("", await page.EvaluateAsync<string>(Overflow));

        async Task SwipeAsync(int from, int to)
        {
            await TouchAsync("touchStart", from);
            await TouchAsync("touchMove", (from + to) / 2);
            await TouchAsync("touchMove", to);
            await finger.SendAsync("Input.dispatchTouchEvent", new() { ["type"] = "touchEnd", ["touchPoints"] = Array.Empty<object>() });
        }

        Task TouchAsync(string type, int x) => finger.SendAsync("Input.dispatchTouchEvent", new() { ["type"] = type, ["touchPoints"] = new object[] { new Dictionary<string, object> { ["x"] = x, ["y"] = 300 } } });
    }

    [Fact]
    public async Task The_documentation_shows_it_at_its_best()
    {
        await Page.SetViewportSizeAsync(1440, 900);
        await OpenAsync();
        await ShowAsync(Page, "#/");
        await ShotAsync(Page, "first");
        string[] prompts =
        [
            "a white balloon on a coral sky", "a golden gem on a charcoal backdrop", "a crimson apple on a beige table", "a turquoise bubble on a navy backdrop", "an ivory tower on a copper sky",
            "a mustard lemon on a mint table", "a coral kite on a cream sky", "a large lavender moon on a navy sky",
        ];
        foreach ((string prompt, int index) in prompts.Select((prompt, index) => (prompt, index)))
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"{{prompt}}","size":"256x256","seed":{{40 + index}},"n":{{(index == 3 ? 4 : 1)}}}""");
        // The sun, and with its lower part painted over by the sea.
        JsonElement sun = await PostAsync("/api/generate", """{"model":"demo","prompt":"a large amber sun on a plum sky","size":"512x512","seed":7}""");
        const string Sea = "a tiny teal dot on a teal background at the top";
        using NetVips.Image black = NetVips.Image.Black(512, 512);
        using NetVips.Image painted = black.Insert(NetVips.Image.Black(512, 182).Linear([0], [255]), 0, 330).Cast(NetVips.Enums.BandFormat.Uchar);
        JsonElement edited = await PostAsync(
            "/api/edit", $$"""{"model":"demo","prompt":"{{Sea}}","source_image_id":"{{FirstOf(sun)}}","mask":"{{Convert.ToBase64String(painted.PngsaveBuffer())}}","strength":1,"size":"512x512","mask_blur":0,"seed":7}""");
        JsonElement large = await PostAsync("/api/upscale", $$"""{"source_image_id":"{{FirstOf(edited)}}","upscaler":"Lanczos","upscale_factor":3}""");
        string shown = $"#/image/{large.GetProperty("id").GetString()}";
        await Field("prompt").FillAsync("a large amber sun on a plum sky");
        await ShowAsync(Page, shown);
        await ShotAsync(Page, "page");
        await Button("Switch to dark colors").ClickAsync();
        await ShotAsync(Page, "page-dark");
        await ShowAsync(Page, "#/gallery");
        await ShotAsync(Page, "gallery");
        await Button("Switch to light colors").ClickAsync();
        await ShowAsync(Page, "#/models");
        await ShotAsync(Page, "models");
        await ShowAsync(Page, $"#/image/{edited.GetProperty("id").GetString()}?compare=input");
        await ShotAsync(Page, "compare");

        await ShowAsync(Page, $"#/image/{sun.GetProperty("id").GetString()}");
        await Button("Edit").ClickAsync();
        await Expect(Page.Locator(".mask-layer")).ToBeVisibleAsync();
        LocatorBoundingBoxResult box = (await Page.Locator(".sheet").BoundingBoxAsync())!;
        await Field("brush").FillAsync("190");
        await Page.Mouse.MoveAsync(box.X, box.Y + (box.Height * .83f));
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync(box.X + box.Width, box.Y + (box.Height * .83f), new() { Steps = 12 });
        await Page.Mouse.UpAsync();
        await Field("prompt").FillAsync(Sea);
        await ShotAsync(Page, "mask");
        await ShowAsync(Page, $"#/upscale/{edited.GetProperty("id").GetString()}");
        await ShotAsync(Page, "upscale");

        await PostAsync("/api/queue/pause", "{}");
        await FailAsync("/api/queue/generate", "a lighthouse at dusk");
        foreach (string prompt in prompts[..3])
            await PostAsync("/api/queue/generate", $$"""{"model":"demo","prompt":"{{prompt}}","n":2}""");
        await ShowAsync(Page, "#/queue");
        await Expect(Page.Locator("#queue li.pending")).ToHaveCountAsync(4);
        await ShotAsync(Page, "queue");
        await PostAsync("/api/queue/cancel-all", "{}");
        await PostAsync("/api/queue/resume", "{}");
        await Page.SetViewportSizeAsync(390, 844);
        await ShowAsync(Page, shown);
        await ShotAsync(Page, "phone");

        static string FirstOf(JsonElement answer) => answer.GetProperty("data")[0].GetProperty("id").GetString()!;
    }

    [Fact]
    public async Task A_key_skips_to_the_content_and_theme_and_language_are_kept()
    {
        await Page.GotoAsync("/#/queue");
        await Expect(Button("Pause")).ToBeVisibleAsync();
        await Page.Locator(".skip").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.Locator("#main")).ToBeFocusedAsync();
        await Expect(Page.Locator("#queue")).ToBeVisibleAsync();
        await Button("Switch to dark colors").ClickAsync();
        Assert.Equal("rgb(15, 16, 19)", await Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await Page.ReloadAsync();
        await Expect(Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");

        await Page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).ClickAsync();
        await Page.GetByRole(AriaRole.Radio, new() { Name = "System" }).CheckAsync();
        await Expect(Page.Locator("html")).ToHaveAttributeAsync("data-theme", "");
        await Page.GetByRole(AriaRole.Radio, new() { Name = "Deutsch" }).CheckAsync();
        await Expect(Page.Locator("html")).ToHaveAttributeAsync("lang", "de");
        await GoAsync("queue");
        await Expect(Page.GetByText("Die Warteschlange ist leer")).ToBeVisibleAsync();
        await Page.ReloadAsync();
        await Expect(Page.GetByText("Die Warteschlange ist leer")).ToBeVisibleAsync();
        // German words are longer: nothing may be cut off by that, nor when everything is mirrored.
        foreach (string direction in new[] { "ltr", "rtl" })
        {
            foreach ((int width, int height) in Sizes)
            {
                await Page.SetViewportSizeAsync(width, height);
                foreach (string name in Pages)
                {
                    await ShowAsync(Page, "#/" + name);
                    await Page.EvaluateAsync("direction => { document.documentElement.dir = direction; }", direction);
                    Assert.Equal("", await Page.EvaluateAsync<string>(Overflow));
                }
            }
        }
    }

    private static async Task ShowAsync(IPage page, string hash)
    {
        await page.EvaluateAsync("hash => { location.hash = hash; }", hash);
        await Expect(page.Locator("main :is(button, a, select, li)").First).ToBeAttachedAsync();
        await Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
        await page.EvaluateAsync("Promise.allSettled([...document.images].filter(image => image.checkVisibility()).map(image => image.decode()))");
    }

    private static async Task<string> ViolationsAsync(IPage page, string axe)
    {
        if (!await page.EvaluateAsync<bool>("'axe' in window"))
            await page.AddScriptTagAsync(new() { Path = axe });
        return await page.EvaluateAsync<string>(
            """
            async () => {
              const { passes, violations } = await axe.run();
              if (passes.length < 10) return 'axe has looked at nothing';
              return violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(' | ')}`).join('\n');
            }
            """);
    }

    // Images, a batch, an edited one, a job that failed, some that wait.
    private async Task GenerateSomeAsync()
    {
        for (int i = 0; i < 10; i++)
        {
            string prompt = i == 3 ? Long : $"a {(i % 3 == 0 ? "large " : i % 3 == 1 ? "" : "small ")}{Colours[i % 5]} {Shapes[i % 4]} on a {Colours[(i + 1 + (i / 5)) % 5]} background";
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"{{prompt}}","size":"96x96","steps":3,"seed":{{i}},"n":{{(i == 8 ? 4 : 1)}}}""");
        }

        string last = (await GetAsync("/api/generations?limit=1"))[0].GetProperty("id").GetString()!;
        string image = (await GetAsync($"/api/generations/{last}")).GetProperty("images")[0].GetProperty("id").GetString()!;
        await PostAsync("/api/edit", $$"""{"model":"demo","prompt":"a green square","source_image_id":"{{image}}","steps":3}""");
        await FailAsync("/api/generate", "a lighthouse at dusk");
        await PostAsync("/api/queue/pause", "{}");
        foreach (string prompt in new[] { "a yellow cross on a blue background", "a small white circle on the left", Long })
            await PostAsync("/api/queue/generate", $$"""{"model":"demo","prompt":"{{prompt}}"}""");
    }
}
