using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A gallery of ten thousand pictures.</summary>
public sealed class PageGalleryTests(Browser browser) : PageTest(browser)
{
    private const int Count = 10_000;

    // What a screen and the ones before and after it have, with room for larger screens; ten thousand pictures would have thirty thousand.
    private const int MostElements = 1200;
    private const int MostBytes = 150_000;

    private ILocator Tile(int index) => Page.Locator($"#gallery li[data-index='{index}']");

    [Fact]
    public async Task Ten_thousand_pictures_are_scrolled_through_searched_and_filtered_with_few_elements()
    {
        Fill();
        await Page.AddInitScriptAsync("window.longTasks = []; new PerformanceObserver(list => longTasks.push(...list.getEntries().map(entry => entry.duration))).observe({ type: 'longtask', buffered: true })");
        await Page.GotoAsync("/#gallery");
        await Expect(Page.Locator("#gallery [role=status]")).ToHaveTextAsync("10,000 pictures");
        await SeenAsync(0);
        await Page.EvaluateAsync("async () => { for (let i = 0; i < 60; i++) { scrollBy(0, 300); await new Promise(requestAnimationFrame); } }");
        await Page.EvaluateAsync("scrollTo(0, document.documentElement.scrollHeight / 2)");
        await Expect(Page.Locator("#gallery li").First).ToHaveAttributeAsync("data-index", new Regex("^4[0-9]{3}$"));
        int middle = await Page.EvaluateAsync<int>("Number(document.querySelector('#gallery li').dataset.index)");
        Assert.InRange(middle, (Count / 2) - 300, Count / 2);
        await SeenAsync(middle + 44);
        await Tile(middle + 44).GetByRole(AriaRole.Button).FocusAsync();
        await Page.Keyboard.PressAsync("ArrowRight");
        await Expect(Tile(middle + 45).GetByRole(AriaRole.Button)).ToBeFocusedAsync();
        await Page.Keyboard.PressAsync("End");
        await SeenAsync(Count - 1);
        await Expect(Tile(Count - 1).GetByRole(AriaRole.Button)).ToBeFocusedAsync();
        await Expect(Tile(Count - 1)).ToHaveAttributeAsync("aria-setsize", $"{Count}");
        await Expect(Tile(Count - 1).GetByRole(AriaRole.Button)).ToHaveAccessibleNameAsync("a red circle, number 1");
        Assert.InRange(await Page.EvaluateAsync<int>("document.querySelectorAll('*').length"), 100, MostElements);

        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.Locator("#viewer .prompt")).ToHaveTextAsync("a red circle, number 1");
        await Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(Page.Locator("#viewer .prompt")).ToHaveTextAsync("a red circle, number 2");
        await Page.Keyboard.PressAsync("Escape");

        await Page.GetByLabel("Search in prompts").FillAsync("number 777");
        await Expect(Page.Locator("#gallery [role=status]")).ToHaveTextAsync("11 pictures");
        await SeenAsync(10);
        await Page.GetByLabel("Search in prompts").FillAsync("");
        await Page.GetByLabel("Of the model").SelectOptionAsync("sdxl");
        await Expect(Page.Locator("#gallery [role=status]")).ToHaveTextAsync("100 pictures");
        Assert.Empty(Complaints);
        await File.WriteAllTextAsync(
            Path.Combine(Browser.Screenshots, "..", "page.txt"),
            await Page.EvaluateAsync<string>(
                """
                `first contentful paint ${Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime)} ms, ` +
                `long tasks of more than 50 ms: ${longTasks.map(Math.round).join(', ') || 'none'}`
                """),
            Cancellation);
    }

    [Fact]
    public async Task The_page_is_small_and_asks_nobody_but_its_server()
    {
        List<string> elsewhere = [];
        Page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Server.Client.BaseAddress!.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                elsewhere.Add(request.Url);
        };
        await OpenAsync();
        foreach (string part in new[] { "queue", "gallery", "models", "logs" })
        {
            await GoAsync(part);
            await Expect(Page.Locator($"#{part} > *").First).ToBeVisibleAsync();
        }

        int bytes = await Page.EvaluateAsync<int>(
            """
            [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
              .filter(entry => entry.initiatorType !== 'img').reduce((sum, entry) => sum + entry.transferSize, 0)
            """);
        Assert.InRange(bytes, 20_000, MostBytes);
        Assert.Empty(elsewhere);
    }

    private async Task SeenAsync(int index)
    {
        ILocator picture = Tile(index).Locator("img");
        await Expect(picture).ToBeInViewportAsync();
        await Expect(picture).ToHaveJSPropertyAsync("complete", true, new() { Timeout = 30_000 });
        await Expect(picture).Not.ToHaveJSPropertyAsync("naturalWidth", 0);
    }

    private void Fill()
    {
        using (NetVips.Image red = NetVips.Image.Black(64, 64, bands: 3) + new double[] { 219, 26, 31 })
        using (NetVips.Image bytes = red.Cast(NetVips.Enums.BandFormat.Uchar))
            bytes.Pngsave(Path.Combine(Data, "images", "red.png"));
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Data, "sdstudio.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            $$"""
            BEGIN IMMEDIATE;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{Count}})
            INSERT INTO jobs (id, type, model, settings, status, progress, created_at, queued_at, updated_at, started_at, completed_at)
            SELECT printf('job-%06d', i), 'generate', iif(i % 100 = 0, 'sdxl', 'demo'),
                   json_object('type', 'generate', 'model', 'demo', 'prompt', printf('a red circle, number %d', i),
                       'width', 64, 'height', 64, 'seed', i, 'count', 1, 'steps', 8, 'cfg_scale', 1, 'clip_skip', 0),
                   'completed', 1, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i
            FROM n;
            INSERT INTO images SELECT 'image-' || id, id, 0, 'images/red.png', 'image/png', 64, 64, 1 FROM jobs;
            COMMIT;
            """;
        command.ExecuteNonQuery();
    }
}
