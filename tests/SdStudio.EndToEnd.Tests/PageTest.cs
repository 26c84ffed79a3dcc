using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>One browser for all tests of the page.</summary>
[CollectionDefinition(Name)]
public sealed class PageGroup : ICollectionFixture<Browser>
{
    public const string Name = "Page";
}

/// <summary>The page in a real browser, against a real server that draws with the demo model.</summary>
[Collection(PageGroup.Name)]
public abstract class PageTest(Browser browser) : IAsyncLifetime
{
    private protected const string Prompt = "a red circle on a blue background";
    private const string NoBrowser = "There is no Chromium, and none can be installed without root.";
    private IBrowserContext? _context;

    private protected static LocatorAssertionsToBeVisibleOptions Patiently { get; } = new() { Timeout = 60_000 };

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected string Data { get; } = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    private protected ServerProcess Server { get; set; } = null!;

    private protected IPage Page { get; private set; } = null!;

    /// <summary>What the page said to nobody: errors of its scripts, requests that failed.</summary>
    private protected List<string> Complaints { get; } = [];

    private protected IBrowser Chromium => browser.Chromium!;

    private protected virtual (string Name, string Value)[] Settings => [];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(browser.Chromium is null, NoBrowser);
        await PrepareAsync();
        Server = await ServerProcess.StartAsync(Data, Settings);
        _context = await Chromium.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = Server.Client.BaseAddress!.ToString(), AcceptDownloads = true, ViewportSize = new() { Width = 1280, Height = 800 },
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        _context.SetDefaultTimeout(30_000);
        Page = await _context.NewPageAsync();
        Page.PageError += (_, error) => Complaints.Add(error);
        Page.Console += (_, message) =>
        {
            if (message.Type == "error")
                Complaints.Add(message.Text);
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (_context is not null)
            await _context.DisposeAsync();
        Server?.Dispose();
        await LeaveAsync();
        Directory.Delete(Data, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>What is there before the server starts.</summary>
    private protected virtual Task PrepareAsync() => Task.CompletedTask;

    private protected virtual Task LeaveAsync() => Task.CompletedTask;

    private protected ILocator Button(string name, bool exact = true) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = exact });

    private protected ILocator Field(string name) => Page.Locator($"#create [name={name}]");

    private protected async Task OpenAsync()
    {
        await Page.GotoAsync("/");
        await Expect(Field("model")).ToHaveValueAsync("demo", new() { Timeout = 30_000 });
        // The engine loads beside the server.
        await Expect(Button("Draw")).ToBeEnabledAsync(new() { Timeout = 30_000 });
    }

    private protected Task GoAsync(string part) => Page.Locator($"nav a[href='#{part}']").ClickAsync();

    private protected async Task SetAsync(string name, string value)
    {
        await Page.Locator("#create details").First.EvaluateAsync("element => element.open = true");
        await Field(name).FillAsync(value);
    }

    private protected async Task SizeAsync(int width, int height)
    {
        await Page.Locator(".shapes").GetByText("Other").ClickAsync();
        await Page.GetByLabel("Width, pixels").FillAsync($"{width}");
        await Page.GetByLabel("Height, pixels").FillAsync($"{height}");
    }

    private protected async Task DrawAsync(string prompt, string steps)
    {
        await Field("prompt").FillAsync(prompt);
        await SetAsync("steps", steps);
        await Button("Draw").ClickAsync();
    }

    private protected async Task<byte[]> ResultAsync(string prompt)
    {
        ILocator image = Page.Locator("img.result").First;
        await Expect(image).ToHaveAttributeAsync("alt", prompt, new() { Timeout = 120_000 });
        return await Server.Client.GetByteArrayAsync(new Uri((await image.GetAttributeAsync("src"))!, UriKind.Relative), Cancellation);
    }

    private protected async Task<JsonElement> PostAsync(string path, string json)
    {
        using var request = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Server.Client.PostAsync(new Uri(path, UriKind.Relative), request, Cancellation);
        return await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
    }

    private protected async Task<JsonElement> GetAsync(string path) =>
        await Server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);

    /// <summary>Keeps a screenshot, in 256 colours: those of the README are read over lines of every kind.</summary>
    private protected static async Task ShotAsync(IPage page, string name)
    {
        using NetVips.Image seen = NetVips.Image.NewFromBuffer(await page.ScreenshotAsync());
        seen.Pngsave(Path.Combine(Browser.Screenshots, name + ".png"), palette: true, compression: 9, effort: 7);
    }

    /// <summary>How far apart the colours of two pictures are at a place, as parts of width and height.</summary>
    private protected static double Distance(byte[] before, byte[] after, double x, double y = .5)
    {
        using NetVips.Image one = NetVips.Image.NewFromBuffer(before);
        using NetVips.Image other = NetVips.Image.NewFromBuffer(after);
        return one[(int)(one.Width * x), (int)(one.Height * y)].Zip(other[(int)(other.Width * x), (int)(other.Height * y)]).Sum(pair => Math.Abs(pair.First - pair.Second));
    }
}
