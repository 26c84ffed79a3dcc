using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What the page looks like, to people and to those who cannot see it; its screenshots are those of the README.</summary>
public sealed class PageLooksTests(Browser browser) : PageTest(browser)
{
    private static readonly string[] Parts = ["create", "queue", "gallery", "models", "logs"];
    private static readonly string[] Shapes = ["circle", "square", "cross", "circle"];
    private static readonly string[] Colours = ["red", "green", "yellow", "blue", "white"];

    [Fact]
    public async Task It_fits_a_phone_and_keeps_nobody_out_in_light_and_dark()
    {
        await FitAPhoneAsync();
        await DrawSomeAsync();
        string last = (await GetAsync("/api/generations?limit=1"))[0].GetProperty("id").GetString()!;
        string axe = await NodeClients.FileAsync(Path.Combine("axe-core", "axe.min.js"));
        foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            // The page lets in no scripts of others; the test brings one.
            await using IBrowserContext context = await Chromium.NewContextAsync(new()
            {
                BaseURL = Server.Client.BaseAddress!.ToString(), BypassCSP = true, ColorScheme = scheme, ViewportSize = new() { Width = 1280, Height = 800 },
            });
            IPage page = await context.NewPageAsync();
            await page.GotoAsync("/");
            foreach (string part in Parts)
            {
                await ShowAsync(page, part);
                if (part == "logs")
                {
                    await page.GetByLabel("Of the job").FillAsync(last);
                    await page.Keyboard.PressAsync("Enter");
                    await Expect(page.Locator(".line.debug").First).ToBeVisibleAsync();
                }

                await ShotAsync(page, $"{part}-{scheme.ToString().ToLowerInvariant()}");
                await LookAsync(page, axe, $"{part}, {scheme}");
            }

            await ShowAsync(page, "gallery");
            await page.Locator("#gallery li button").Nth(1).ClickAsync();
            await Expect(page.Locator("#viewer img")).ToHaveJSPropertyAsync("complete", true);
            await ShotAsync(page, $"viewer-{scheme.ToString().ToLowerInvariant()}");
            await LookAsync(page, axe, $"viewer, {scheme}");
            await page.GetByRole(AriaRole.Button, new() { Name = "Enlarge", Exact = true }).ClickAsync();
            await Expect(page.GetByText("becomes")).ToBeVisibleAsync();
            await LookAsync(page, axe, $"enlarge, {scheme}");
        }
    }

    [Fact]
    public async Task A_key_skips_to_the_content_and_the_theme_is_kept()
    {
        await Page.GotoAsync("/#queue");
        await Expect(Button("Pause")).ToBeVisibleAsync();
        await Page.Locator(".skip").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.Locator("#main")).ToBeFocusedAsync();
        await Expect(Page.Locator("#queue")).ToBeVisibleAsync();
        await Button("Light or dark").ClickAsync();
        Assert.Equal("rgb(16, 17, 22)", await Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await Page.ReloadAsync();
        await Expect(Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }

    private async Task FitAPhoneAsync()
    {
        await using IBrowserContext phone = await Chromium.NewContextAsync(new()
        {
            BaseURL = Server.Client.BaseAddress!.ToString(), ViewportSize = new() { Width = 360, Height = 740 }, ColorScheme = ColorScheme.Dark, HasTouch = true,
            ReducedMotion = ReducedMotion.Reduce,
        });
        IPage page = await phone.NewPageAsync();
        await page.GotoAsync("/");
        foreach (string part in Parts)
        {
            await ShowAsync(page, part);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 360, $"{part} is wider than a phone.");
            await ShotAsync(page, $"phone-{part}");
        }

        await ShowAsync(page, "create");
        await page.Locator("#prompt").FillAsync(Prompt);
        await page.Locator("#prompt").PressAsync("Enter");
        ILocator result = page.Locator("img.result");
        await Expect(result).ToBeVisibleAsync(Patiently);
        // Right below the button, without a search for it.
        Assert.True((await result.BoundingBoxAsync())!.Y < 740);
        await ShotAsync(page, "phone-create");
        await result.TapAsync();
        await Expect(page.Locator("#viewer")).ToBeVisibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('#viewer').scrollWidth <= document.querySelector('#viewer').clientWidth"));
        Assert.Equal("none", await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.thumb img') ?? document.body).transitionProperty.replace('all', 'none')"));
        Assert.Equal("rgb(16, 17, 22)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }

    private static async Task ShowAsync(IPage page, string part)
    {
        await page.Locator($"nav a[href='#{part}']").ClickAsync();
        await Expect(page.Locator($"#{part}")).ToBeVisibleAsync();
        await Expect(page.Locator($"#{part} :is(button, select, li)").First).ToBeAttachedAsync();
        await page.EvaluateAsync("Promise.allSettled([...document.images].filter(image => image.checkVisibility()).map(image => image.decode()))");
    }

    private static async Task LookAsync(IPage page, string axe, string where)
    {
        await Expect(page.Locator("#toast .bad")).ToHaveCountAsync(0);
        await page.AddScriptTagAsync(new() { Path = axe });
        string found = await page.EvaluateAsync<string>(
            """
            async () => {
              const { passes, violations } = await axe.run();
              if (passes.length < 10) return 'axe has looked at nothing';
              return violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' | ')}`).join('\n');
            }
            """);
        Assert.True(found.Length == 0, $"{where}: {found}");
    }

    // Pictures, a job that failed, some that wait.
    private async Task DrawSomeAsync()
    {
        for (int i = 0; i < 14; i++)
        {
            string prompt = $"a {(i % 3 == 0 ? "large " : i % 3 == 1 ? "" : "small ")}{Colours[i % 5]} {Shapes[i % 4]} on a {Colours[(i + 1 + (i / 5)) % 5]} background";
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"{{prompt}}","size":"96x96","steps":3,"seed":{{i}}}""");
        }

        await PostAsync("/api/generate", """{"model":"sd15","prompt":"a lighthouse at dusk"}""");
        await PostAsync("/api/queue/pause", "{}");
        foreach (string prompt in new[] { "a yellow cross on a blue background", "a small white circle on the left", "a large green square" })
            await PostAsync("/api/queue/generate", $$"""{"model":"demo","prompt":"{{prompt}}"}""");
    }
}
