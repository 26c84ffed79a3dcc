using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Beginning from pictures: chosen, dropped, pasted, painted on, enlarged.</summary>
public sealed class PagePictureTests(Browser browser) : PageTest(browser)
{
    private const string Green = "a green square on a white background";

    private protected override (string Name, string Value)[] Settings => [("SdStudio__Limits__MaxRequestBytes", "300000")];

    [Fact]
    public async Task A_picture_is_chosen_dropped_pasted_painted_on_with_keys_and_refused_in_words()
    {
        await OpenAsync();
        byte[] red = Picture(200, 200, [219, 26, 31]);
        ILocator drawn = Page.Locator("#create .mask img").First;
        await Page.Locator("#create input[type=file]").First.SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = red });
        await Expect(drawn).ToBeVisibleAsync();
        await Page.Locator("[name=strength]").FillAsync("0.95");
        await SizeAsync(128, 128);
        await DrawAsync(Green, "8");
        byte[] picture = await ResultAsync(Green);
        Assert.True(Distance(picture, Picture(256, 256, [26, 150, 51]), .5) < 150, "What was drawn from the red picture is not green.");
        Assert.NotEqual("null", (await GetAsync("/api/generations?limit=1"))[0].GetProperty("input_image_path").ToString());

        await Button("Remove the picture").First.ClickAsync();
        await TransferAsync("drop", red, "image/png", "dropped.png");
        await Expect(drawn).ToBeVisibleAsync();
        await Button("Remove the picture").First.ClickAsync();
        await TransferAsync("paste", red, "image/png", "pasted.png");
        await Expect(drawn).ToBeVisibleAsync();
        await Expect(Page.GetByText("200 × 200 pixels")).ToBeVisibleAsync();
        ILocator canvas = Page.Locator(".mask canvas");
        await canvas.FocusAsync();
        await canvas.PressAsync("ArrowLeft");
        await canvas.PressAsync("Space");
        string painted = await canvas.EvaluateAsync<string>("canvas => canvas.getContext('2d').getImageData(80, 100, 1, 1).data.join()");
        Assert.Equal("255,61,127,255", painted);
        await Button("Remove the picture").First.ClickAsync();

        ILocator problem = Page.Locator("#create fieldset > [role=alert]:visible");
        await TransferAsync("drop", "words"u8.ToArray(), "text/plain", "words.txt");
        await Expect(problem).ToHaveTextAsync("What was dropped is no picture.");
        await TransferAsync("drop", red[..100], "image/png", "broken.png");
        await Expect(problem).ToContainTextAsync("broken.png is no picture that this browser can read");
        await TransferAsync("drop", new byte[400_000], "image/png", "large.png");
        await Expect(problem).ToContainTextAsync("large.png has");
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_picture_is_changed_where_the_mask_is_searched_deleted_and_brought_back()
    {
        await OpenAsync();
        await SizeAsync(128, 128);
        await DrawAsync(Prompt, "8");
        byte[] first = await ResultAsync(Prompt);
        await Page.Locator("img.result").ClickAsync();
        await Button("Use as input").ClickAsync();
        ILocator canvas = Page.Locator(".mask canvas");
        await Expect(Page.GetByText("128 × 128 pixels")).ToBeVisibleAsync();
        await Page.GetByLabel("Brush: paint to draw only there").FillAsync("44");
        LocatorBoundingBoxResult box = (await canvas.BoundingBoxAsync())!;
        for (int y = 0; y < 4; y++)
            await canvas.ClickAsync(new() { Position = new() { X = box.Width / 8, Y = box.Height * (y + .5f) / 4 } });
        await Field("prompt").FillAsync(Green);
        await Button("Draw").ClickAsync();
        byte[] changed = await ResultAsync(Green);
        Assert.True(
            Distance(first, changed, .95) < 40 && Distance(first, changed, .1) > 60,
            $"Only what was painted is drawn anew: {Distance(first, changed, .1)} there, {Distance(first, changed, .95)} elsewhere.");

        // What it began from and the mask come back with it.
        await Page.Locator("img.result").ClickAsync();
        await Button("Draw again").ClickAsync();
        await Expect(Page.Locator(".recent li")).ToHaveCountAsync(3, new() { Timeout = 60_000 });
        Assert.True(Distance(changed, await ResultAsync(Green), .1) < 10);

        await GoAsync("gallery");
        ILocator tiles = Page.Locator("#gallery li");
        await Expect(tiles).ToHaveCountAsync(3);
        await Page.GetByLabel("Search in prompts").FillAsync("circle");
        await Expect(tiles).ToHaveCountAsync(1);
        await tiles.GetByRole(AriaRole.Button).ClickAsync();
        await Button("Delete").ClickAsync();
        await Expect(tiles).ToHaveCountAsync(0);
        await Expect(Page.GetByText("Nothing is like that")).ToBeVisibleAsync();
        await Button("Undo").ClickAsync();
        await Expect(tiles).ToHaveCountAsync(1);
        await tiles.GetByRole(AriaRole.Button).ClickAsync();
        await Button("Delete").ClickAsync();
        await Expect(tiles).ToHaveCountAsync(0);
        Assert.Equal(3, (await GetAsync("/api/generations")).GetArrayLength());
        // Whoever leaves does not want it back.
        await Page.ReloadAsync();
        await Expect(tiles).ToHaveCountAsync(2);
        Assert.Equal(2, (await GetAsync("/api/generations")).GetArrayLength());
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_picture_is_enlarged_by_what_and_how_much_was_chosen()
    {
        await OpenAsync();
        await Page.Locator("#create .modes").GetByText("Enlarge").ClickAsync();
        await Expect(Button("Enlarge")).ToBeDisabledAsync();
        await Page.Locator("#create form:visible input[type=file]").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Picture(60, 40, [219, 26, 31]) });
        ILocator upscaler = Page.GetByLabel("Upscaler");
        await Expect(upscaler).ToHaveValueAsync("demo-x4");
        await upscaler.SelectOptionAsync("realesrgan-x4plus");
        await Expect(Button("Download it")).ToBeVisibleAsync();
        await upscaler.SelectOptionAsync("demo-x4");
        await Button("3 ×").ClickAsync();
        await Expect(Page.GetByText("60 × 40 becomes 180 × 120 pixels")).ToBeVisibleAsync();
        await ShotAsync(Page, "enlarge");
        await Button("Enlarge").ClickAsync();
        ILocator result = Page.Locator("img.result");
        await Expect(result).ToHaveAttributeAsync("width", "180", new() { Timeout = 60_000 });

        await result.ClickAsync();
        await Expect(Page.Locator("#viewer dl")).ToContainTextAsync("Demo 4x");
        await Page.Locator("#viewer").GetByRole(AriaRole.Button, new() { Name = "Enlarge" }).ClickAsync();
        await upscaler.SelectOptionAsync("lanczos");
        await Page.GetByLabel("Factor").FillAsync("1.5");
        await Button("Enlarge").ClickAsync();
        await Expect(result).ToHaveAttributeAsync("width", "270", new() { Timeout = 60_000 });
        Assert.Empty(Complaints);
    }

    private static byte[] Picture(int width, int height, double[] colour)
    {
        using NetVips.Image image = NetVips.Image.Black(width, height, bands: 3) + colour;
        using NetVips.Image bytes = image.Cast(NetVips.Enums.BandFormat.Uchar);
        return bytes.PngsaveBuffer();
    }

    // What a browser hands to the page when a file is let go over it, or comes out of the clipboard.
    private async Task TransferAsync(string type, byte[] bytes, string mimeType, string name) => await Page.EvaluateAsync(
        """
        ([type, base64, mimeType, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], name, { type: mimeType }));
          const target = document.querySelector('.drop');
          target.dispatchEvent(type === 'drop'
            ? new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })
            : new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
        }
        """,
        new[] { type, Convert.ToBase64String(bytes), mimeType, name });
}
