using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Every key of the page's own list, one by one.</summary>
public sealed class PageKeysTests(Browser browser) : PageTest(browser)
{
    private ILocator Shown => Page.Locator("img.result").First;

    private ILocator Scale => Page.Locator(".scale");

    [Fact]
    public async Task Each_key_does_what_the_help_says()
    {
        for (int i = 1; i <= 3; i++)
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"image {{i}}","size":"64x64","steps":1}""");
        await OpenAsync();
        await Expect(Shown).ToHaveAttributeAsync("alt", "image 3");

        await Page.Keyboard.PressAsync("ArrowRight");
        await Expect(Shown).ToHaveAttributeAsync("alt", "image 2");
        await Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(Shown).ToHaveAttributeAsync("alt", "image 3");
        string fitted = await Scale.TextContentAsync() ?? "";
        await Page.Keyboard.PressAsync("1");
        await Expect(Scale).ToHaveTextAsync("100 %");
        await Page.Keyboard.PressAsync("+");
        await Expect(Scale).ToHaveTextAsync("125 %");
        await Page.Keyboard.PressAsync("-");
        await Expect(Scale).ToHaveTextAsync("100 %");
        await Page.Keyboard.PressAsync("0");
        await Expect(Scale).ToHaveTextAsync(fitted);

        await Page.Keyboard.PressAsync("/");
        await Expect(Field("prompt")).ToBeFocusedAsync();
        await Page.Keyboard.TypeAsync("a red circle");
        await Page.Keyboard.PressAsync("Control+ArrowUp");
        await Expect(Field("prompt")).ToHaveValueAsync("a red (circle:1.1)");
        await Page.Keyboard.PressAsync("Control+ArrowUp");
        await Expect(Field("prompt")).ToHaveValueAsync("a red (circle:1.2)");
        await Page.Keyboard.PressAsync("Control+ArrowDown");
        await Page.Keyboard.PressAsync("Control+ArrowDown");
        await Expect(Field("prompt")).ToHaveValueAsync("a red circle");
        // Letters typed into a field are text.
        await Page.Keyboard.PressAsync("End");
        await Page.Keyboard.PressAsync("g");
        await Expect(Field("prompt")).ToHaveValueAsync("a red circleg");
        await Page.Keyboard.PressAsync("Escape");
        await Expect(Field("prompt")).Not.ToBeFocusedAsync();

        foreach ((string key, string hash, string what) in new[] { ("g", "#/gallery", "#gallery"), ("q", "#/queue", "#queue"), ("?", "#/help", "#help") })
        {
            await Page.Keyboard.PressAsync(key);
            await Expect(Page.Locator(what)).ToBeVisibleAsync();
            Assert.EndsWith(hash, Page.Url, StringComparison.Ordinal);
            await Page.Keyboard.PressAsync("Escape");
            await Expect(Shown).ToBeVisibleAsync();
        }

        await Page.Keyboard.PressAsync("q");
        await Expect(Page.Locator("#queue")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("/");
        await Expect(Field("prompt")).ToBeFocusedAsync();
        await Page.Keyboard.PressAsync("Escape");
        await Page.Keyboard.PressAsync("u");
        await Expect(Button("Upscale now")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("Escape");
        await Expect(Shown).ToBeVisibleAsync();
        await Page.RunAndWaitForDownloadAsync(() => Page.Keyboard.PressAsync("d"));
        await Page.Keyboard.PressAsync("s");
        await Expect(Button("Star")).ToHaveAttributeAsync("aria-pressed", "true");
        await Page.Keyboard.PressAsync("e");
        await Expect(Page.Locator(".editor")).ToBeVisibleAsync();
        await Field("prompt").FillAsync(Prompt);
        await SetAsync("steps", "2");
        await Page.Locator(".facts").ClickAsync();
        await NewJobAsync(() => Page.Keyboard.PressAsync("Control+Enter"));
        await ResultAsync(Prompt);
        await Page.Keyboard.PressAsync("c");
        await Expect(Page.Locator(".compare")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("c");
        await Expect(Page.Locator(".compare")).ToHaveCountAsync(0);
        await Page.Keyboard.PressAsync("Delete");
        await Expect(Notice).ToContainTextAsync("1 image deleted");
        await Expect(Shown).ToHaveAttributeAsync("alt", "image 3");
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task The_wheel_zooms_to_the_pointer_and_a_drag_moves_the_image()
    {
        await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"{{Prompt}}","size":"256x256","steps":2}""");
        await OpenAsync();
        ILocator sheet = Page.Locator(".sheet");
        LocatorBoundingBoxResult before = (await sheet.BoundingBoxAsync())!;
        // The image fills its place to the edge: a mask lies on what it is painted on, and 100 % is one pixel for each.
        await Expect(Page.Locator("img.result")).ToHaveCSSAsync("padding", "0px");
        using (NetVips.Image seen = NetVips.Image.NewFromBuffer(await sheet.ScreenshotAsync()))
        {
            Assert.All(new[] { 3, seen.Width - 4 }, x => Assert.True(seen[x, 3] is [< 90, < 110, > 150, ..], $"At {x} the page is {string.Join(' ', seen[x, 3])}."));
        }

        await Page.Mouse.MoveAsync(before.X + 20, before.Y + 20);
        await Page.Mouse.WheelAsync(0, -100);
        LocatorBoundingBoxResult zoomed = (await sheet.BoundingBoxAsync())!;
        Assert.InRange(zoomed.Width / before.Width, 1.15, 1.25);
        Assert.InRange((before.X + 20 - zoomed.X) / zoomed.Width - (20 / before.Width), -.01, .01);
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync(before.X + 70, before.Y + 40, new() { Steps = 4 });
        await Page.Mouse.UpAsync();
        LocatorBoundingBoxResult moved = (await sheet.BoundingBoxAsync())!;
        Assert.InRange(moved.X - zoomed.X, 49, 51);
        Assert.InRange(moved.Y - zoomed.Y, 19, 21);
        await Page.Mouse.DblClickAsync(before.X + 100, before.Y + 100);
        LocatorBoundingBoxResult fitted = (await sheet.BoundingBoxAsync())!;
        Assert.Equal((Math.Round(before.X), Math.Round(before.Width)), (Math.Round(fitted.X), Math.Round(fitted.Width)));
    }
}
