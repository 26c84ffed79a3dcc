using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Drawing with the page.</summary>
public sealed class PageTests(Browser browser) : PageTest(browser)
{
    [Fact]
    public async Task A_newcomer_types_a_prompt_and_sees_the_picture_grow_and_appear()
    {
        await OpenAsync();
        await Field("prompt").PressAsync("Enter");
        await Expect(Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("Write what you want to see");
        await Field("prompt").FillAsync(Prompt);
        await SetAsync("steps", "30");
        await Field("prompt").PressAsync("Enter");

        await Expect(Page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        await Expect(Page.Locator("#preview")).ToBeVisibleAsync(Patiently);
        await Expect(Page.Locator("#phase")).ToContainTextAsync("left");
        await Expect(Page.Locator("#phase")).ToContainTextAsync(new Regex("step (1[6-9]|2[0-9]) of"), new() { Timeout = 60_000 });
        await Page.EvaluateAsync("scrollTo(0, 0)");
        await ShotAsync(Page, "drawing");
        Assert.True(RedCircle.IsOn(await ResultAsync(Prompt)));
        await Expect(Page.Locator(".recent li")).ToHaveCountAsync(1);
        await ShotAsync(Page, "create");

        await SetAsync("steps", "100000");
        await Button("Draw").ClickAsync();
        await Expect(Page.Locator("#create [role=alert]:visible").First).ToContainTextAsync("steps is '100000'; allowed is a whole number from 1 to 1000");
        await Expect(Field("steps")).ToBeFocusedAsync();
        await Button("Earlier prompts").ClickAsync();
        await Expect(Page.Locator("#prompts button").First).ToHaveTextAsync(Prompt);
        Assert.Single(Complaints, complaint => complaint.Contains("400", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_running_job_can_be_cancelled_and_outlives_a_refresh_and_a_restart()
    {
        await OpenAsync();
        await DrawAsync(Prompt, "900");
        await Expect(Page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        await Page.ReloadAsync();
        await Expect(Page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        await Button("Cancel").First.ClickAsync();
        await Expect(Page.GetByText("Cancelled.").First).ToBeVisibleAsync(Patiently);

        await DrawAsync(Prompt, "40");
        await Expect(Page.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 30_000 });
        int port = Server.Client.BaseAddress!.Port;
        await Server.SignalAsync("KILL");
        await Expect(Page.Locator("#connection")).ToContainTextAsync("No connection", new() { Timeout = 30_000 });
        await Button("Draw").ClickAsync();
        await Expect(Page.Locator("#create [role=alert]:visible").First).ToContainTextAsync("The server does not answer");
        Server.Dispose();
        Server = ServerProcess.Launch(Data, port);
        Assert.True(RedCircle.IsOn(await ResultAsync(Prompt)));
        await Expect(Page.Locator("#connection")).ToBeEmptyAsync();
    }

    [Fact]
    public async Task Sizes_seeds_and_counts_are_what_was_chosen_and_a_picture_is_drawn_again_and_varied()
    {
        await OpenAsync();
        await Page.GetByText("9:16").ClickAsync();
        Assert.Equal("192x336", await Page.Locator(".shapes input:checked").InputValueAsync());
        await SizeAsync(64, 96);
        await Button("Swap width and height").ClickAsync();
        await Field("n").FillAsync("2");
        await Button("Roll a seed").ClickAsync();
        string seed = await Field("seed").InputValueAsync();
        await DrawAsync(Prompt, "2");
        byte[] first = await ResultAsync(Prompt);
        await Expect(Page.Locator("img.result")).ToHaveCountAsync(2);
        Assert.Equal("96", await Page.Locator("img.result").First.GetAttributeAsync("width"));

        await Page.Locator("img.result").First.ClickAsync();
        await Expect(Page.Locator("#viewer dl")).ToContainTextAsync(seed);
        await Button("Copy infotext").ClickAsync();
        await Expect(Page.Locator("#toast")).ToContainTextAsync("copied");
        Assert.Contains($"Seed: {seed}", await Page.EvaluateAsync<string>("navigator.clipboard.readText()"), StringComparison.Ordinal);
        IDownload download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        Assert.Equal(first, await File.ReadAllBytesAsync(await download.PathAsync(), Cancellation));
        await Button("Draw again").ClickAsync();
        await Expect(Page.Locator("img.result")).ToHaveCountAsync(1, new() { Timeout = 60_000 });
        Assert.Equal(0, Distance(first, await ResultAsync(Prompt), .5));
        Assert.Equal(seed, await Field("seed").InputValueAsync());

        await Page.Locator("img.result").ClickAsync();
        await Button("Vary").ClickAsync();
        await Expect(Field("seed")).ToHaveValueAsync(new Regex($"^(?!{seed}$)[0-9]+$"), new() { Timeout = 60_000 });
        string varied = await Field("seed").InputValueAsync();
        await Button("Keep this seed").ClickAsync();
        await Button("Draw").ClickAsync();
        await Expect(Page.Locator(".recent li")).ToHaveCountAsync(4, new() { Timeout = 60_000 });
        Assert.Equal(varied, (await GetAsync("/api/generations?limit=1"))[0].GetProperty("seed").GetString());
        Assert.Empty(Complaints);
    }
}
