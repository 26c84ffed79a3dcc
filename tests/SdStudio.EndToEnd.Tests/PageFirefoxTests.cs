using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The way that most people go, in the other engine.</summary>
[Collection(PageGroup.Name)]
public sealed class PageFirefoxTests : IDisposable
{
    private readonly string _data = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

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
        await firefox.UntilAsync("document.querySelector('#generate').textContent.includes('Redraw painted area')");
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
}
