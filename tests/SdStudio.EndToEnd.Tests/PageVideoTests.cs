using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Videos on the page: made, played, stopped, looked through frame by frame.</summary>
public sealed class PageVideoTests(Browser browser) : PageTest(browser)
{
    private protected override Task PrepareAsync()
    {
        MovingModel.AddTo(Data, "moving");
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_video_is_made_played_stopped_and_looked_through()
    {
        await OpenAsync();
        await Field("model").SelectOptionAsync("moving");
        await Expect(Generate).ToHaveTextAsync("Make a video");
        await Expect(Page.Locator("[name=n]")).ToHaveCountAsync(0);
        await SizeAsync(64, 32);
        await SetAsync("frames", "9");
        await SetAsync("fps", "8");
        await SetAsync("seed", "7");

        await GenerateAsync("a red circle moves to the right", "2");

        ILocator player = Page.Locator(".player");
        await Expect(player.GetByRole(AriaRole.Img)).ToBeVisibleAsync(Patiently);
        Assert.Equal(64, await player.Locator("img").EvaluateAsync<int>("async image => { await image.decode(); return image.naturalWidth; }"));
        await Expect(Page.Locator(".facts")).ToContainTextAsync("1.1 s");
        await Expect(Button("Edit")).ToHaveCountAsync(0);

        await Button("Pause").ClickAsync();
        ILocator position = player.GetByRole(AriaRole.Slider);
        await position.FillAsync("8");
        await Expect(player.GetByRole(AriaRole.Img)).ToHaveAccessibleNameAsync("a red circle moves to the right: Frame 9 of 9");
        await position.PressAsync("ArrowLeft");
        await Expect(player.GetByRole(AriaRole.Img)).ToHaveAccessibleNameAsync("a red circle moves to the right: Frame 8 of 9");
        await Button("Play").ClickAsync();
        await Expect(player.Locator("img")).ToBeVisibleAsync();

        await GoAsync("gallery");
        await Expect(Tiles.First.Locator(".badge")).ToContainTextAsync("1.1 s");
        Assert.Empty(Complaints);
    }
}
