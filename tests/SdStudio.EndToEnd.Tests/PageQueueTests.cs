using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The queue on the page.</summary>
public sealed class PageQueueTests(Browser browser) : PageTest(browser)
{
    private ILocator Waiting => Page.Locator("#queue li.pending .title");

    [Fact]
    public async Task Waiting_jobs_are_moved_by_hand_and_by_key_and_a_restart_changes_nothing()
    {
        await PostAsync("/api/queue/pause", "{}");
        foreach (string name in new[] { "one", "two", "three" })
            await AddAsync(name);
        await Page.GotoAsync("/#/queue");
        await Expect(Waiting).ToHaveTextAsync(["one", "two", "three"]);
        await Expect(Page.Locator("#queue li.pending").First).ToContainTextAsync("Waiting, position 1 · The queue is paused");
        await Expect(Page.Locator("#queue li.pending").First).ToContainTextAsync("Demo · 64 × 64");
        await Expect(Page.Locator("#queue [role=status]").First).ToContainTextAsync("The queue is paused");

        ILocator later = Page.Locator("#queue li.pending").First.GetByRole(AriaRole.Button, new() { Name = "Move down" });
        await later.FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Waiting).ToHaveTextAsync(["two", "one", "three"]);
        await Expect(Page.Locator("#queue li", new() { HasText = "one" }).GetByRole(AriaRole.Button, new() { Name = "Move down" })).ToBeFocusedAsync();
        await Page.Locator("#queue li", new() { HasText = "three" }).DragToAsync(
            Page.Locator("#queue li", new() { HasText = "two" }), new() { TargetPosition = new() { X = 300, Y = 5 } });
        await Expect(Waiting).ToHaveTextAsync(["three", "two", "one"]);

        // While it does not look, the server goes and comes, and a job with it.
        int port = Server.Client.BaseAddress!.Port;
        await Server.SignalAsync("KILL");
        Server.Dispose();
        Server = ServerProcess.Launch(Data, port);
        await Server.WaitUntilItAnswersAsync();
        await AddAsync("four");
        await Expect(Waiting).ToHaveTextAsync(["three", "two", "one", "four"], new() { Timeout = 90_000 });
        await Page.Locator("#queue li", new() { HasText = "two" }).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(Waiting).ToHaveTextAsync(["three", "one", "four"]);
        await Button("Resume").ClickAsync();
        await Expect(Page.GetByText("The queue is empty")).ToBeVisibleAsync(Patiently);
        await Expect(Page.Locator("#queue-count")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task What_failed_says_why_and_is_tried_again_and_all_can_be_cancelled()
    {
        await FailAsync("/api/queue/generate", "a cat");
        await Page.GotoAsync("/#/queue");
        ILocator failed = Page.Locator("#queue li.failed");
        await Expect(failed).ToContainTextAsync("v1-5-pruned-emaonly.safetensors", new() { Timeout = 90_000 });
        await failed.GetByRole(AriaRole.Link, new() { Name = "Log" }).ClickAsync();
        await Expect(Page.GetByLabel("Job", new() { Exact = true })).ToHaveValueAsync(Ids);
        await Expect(Page.GetByLabel("Log lines")).ToContainTextAsync("v1-5-pruned-emaonly");
        await Page.GoBackAsync();
        await Button("Pause").ClickAsync();
        await Expect(Button("Resume")).ToBeVisibleAsync();
        await failed.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await AddAsync("a dog");
        await Expect(Waiting).ToHaveTextAsync(["a cat", "a dog"]);
        await Button("Cancel all").ClickAsync();
        await Expect(Page.Locator("#queue li.cancelled")).ToHaveCountAsync(2);
        await Page.Locator("#queue li.cancelled").First.GetByRole(AriaRole.Button, new() { Name = "Remove from the list" }).ClickAsync();
        await Expect(Page.Locator("#queue li.cancelled")).ToHaveCountAsync(1);
        // A paused queue is told where one works, and goes on from there.
        await GoAsync("create");
        await Expect(Page.Locator(".generate-bar")).ToContainTextAsync("The queue is paused");
        await Page.Locator(".generate-bar").GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(Page.Locator(".paused-note")).ToHaveCountAsync(0);
        await GoAsync("queue");
        await Button("Clear the list").ClickAsync();
        await Expect(Page.Locator("#queue li.cancelled, #queue li.failed")).ToHaveCountAsync(0);
        Assert.Empty(Complaints);
    }

    private static System.Text.RegularExpressions.Regex Ids { get; } = new("^[0-9a-f-]{36}$");

    private async Task AddAsync(string prompt) => await PostAsync("/api/queue/generate", $$"""{"model":"demo","prompt":"{{prompt}}","size":"64x64","steps":2}""");
}
