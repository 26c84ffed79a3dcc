using Microsoft.Playwright;
using SdCpp.Interop.Tests;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Videos on the page: made, played, stopped, looked through frame by frame.</summary>
public sealed class PageVideoTests(Browser browser) : PageTest(browser)
{
    private protected override Task PrepareAsync()
    {
        MovingModel.AddTo(Data, "moving");
        AddWan();
        return Task.CompletedTask;
    }

    // As far as its header is read it is one; there is no room for its real sizes.
    private void AddWan()
    {
        string file = Path.Combine(Data, "models", "wan.safetensors");
        File.WriteAllBytes(file, ModelBytes.Safetensors(ModelBytes.Named("patch_embedding.weight", "blocks.0.self_attn.q.weight", "blocks.0.cross_attn.q.weight")));
        File.WriteAllText(
            Path.Combine(Data, "wan.yml"),
            $$"""
            models:
              wan: { name: "Wan", capabilities: ["text-to-video", "image-to-video"], default_size: "64x32", args: ["-M", "vid_gen", "--diffusion-model", "{{file}}"] }

            """);
    }

    [Fact]
    public async Task A_video_is_made_played_stopped_and_looked_through()
    {
        await OpenAsync();
        await Field("model").SelectOptionAsync("moving");
        await Expect(Generate).ToHaveTextAsync("Generate a video");
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

    [Fact]
    public async Task What_frames_follow_is_sent_in_the_order_of_its_names()
    {
        // Browsers show nobody the bodies of forms with files.
        await Page.AddInitScriptAsync("const real = fetch; window.fetch = (url, options) => { if (options?.body instanceof FormData) window.sent = options.body.getAll('control_frames').map(file => file.name); return real(url, options); };");
        await OpenAsync();
        await Field("model").SelectOptionAsync("moving");
        ILocator choose = Page.GetByLabel("Choose frames");
        await Expect(choose).ToHaveCountAsync(0);
        await Field("model").SelectOptionAsync("wan");
        byte[] png;
        using (NetVips.Image black = NetVips.Image.Black(64, 32, bands: 3))
            png = black.PngsaveBuffer();
        FilePayload FrameOf(int number) => new() { Name = $"frame{number}.png", MimeType = "image/png", Buffer = png };
        await choose.SetInputFilesAsync([FrameOf(10), FrameOf(2), FrameOf(1)]);
        await Expect(Page.Locator("[data-name=control_frames]")).ToContainTextAsync("3 frames");
        await SetAsync("frames", "9");
        await Field("prompt").FillAsync("it follows");

        IResponse answer = await Page.RunAndWaitForResponseAsync(() => Generate.ClickAsync(), response => response.Url.EndsWith("/api/queue/video", StringComparison.Ordinal));

        Assert.Equal(200, answer.Status);
        Assert.Equal(["frame1.png", "frame2.png", "frame10.png"], await Page.EvaluateAsync<string[]>("sent"));
        await Button("Remove the frames").ClickAsync();
        await Expect(choose).ToHaveCountAsync(1);
    }
}
