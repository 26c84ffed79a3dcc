using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A language model's help on the page, with a stand-in that speaks OpenAI's chat completions.</summary>
public sealed class PageAssistantTests(Browser browser) : PageTest(browser)
{
    private const string Longer = "A tabby cat on a sunlit pier, golden hour";
    private const string Seen = "A plain red square, studio light";
    private WebApplication _language = null!;

    private protected override (string Name, string Value)[] Settings => [("SdStudio__Assistant__Endpoint", _language.Urls.First() + "/v1")];

    private protected override async Task PrepareAsync()
    {
        _language = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"]).Build();
        _language.Run(async context =>
        {
            using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            string text = body.RootElement.ToString().Contains("image_url", StringComparison.Ordinal) ? Seen : Longer;
            await context.Response.WriteAsync($$"""{"choices":[{"message":{"role":"assistant","content":"{{text}}"} } ] }""");
        });
        await _language.StartAsync(Cancellation);
    }

    private protected override async Task LeaveAsync() => await _language.DisposeAsync();

    [Fact]
    public async Task Short_prompts_are_expanded_images_described_and_both_are_taken_back()
    {
        await OpenAsync();
        await Expect(Button("Expand")).ToBeDisabledAsync();
        await Field("prompt").FillAsync("a cat");
        await Button("Expand").ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync(Longer);
        await Notice.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync("a cat");

        await Page.GetByLabel("Choose, drop or paste an image").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Plain(64, 64, [219, 26, 31]) });
        await Button("Describe").ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync(Seen);
        // What it cannot do is said, and nothing is lost.
        await _language.StopAsync(Cancellation);
        await Button("Describe").ClickAsync();
        await Expect(Notice.Locator(".error, [role=alert], li").Last).ToContainTextAsync("language model");
        await Expect(Field("prompt")).ToHaveValueAsync(Seen);
    }
}
