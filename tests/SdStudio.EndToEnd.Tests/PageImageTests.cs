using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Starting from images: chosen, dropped, pasted, painted on, widened, compared, upscaled.</summary>
public sealed class PageImageTests(Browser browser) : PageTest(browser)
{
    private const string Green = "a green square on a white background";

    private static readonly double[] Red = [219, 26, 31];

    private protected override (string Name, string Value)[] Settings => [("SdStudio__Limits__MaxRequestBytes", "300000")];

    private ILocator InputImage => Page.Locator("#input-image");

    private ILocator Question => Page.Locator(".drop-question");

    [Fact]
    public async Task An_image_is_chosen_dropped_pasted_painted_on_with_keys_and_refused_in_words()
    {
        await OpenAsync();
        byte[] red = Plain(200, 200, Red);
        await Page.Locator("#settings input[type=file]").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = red });
        await Expect(InputImage).ToBeVisibleAsync();
        await Expect(Generate).ToHaveTextAsync("Generate from image");
        await Field("strength").FillAsync("0.95");
        await SizeAsync(128, 128);
        string id = await GenerateAsync(Green, "8");
        byte[] image = await ResultAsync(Green);
        Assert.True(Distance(image, Plain(256, 256, [26, 150, 51]), .5) < 150, "What was generated from the red image is not green.");
        Assert.NotEqual("null", (await GetAsync($"/api/queue/{id}")).GetProperty("input_image_path").ToString());

        await Button("Remove image").ClickAsync();
        Assert.True(await TransferAsync("drop", "#settings", red, "image/png", "dropped.png"));
        await Question.GetByRole(AriaRole.Button, new() { Name = "Start from it" }).ClickAsync();
        await Expect(InputImage).ToBeVisibleAsync();
        await Button("Remove image").ClickAsync();
        await TransferAsync("paste", "body", red, "image/png", "pasted.png");
        await Question.GetByRole(AriaRole.Button, new() { Name = "Start from it" }).ClickAsync();
        await Expect(Page.GetByText("200 × 200 pixels")).ToBeVisibleAsync();
        ILocator canvas = Page.GetByRole(AriaRole.Application);
        await canvas.FocusAsync();
        await canvas.PressAsync("ArrowLeft");
        await canvas.PressAsync("Space");
        await PaintedAsync(88, 100);
        await PaintedAsync(160, 100, not: true);
        await Button("Remove image").ClickAsync();

        await TransferAsync("drop", "body", "words"u8.ToArray(), "text/plain", "words.txt");
        await Expect(Notice).ToContainTextAsync("What was dropped is not an image.");
        await TransferAsync("drop", "body", red[..100], "image/png", "broken.png");
        await Expect(Notice).ToContainTextAsync("broken.png is not an image that this browser can read");
        byte[] large = [.. red, .. new byte[400_000]];
        await TransferAsync("drop", "body", large, "image/png", "large.png");
        await Question.GetByRole(AriaRole.Button, new() { Name = "Start from it" }).ClickAsync();
        await Expect(Notice).ToContainTextAsync("large.png has");
        Assert.All(Complaints, complaint => Assert.Matches("404|413", complaint));
    }

    [Fact]
    public async Task An_image_is_changed_where_the_mask_is_compared_searched_deleted_and_brought_back()
    {
        await OpenAsync();
        await SizeAsync(128, 128);
        string first = await GenerateAsync(Prompt, "8");
        byte[] before = await ResultAsync(Prompt);
        await Button("Edit").ClickAsync();
        await Expect(Page.GetByText("128 × 128 pixels")).ToBeVisibleAsync();
        await Expect(Page.Locator(".mask-layer")).ToBeVisibleAsync();
        await Field("brush").FillAsync("44");
        await Field("mask_blur").FillAsync("0");
        LocatorBoundingBoxResult box = (await Page.Locator(".sheet").BoundingBoxAsync())!;
        await Page.Mouse.MoveAsync(box.X + (box.Width / 8), box.Y + 4);
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync(box.X + (box.Width / 8), box.Y + box.Height - 4, new() { Steps = 6 });
        await Page.Mouse.UpAsync();
        await GenerateAsync(Green);
        byte[] changed = await ResultAsync(Green);
        Assert.True(
            Distance(before, changed, .95) < 40 && Distance(before, changed, .1) > 60,
            $"Only what was painted is generated again: {Distance(before, changed, .1)} there, {Distance(before, changed, .95)} elsewhere.");

        await Button("Compare").ClickAsync();
        await Page.GetByLabel("How much of the image before is shown").FillAsync("100");
        await Expect(Page.GetByAltText("Before")).ToHaveJSPropertyAsync("naturalWidth", 128);
        Assert.Equal("inset(0px)", await Page.GetByAltText("Before").EvaluateAsync<string>("image => getComputedStyle(image).clipPath.replace(/0px 0%|0px 0px/, '0px').replace(/\\(0px.*\\)/, '(0px)')"));
        await Page.GoBackAsync();

        // What it started from and the mask come back with its settings.
        await Button("Remove image").ClickAsync();
        await ChooseAsync("Reuse", "All settings");
        await Expect(Generate).ToHaveTextAsync("Inpaint the masked area");
        await GenerateAsync();
        Assert.True(Distance(changed, await ResultAsync(Green), .1) < 10);

        await GoAsync("gallery");
        await Expect(Tiles).ToHaveCountAsync(3);
        await Page.GetByLabel("Search prompts").FillAsync("circle");
        await Expect(Tiles).ToHaveCountAsync(1);
        await Tiles.GetByRole(AriaRole.Link).ClickAsync();
        await Page.WaitForURLAsync(url => url.EndsWith("#/image/" + first, StringComparison.Ordinal));
        await Button("Delete").ClickAsync();
        await Expect(Page.GetByText("No matches")).ToBeVisibleAsync();
        await Notice.Locator(".notice", new() { HasText = "deleted" }).GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(Tiles).ToHaveCountAsync(1);
        await Tiles.GetByRole(AriaRole.Link).ClickAsync();
        await Button("Delete").ClickAsync();
        await Expect(Tiles).ToHaveCountAsync(0);
        Assert.Equal(3, (await GetAsync("/api/generations")).GetArrayLength());
        // Whoever leaves does not want it back.
        await Page.GotoAsync("about:blank");
        await OpenAsync("#/gallery");
        await Expect(Tiles).ToHaveCountAsync(2);
        Assert.Equal(2, (await GetAsync("/api/generations")).GetArrayLength());
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_mask_is_undone_inverted_erased_by_key_and_an_image_is_widened()
    {
        await OpenAsync();
        await Page.Locator("#settings input[type=file]").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Plain(96, 96, Red) });
        await Expect(InputImage).ToBeVisibleAsync();
        int brush = int.Parse(await Field("brush").InputValueAsync(), System.Globalization.CultureInfo.InvariantCulture);
        await Page.Locator(".viewport").HoverAsync();
        await Page.Keyboard.PressAsync("]");
        Assert.True(int.Parse(await Field("brush").InputValueAsync(), System.Globalization.CultureInfo.InvariantCulture) > brush);
        await Page.Keyboard.PressAsync("[");
        await Expect(Page.Locator(".ring")).ToBeVisibleAsync();

        LocatorBoundingBoxResult box = (await Page.Locator(".sheet").BoundingBoxAsync())!;
        await Page.Mouse.ClickAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2));
        await PaintedAsync(48, 48);
        await Page.Keyboard.PressAsync("Control+z");
        await PaintedAsync(48, 48, not: true);
        await Page.Keyboard.PressAsync("Control+Shift+z");
        await PaintedAsync(48, 48);
        await Page.Keyboard.PressAsync("i");
        await PaintedAsync(48, 48, not: true);
        await PaintedAsync(5, 5);
        await Page.Keyboard.PressAsync("x");
        await Page.Mouse.ClickAsync(box.X + (box.Width / 20), box.Y + (box.Height / 20));
        await PaintedAsync(5, 5, not: true);
        await Button("Clear").ClickAsync();
        await Expect(Generate).ToHaveTextAsync("Generate from image");

        // The mask outlives a reload, as the image does.
        await Page.Keyboard.PressAsync("x");
        await Page.Mouse.ClickAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2));
        await Expect(Generate).ToHaveTextAsync("Inpaint the masked area");
        await KeptAsync("mask");
        await Page.ReloadAsync();
        await Expect(Generate).ToHaveTextAsync("Inpaint the masked area", new() { Timeout = 90_000 });
        await PaintedAsync(48, 48);

        await ChooseAsync("Extend", "To the right");
        await Expect(Page.GetByText("120 × 96 pixels")).ToBeVisibleAsync();
        await PaintedAsync(110, 48);
        await Button("Undo").ClickAsync();
        await Expect(Page.GetByText("96 × 96 pixels")).ToBeVisibleAsync();
        await ChooseAsync("Extend", "To the right");
        string id = await GenerateAsync(Green, "6");
        byte[] wide = await ResultAsync(Green);
        Assert.Equal("120x96", (await GetAsync($"/api/queue/{id}")).GetProperty("size").GetString());
        Assert.True(Distance(wide, Plain(120, 96, Red), .05) < 60, "The old part is kept.");
        Assert.True(Distance(wide, Plain(120, 96, Red), .96) > 60, "The new part is another one.");
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task An_image_is_upscaled_by_what_and_how_much_was_chosen()
    {
        await OpenAsync("#/upscale");
        await Page.Locator(".stage input[type=file]").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Plain(60, 40, Red) });
        ILocator upscaler = Field("upscaler");
        await Expect(upscaler).ToHaveValueAsync("demo-x4");
        await upscaler.SelectOptionAsync("realesrgan-x4plus");
        await Expect(Button("Download the upscaler · 67 MB")).ToBeVisibleAsync();
        await upscaler.SelectOptionAsync("demo-x4");
        await Button("3×").ClickAsync();
        await Expect(Page.GetByText("60 × 40 becomes 180 × 120")).ToBeVisibleAsync();
        await NewJobAsync(() => Button("Upscale now").ClickAsync());
        ILocator result = Page.Locator("img.result");
        await Expect(result).ToHaveAttributeAsync("width", "180", new() { Timeout = 180_000 });
        await Expect(Page.Locator(".facts")).ToContainTextAsync("Demo 4x");

        await Page.GetByRole(AriaRole.Link, new() { Name = "Upscale", Exact = true }).ClickAsync();
        await upscaler.SelectOptionAsync("lanczos");
        await Field("upscale_factor").FillAsync("1.5");
        await NewJobAsync(() => Button("Upscale now").ClickAsync());
        await Expect(result).ToHaveAttributeAsync("width", "270", new() { Timeout = 180_000 });
        Assert.Empty(Complaints);
    }

    // A mask that was kept comes after the page's words.
    private async Task PaintedAsync(int x, int y, bool not = false) => await Page.WaitForFunctionAsync(
        """
        ([x, y, painted]) => {
          const layer = document.querySelector('canvas.mask-layer');
          return layer !== null && (layer.getContext('2d').getImageData(x, y, 1, 1).data[3] > 128) === painted;
        }
        """, new object[] { x, y, !not });
}
