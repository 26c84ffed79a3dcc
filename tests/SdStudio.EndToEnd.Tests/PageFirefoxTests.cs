using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The way that most people go, in the other engine.</summary>
[Collection(PageGroup.Name)]
public sealed class PageFirefoxTests : IDisposable
{
    private readonly string _data = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    // As WebDriver writes keys that are no letters.
    private const string Enter = "\uE007", Shift = "\uE008", Control = "\uE009", Escape = "\uE00C", Left = "\uE012", Up = "\uE013", Right = "\uE014", Down = "\uE015", Delete = "\uE017";

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Firefox_generates_edits_where_it_is_painted_upscales_goes_back_and_speaks_German()
    {
        await using PageFirefox? firefox = await PageFirefox.StartAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(firefox is null, "There is no Firefox, and none can be installed without root.");
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        await firefox.GoAsync(server.Client.BaseAddress!);
        await firefox.UntilAsync("document.querySelector('#generate') && !document.querySelector('#generate').disabled");
        await firefox.ClickAsync("#prompt");
        await firefox.TypeAsync("a red circle on a blue background\uE007");
        await firefox.UntilAsync("document.querySelector('img.result')?.naturalWidth === 256");
        Assert.StartsWith("#/job/", await firefox.EvaluateAsync("location.hash"), StringComparison.Ordinal);
        Assert.Contains("Inter", await firefox.EvaluateAsync("document.fonts.ready.then(() => [...document.fonts].filter(font => font.status === 'loaded').map(font => font.family).join())"), StringComparison.Ordinal);

        await firefox.TypeAsync("\uE00C");
        await firefox.EvaluateAsync("document.activeElement.blur()");
        await firefox.TypeAsync("1");
        await firefox.UntilAsync("document.querySelector('.scale').textContent === '100 %'");
        await firefox.TypeAsync("0e");
        await firefox.UntilAsync("document.querySelector('.mask-layer')");
        await firefox.DragAsync(".sheet", (.2, .2), (.3, .5), (.2, .8));
        await firefox.UntilAsync("document.querySelector('#generate').textContent.includes('Inpaint the masked area')");
        await firefox.ClickAsync("#generate");
        await firefox.UntilAsync("document.querySelector('img.result')?.naturalWidth === 256");
        await firefox.ClickAsync(".toolbar a[href*='upscale']");
        await firefox.ClickAsync(".upscale-go .main");
        await firefox.UntilAsync("document.querySelector('img.result')?.naturalWidth === 512");
        await firefox.UntilAsync("document.querySelectorAll('li.tile img').length === 3");

        using JsonDocument list = JsonDocument.Parse(await server.Client.GetStringAsync(new Uri("/api/generations", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal(["upscale", "edit", "generate"], list.RootElement.EnumerateArray().Select(job => job.GetProperty("type").GetString()));
        await firefox.ClickAsync("nav a[href='#/gallery']");
        await firefox.UntilAsync("document.querySelectorAll('#gallery li.tile img').length === 3");
        await firefox.BackAsync();
        await firefox.UntilAsync("document.querySelector('img.result')");
        await firefox.ClickAsync(".tools a[href='#/settings']");
        await firefox.ClickAsync("input[name=language][value=de]");
        await firefox.UntilAsync("document.querySelector('#preferences h2').textContent === 'Einstellungen'");
        Assert.Empty(firefox.Complaints);
    }

    [Fact]
    public async Task Firefox_shows_every_view_by_its_link_and_its_key_goes_back_and_obeys_each_key_of_the_list()
    {
        await using PageFirefox? firefox = await PageFirefox.StartAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(firefox is null, "There is no Firefox, and none can be installed without root.");
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        for (int i = 1; i <= 3; i++)
        {
            using var request = new StringContent($$"""{"model":"demo","prompt":"image {{i}}","size":"64x64","steps":1}""", System.Text.Encoding.UTF8, "application/json");
            (await server.Client.PostAsync(new Uri("/api/generate", UriKind.Relative), request, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        await firefox.GoAsync(server.Client.BaseAddress!);
        await ShowsAsync("image 3");

        // Every view by its link, and Back from each.
        foreach ((string link, string what) in new[]
                 {
                     ("nav a[href='#/gallery']", "#gallery li.tile img"), ("nav a[href='#/queue']", "#queue"), ("nav a[href='#/models']", "#models li.card"), (".tools a[href='#/help']", "#help kbd"),
                     (".tools a[href='#/settings']", "#preferences input"), (".toolbar a[href*='upscale']", ".upscale-go"), ("li.tile:nth-child(2) a", "img.result[alt='image 2']"),
                 })
        {
            await firefox.ClickAsync(link);
            await firefox.UntilAsync($"document.querySelector({JsonSerializer.Serialize(what)})?.checkVisibility()");
            Assert.Equal("true", await firefox.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"));
            await firefox.BackAsync();
            await ShowsAsync("image 3");
        }

        // And by its address: those of settings of the server, images, searches, logs.
        string job = await firefox.EvaluateAsync("document.querySelector('li.tile:nth-child(2) a').getAttribute('href')");
        foreach ((string hash, string what) in new[] { (job, "img.result[alt='image 2']"), ("#/gallery?q=image+1", "#gallery li.tile a[aria-label='image 1']"), ("#/logs", "#logs"), ("#/image/nothing", ".empty") })
        {
            await firefox.GoAsync(new Uri(server.Client.BaseAddress!, "/" + hash));
            await firefox.UntilAsync($"document.querySelector({JsonSerializer.Serialize(what)})?.checkVisibility()");
        }

        // Without its search.
        await firefox.GoAsync(server.Client.BaseAddress!);
        await ShowsAsync("image 3");
        await firefox.EvaluateAsync("document.activeElement.blur()");
        await PressAsync(Right, "document.querySelector('img.result').alt === 'image 2'");
        await PressAsync(Left, "document.querySelector('img.result').alt === 'image 3'");
        await PressAsync("1", "document.querySelector('.scale').textContent === '100 %'");
        await PressAsync("+", "document.querySelector('.scale').textContent === '125 %'");
        await PressAsync("-", "document.querySelector('.scale').textContent === '100 %'");
        await PressAsync("0", "document.querySelector('.scale').textContent !== '100 %'");
        await PressAsync("g", "location.hash === '#/gallery'");
        await PressAsync(Escape, "document.querySelector('img.result')");
        await PressAsync("q", "location.hash === '#/queue'");
        await PressAsync(Escape, "document.querySelector('img.result')");
        await PressAsync("?", "location.hash === '#/help'");
        await PressAsync(Escape, "document.querySelector('img.result')");
        await PressAsync("u", "document.querySelector('.upscale-go')");
        await PressAsync(Escape, "document.querySelector('img.result')");
        await PressAsync("s", "document.querySelector('.toolbar [aria-label=Star]').getAttribute('aria-pressed') === 'true'");
        await PressAsync("/", "document.activeElement.id === 'prompt'");
        await firefox.TypeAsync("a red circle");
        await firefox.ChordAsync(Control, Up);
        await firefox.UntilAsync("document.querySelector('#prompt').value === 'a red (circle:1.1)'");
        await firefox.ChordAsync(Control, Down);
        await firefox.UntilAsync("document.querySelector('#prompt').value === 'a red circle'");
        await PressAsync(Escape, "document.activeElement.id !== 'prompt'");

        await PressAsync("e", "document.querySelector('.editor')");
        string brush = await firefox.EvaluateAsync("document.querySelector('[name=brush]').value");
        await PressAsync("]", $"Number(document.querySelector('[name=brush]').value) > {brush}");
        await PressAsync("[", $"Math.abs(Number(document.querySelector('[name=brush]').value) - {brush}) < 2");
        await PressAsync("x", "document.querySelector('.editor-bar [aria-pressed=true]').textContent.includes('Erase')");
        await PressAsync("x", "document.querySelector('.editor-bar [aria-pressed=true]').textContent.includes('Paint')");
        await PressAsync("i", "document.querySelector('.mask-layer').getAttribute('aria-label').includes('will be inpainted')");
        await firefox.ChordAsync(Control, "z");
        await firefox.UntilAsync("document.querySelector('.mask-layer').getAttribute('aria-label').includes('Mask: empty')");
        await firefox.ChordAsync(Control, Shift, "z");
        await firefox.UntilAsync("document.querySelector('.mask-layer').getAttribute('aria-label').includes('will be inpainted')");
        await firefox.ChordAsync(Control, Enter);
        await firefox.UntilAsync("document.querySelector('img.result')?.alt.startsWith('a red circle')");
        await PressAsync("c", "document.querySelector('.compare')");
        await PressAsync("c", "!document.querySelector('.compare')");
        await PressAsync(Delete, "document.querySelector('#notices').textContent.includes('1 image deleted')");
        await ShowsAsync("image 3");
        Assert.DoesNotContain(firefox.Complaints, complaint => !complaint.Contains("404", StringComparison.Ordinal));

        Task ShowsAsync(string alt) => firefox.UntilAsync($"document.querySelector('img.result')?.alt === '{alt}' && document.querySelector('img.result').complete");

        async Task PressAsync(string key, string condition)
        {
            await firefox.TypeAsync(key);
            await firefox.UntilAsync(condition);
        }
    }
}
