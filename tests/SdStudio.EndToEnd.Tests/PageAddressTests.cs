using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Addresses, Back, tabs, and a path in front.</summary>
public sealed class PageAddressTests(Browser browser) : PageTest(browser)
{
    [Fact]
    public async Task Back_closes_what_was_opened_and_every_view_image_and_search_has_an_address()
    {
        foreach (string prompt in new[] { "a red circle on a blue background", "a green square" })
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"{{prompt}}","size":"64x64","steps":1}""");
        await OpenAsync("#/gallery");
        await Tiles.Nth(0).GetByRole(AriaRole.Link).ClickAsync();
        await Expect(Page.Locator("img.result")).ToHaveAttributeAsync("alt", "a green square");
        // Going through images is one step back, not one for each.
        await Page.Keyboard.PressAsync("ArrowRight");
        await Expect(Page.Locator("img.result")).ToHaveAttributeAsync("alt", Prompt);
        string address = Page.Url;
        await Page.GoBackAsync();
        await Expect(Page.Locator("#gallery")).ToBeVisibleAsync();
        // Words, in any order and place.
        await Page.GetByLabel("Search prompts").FillAsync("blue circle");
        await Expect(Tiles).ToHaveCountAsync(1);
        await Expect(Tiles.GetByRole(AriaRole.Link)).ToHaveAccessibleNameAsync(Prompt);
        await Page.GetByLabel("Search prompts").FillAsync("green");
        await Page.WaitForURLAsync(url => url.EndsWith("#/gallery?q=green", StringComparison.Ordinal));
        await Expect(Tiles).ToHaveCountAsync(1);
        await Page.ReloadAsync();
        await Expect(Tiles).ToHaveCountAsync(1);
        await Expect(Page.GetByLabel("Search prompts")).ToHaveValueAsync("green");

        IPage other = await Page.Context.NewPageAsync();
        await other.GotoAsync(address);
        await Expect(other.Locator("img.result")).ToHaveAttributeAsync("alt", Prompt);
        foreach ((string hash, string what) in new[]
        {
            ("#/queue", "#queue"), ("#/models", "#models"), ("#/logs", "#logs"), ("#/settings", "#preferences"), ("#/help", "#help"), ("#/upscale", ".stage"), ("#/image/nothing", ".stage"),
        })
        {
            await other.EvaluateAsync("hash => { location.hash = hash; }", hash);
            await Expect(other.Locator(what)).ToBeVisibleAsync();
        }

        await Expect(other.GetByText("This image no longer exists")).ToBeVisibleAsync();
        await other.GoBackAsync();
        await other.GoBackAsync();
        await Expect(other.Locator("#help")).ToBeVisibleAsync();
        await other.Keyboard.PressAsync("Escape");
        await Expect(other.Locator("#preferences")).ToBeVisibleAsync();

        // One that was cut off within an escape names nothing, and the page opens all the same.
        await other.GotoAsync("about:blank");
        await other.GotoAsync("/#/image/%");
        await Expect(other.GetByText("This image no longer exists")).ToBeVisibleAsync();

        // A tile is a link: with Ctrl it opens beside.
        IPage beside = await Page.Context.RunAndWaitForPageAsync(() => Tiles.First.GetByRole(AriaRole.Link).ClickAsync(new() { Modifiers = [KeyboardModifier.Control] }));
        await Expect(beside.Locator("img.result")).ToHaveAttributeAsync("alt", "a green square");
    }

    [Fact]
    public async Task Two_tabs_and_a_server_that_comes_back_show_the_same()
    {
        await OpenAsync();
        IPage other = await Page.Context.NewPageAsync();
        await other.GotoAsync("/");
        string job = await GenerateAsync(Prompt, "400");
        await Expect(other.Locator("#phase")).ToContainTextAsync("step", new() { Timeout = 90_000 });
        await Expect(other.Locator("#preview")).ToBeVisibleAsync(Patiently);
        await other.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await Expect(Page.Locator(".stage").GetByText("Cancelled")).ToBeVisibleAsync(Patiently);
        Assert.Equal("cancelled", (await GetAsync($"/api/queue/{job}")).GetProperty("status").GetString());

        int port = Server.Client.BaseAddress!.Port;
        await Server.SignalAsync("KILL");
        await Expect(other.Locator("#connection")).ToContainTextAsync("Reconnecting", new() { Timeout = 90_000 });
        Server.Dispose();
        Server = ServerProcess.Launch(Data, port);
        await Server.WaitUntilItAnswersAsync();
        await PostAsync("/api/generate", """{"model":"demo","prompt":"a green square","size":"64x64","steps":1}""");
        foreach (IPage page in new[] { Page, other })
        {
            await Expect(page.Locator("#connection")).ToBeEmptyAsync(new() { Timeout = 90_000 });
            await Expect(page.Locator("li.tile:not(.waits)")).ToHaveCountAsync(1, new() { Timeout = 90_000 });
        }
    }

    [Fact]
    public async Task It_works_under_a_path_of_a_proxy()
    {
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, AllowAutoRedirect = false });
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication proxy = builder.Build();
        proxy.Urls.Add("http://127.0.0.1:0");
        List<string> outside = [];
        proxy.Run(async context =>
        {
            if (!context.Request.Path.StartsWithSegments("/studio", out PathString rest))
            {
                outside.Add(context.Request.Path);
                context.Response.StatusCode = 404;
                return;
            }

            context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
            using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(Server.Client.BaseAddress!, rest.ToUriComponent() + context.Request.QueryString));
            if (context.Request.ContentLength > 0)
            {
                request.Content = new StreamContent(context.Request.Body);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
                request.Content.Headers.ContentLength = context.Request.ContentLength;
            }

            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)response.StatusCode;
            foreach ((string name, IEnumerable<string> values) in response.Headers.Concat(response.Content.Headers).Where(header => header.Key != "Transfer-Encoding"))
                context.Response.Headers[name] = values.ToArray();
            try
            {
                await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or HttpRequestException)
            {
                // The page left.
            }
        });
        await proxy.StartAsync(Cancellation);
        string address = proxy.Urls.First() + "/studio/";
        await Page.GotoAsync(address);
        await Expect(Generate).ToBeEnabledAsync(new() { Timeout = 90_000 });
        await GenerateAsync(Prompt, "2");
        await Expect(Page.Locator("img.result")).ToHaveJSPropertyAsync("complete", true, new() { Timeout = 180_000 });
        await Expect(Page.Locator("img.result")).Not.ToHaveJSPropertyAsync("naturalWidth", 0);
        await Expect(Tiles.Locator("img")).Not.ToHaveJSPropertyAsync("naturalWidth", 0);
        Assert.StartsWith(address, await Page.Locator("img.result").GetAttributeAsync("src"), StringComparison.Ordinal);
        Assert.Empty(outside);
        Assert.Empty(Complaints);
        await Page.GotoAsync("about:blank");
    }
}
