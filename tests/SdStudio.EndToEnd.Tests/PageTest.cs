using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>One browser for all tests of the page.</summary>
[CollectionDefinition(Name)]
public sealed class PageGroup : ICollectionFixture<Browser>
{
    public const string Name = "Page";
}

/// <summary>The page in a real browser, against a real server that generates with the demo model.</summary>
[Collection(PageGroup.Name)]
public abstract class PageTest(Browser browser) : IAsyncLifetime
{
    private protected const string Prompt = "a red circle on a blue background";
    private const string NoBrowser = "There is no Chromium, and none can be installed without root.";
    private IBrowserContext? _context;

    private protected static LocatorAssertionsToBeVisibleOptions Patiently { get; } = new() { Timeout = 180_000 };

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
        _context.SetDefaultTimeout(90_000);
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

    private protected ILocator Field(string name) => Page.Locator($"[name={name}]").First;

    private protected ILocator Generate => Page.Locator("#generate");

    private protected ILocator Tiles => Page.Locator("li.tile:not(.waits)");

    private protected ILocator Notice => Page.Locator("#notices");

    private protected async Task OpenAsync(string hash = "")
    {
        await Page.GotoAsync("/" + hash);
        await Expect(Field("model")).ToHaveValueAsync("demo", new() { Timeout = 90_000 });
        if (hash == "#/gallery")
            return;
        // The engine loads beside the server.
        await Expect(Generate).ToBeEnabledAsync(new() { Timeout = 90_000 });
    }

    private protected Task GoAsync(string page) => Page.Locator($"nav a[href='#/{(page == "create" ? "" : page)}']").ClickAsync();

    private protected async Task SetAsync(string name, string value)
    {
        await Page.EvaluateAsync("for (const details of document.querySelectorAll('#settings details')) details.open = true");
        await Field(name).FillAsync(value);
    }

    private protected async Task SizeAsync(int width, int height)
    {
        await Field("width").FillAsync($"{width}");
        await Field("height").FillAsync($"{height}");
    }

    /// <summary>Generates with the form as it is, and waits until the canvas shows the new job.</summary>
    /// <returns>The job's id.</returns>
    private protected async Task<string> GenerateAsync(string? prompt = null, string? steps = null)
    {
        if (prompt is not null)
            await Field("prompt").FillAsync(prompt);
        if (steps is not null)
            await SetAsync("steps", steps);
        return await NewJobAsync(() => Generate.ClickAsync());
    }

    /// <summary>The job that something begins.</summary>
    private protected async Task<string> NewJobAsync(Func<Task> begin)
    {
        string before = Page.Url;
        await begin();
        await Page.WaitForURLAsync(url => url != before && url.Contains("#/job/", StringComparison.Ordinal));
        return Page.Url[(Page.Url.IndexOf("#/job/", StringComparison.Ordinal) + "#/job/".Length)..];
    }

    private protected async Task<byte[]> ResultAsync(string prompt)
    {
        ILocator image = Page.Locator("img.result").First;
        await Expect(image).ToHaveAttributeAsync("alt", new Regex("^" + Regex.Escape(prompt)), new() { Timeout = 300_000 });
        return await Server.Client.GetByteArrayAsync(new Uri((await image.GetAttributeAsync("src"))!), Cancellation);
    }

    private protected async Task ChooseAsync(string menu, string choice)
    {
        await Button(menu).ClickAsync();
        await Page.GetByRole(AriaRole.Menuitem, new() { Name = choice }).ClickAsync();
    }

    /// <summary>What a browser hands to the page when a file is let go over an element, or comes out of the clipboard.</summary>
    /// <returns>Whether the page kept the browser from doing what it does by itself: going to the file.</returns>
    private protected async Task<bool> TransferAsync(string type, string selector, byte[] bytes, string mimeType, string name) => await Page.EvaluateAsync<bool>(
        """
        ([type, selector, base64, mimeType, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], name, { type: mimeType }));
          const event = type === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
            : new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
          return !document.querySelector(selector).dispatchEvent(event);
        }
        """,
        new[] { type, selector, Convert.ToBase64String(bytes), mimeType, name });

    /// <summary>Waits until the browser's database has the input image, or its mask.</summary>
    private protected Task KeptAsync(string name) => Page.EvaluateAsync(
        """
        name => new Promise(resolve => {
          const open = indexedDB.open('sdstudio');
          open.onsuccess = () => {
            const look = () => {
              const get = open.result.transaction('draft').objectStore('draft').get(name);
              get.onsuccess = () => { if (get.result === undefined) { setTimeout(look, 20); return; } open.result.close(); resolve(); };
            };
            look();
          };
        })
        """, name);

    /// <summary>A PNG of one colour.</summary>
    private protected static byte[] Plain(int width, int height, double[] colour)
    {
        using NetVips.Image image = NetVips.Image.Black(width, height, bands: 3) + colour;
        using NetVips.Image bytes = image.Cast(NetVips.Enums.BandFormat.Uchar);
        return bytes.PngsaveBuffer();
    }

    private protected async Task<JsonElement> PostAsync(string path, string json)
    {
        using var request = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Server.Client.PostAsync(new Uri(path, UriKind.Relative), request, Cancellation);
        return await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
    }

    /// <summary>Asks for a job that fails once it runs: the file of its model is none. One without a file would be refused.</summary>
    private protected async Task FailAsync(string path, string prompt)
    {
        string file = Path.Combine(Data, "models", "v1-5-pruned-emaonly.safetensors");
        await File.WriteAllTextAsync(file, "no model", Cancellation);
        await PostAsync(path, $$"""{"model":"sd15","prompt":"{{prompt}}"}""");
        File.Delete(file);
    }

    private protected async Task<JsonElement> GetAsync(string path) =>
        await Server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);

    /// <summary>Keeps a screenshot, in 256 colours: those of the documentation are read over lines of every kind.</summary>
    private protected static async Task ShotAsync(IPage page, string name)
    {
        using NetVips.Image seen = NetVips.Image.NewFromBuffer(await page.ScreenshotAsync());
        seen.Pngsave(Path.Combine(Browser.Screenshots, name + ".png"), palette: true, compression: 9, effort: 7);
    }

    /// <summary>How far apart the colours of two images are at a place, as parts of width and height.</summary>
    private protected static double Distance(byte[] before, byte[] after, double x, double y = .5)
    {
        using NetVips.Image one = NetVips.Image.NewFromBuffer(before);
        using NetVips.Image other = NetVips.Image.NewFromBuffer(after);
        return one[(int)(one.Width * x), (int)(one.Height * y)].Zip(other[(int)(other.Width * x), (int)(other.Height * y)]).Sum(pair => Math.Abs(pair.First - pair.Second));
    }
}
