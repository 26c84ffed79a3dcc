using Microsoft.Playwright;
using SdStudio.Tests;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The machines of a studio on the page.</summary>
public sealed class PageNodesTests(Browser browser) : PageTest(browser)
{
    private readonly string _otherData = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;
    private PostgresServer? _postgres;
    private ServerProcess? _other;
    private string _database = "";

    private protected override (string Name, string Value)[] Settings => [("SdStudio__Database", _database), ("SdStudio__Queue__LeaseSeconds", "6")];

    private protected override async Task PrepareAsync()
    {
        _postgres = PostgresServer.Start(out string reason);
        Assert.SkipWhen(_postgres is null, reason);
        _database = _postgres.NewDatabase();
        _other = await ServerProcess.StartAsync(_otherData, Settings);
    }

    private protected override Task LeaveAsync()
    {
        _other?.Dispose();
        _postgres?.Dispose();
        Directory.Delete(_otherData, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Machines_are_shown_with_what_they_do_are_taken_out_and_told_to_be_gone()
    {
        await OpenAsync();
        await GoAsync("models");
        ILocator other = Page.Locator("#nodes li.card:not(:has-text('(this one)'))");
        await Expect(Page.Locator("#nodes li.card")).ToHaveCountAsync(2);
        await Expect(other).ToContainTextAsync("takes jobs");
        await Expect(other).ToContainTextAsync("cpu");
        await other.GetByText("Take no more jobs").ClickAsync();
        await Expect(other).ToContainTextAsync("takes no more jobs");
        await other.GetByText("Take jobs again").ClickAsync();
        await Expect(other.GetByText("Take no more jobs")).ToBeVisibleAsync();
        await _other!.SignalAsync("KILL");
        await Expect(other).ToContainTextAsync("not seen since", new() { Timeout = 300_000 });
        Assert.Empty(Complaints);
    }
}
