using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What the page before this one got wrong, as it was found by using it; each of these failed on it.</summary>
public sealed class PageFaultTests(Browser browser) : PageTest(browser)
{
    private const string Green = "a green square on a white background";
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("a red circle on a blue background", 4))[..120];

    private ILocator Phase => Page.Locator("#phase");

    [Fact]
    public async Task Cancel_cancels_the_job_that_is_shown_and_no_other_again_and_again()
    {
        await OpenAsync();
        string first = await GenerateAsync(Prompt, "900");
        await Expect(Page.Locator("#preview")).ToBeVisibleAsync(Patiently);
        await SizeAsync(64, 128);
        string second = await GenerateAsync(Green, "4");
        await Expect(Phase).ToContainTextAsync("position 1");
        // Nothing of the first one stays on the canvas.
        await Expect(Page.Locator("#preview")).ToHaveCountAsync(0);
        await Expect(Page.Locator(".sheet")).ToHaveCSSAsync("height", "128px");
        await Button("Cancel").ClickAsync();
        await Expect(Page.Locator(".stage").GetByText("Cancelled")).ToBeVisibleAsync(Patiently);
        Assert.Equal(("processing", "cancelled"), (await StatusAsync(first), await StatusAsync(second)));

        string third = await GenerateAsync(Green);
        await Expect(Phase).ToContainTextAsync("position 1");
        await Button("Cancel").ClickAsync();
        await Expect(Page.Locator(".stage").GetByText("Cancelled")).ToBeVisibleAsync(Patiently);
        Assert.Equal(("processing", "cancelled"), (await StatusAsync(first), await StatusAsync(third)));

        // From its ghost the first one comes back to the canvas, and its button is its own.
        await Page.Locator(".ghost a").ClickAsync();
        await Expect(Page.Locator("#preview")).ToBeVisibleAsync(Patiently);
        await Button("Cancel").ClickAsync();
        await Expect(Page.Locator(".stage").GetByText("Cancelled")).ToBeVisibleAsync(Patiently);
        Assert.Equal("cancelled", await StatusAsync(first));
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_long_prompt_in_the_history_moves_nothing_on_a_desk_or_a_phone()
    {
        await Page.AddInitScriptAsync($"localStorage.setItem('sdstudio.prompts', JSON.stringify([{JsonSerializer.Serialize(Long)}]))");
        foreach ((int width, int height) in new[] { (1280, 800), (390, 844) })
        {
            await Page.SetViewportSizeAsync(width, height);
            await OpenAsync();
            double before = (await Page.Locator("#settings").BoundingBoxAsync())!.Width;
            await Button("History").ClickAsync();
            await Expect(Page.Locator(".past button").First).ToHaveTextAsync(Long);
            Assert.Equal(before, (await Page.Locator("#settings").BoundingBoxAsync())!.Width);
            Assert.Equal(width, await Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
            LocatorBoundingBoxResult button = (await Generate.BoundingBoxAsync())!;
            Assert.True(button.X >= 0 && button.X + button.Width <= width && button.Y + button.Height <= height);
            await Page.Locator(".past button").First.ClickAsync();
            await Expect(Field("prompt")).ToHaveValueAsync(Long);
            await Page.EvaluateAsync("localStorage.removeItem('sdstudio.draft')");
        }
    }

    [Fact]
    public async Task Arrow_keys_go_from_image_to_image_as_often_as_they_are_pressed_without_a_visit_to_the_gallery()
    {
        for (int i = 1; i <= 5; i++)
            await PostAsync("/api/generate", $$"""{"model":"demo","prompt":"image number {{i}}","size":"64x64","steps":1}""");
        await OpenAsync();
        ILocator shown = Page.Locator("img.result");
        await Expect(shown).ToHaveAttributeAsync("alt", "image number 5");
        for (int i = 4; i >= 1; i--)
        {
            await Page.Keyboard.PressAsync("ArrowRight");
            await Expect(shown).ToHaveAttributeAsync("alt", $"image number {i}");
        }

        await Page.Keyboard.PressAsync("ArrowRight");
        await Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(shown).ToHaveAttributeAsync("alt", "image number 2");
        await Button("Newer image").FocusAsync();
        await Page.Keyboard.PressAsync("ArrowLeft");
        await Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(shown).ToHaveAttributeAsync("alt", "image number 4");
    }

    [Fact]
    public async Task Each_image_of_a_batch_shows_its_own_seed_and_delete_takes_that_one()
    {
        JsonElement job = await PostAsync("/api/generate", """{"model":"demo","prompt":"a red circle","size":"64x64","steps":1,"n":4}""");
        string id = job.GetProperty("id").GetString()!;
        string seed = (await GetAsync($"/api/generations/{id}")).GetProperty("images")[2].GetProperty("seed").GetString()!;
        await OpenAsync($"#/image/{id}/3");
        await Expect(Page.Locator(".facts")).ToContainTextAsync($"seed {seed}");
        await ChooseAsync("Reuse", "Seed only");
        await Expect(Field("seed")).ToHaveValueAsync(seed);
        await Button("Delete").ClickAsync();
        await Expect(Notice).ToContainTextAsync("1 image deleted");
        await Expect(Tiles).ToHaveCountAsync(3);
        await Notice.Locator(".notice", new() { HasText = "deleted" }).GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(Tiles).ToHaveCountAsync(4);
        await OpenAsync($"#/image/{id}/3");
        await Button("Delete").ClickAsync();
        await Expect(Tiles).ToHaveCountAsync(3);
        await Page.GotoAsync("about:blank");
        await OpenAsync("#/gallery");
        await Expect(Tiles).ToHaveCountAsync(3);
        JsonElement left = (await GetAsync($"/api/generations/{id}")).GetProperty("images");
        Assert.Equal(3, left.GetArrayLength());
        Assert.DoesNotContain(left.EnumerateArray(), image => image.GetProperty("seed").GetString() == seed);
    }

    [Fact]
    public async Task A_batch_shows_each_image_when_it_is_done_and_cancel_keeps_them()
    {
        await OpenAsync();
        await Field("n").SelectOptionAsync("8");
        await SizeAsync(64, 64);
        string id = await GenerateAsync(Prompt, "60");
        await Expect(Phase).ToContainTextAsync(new Regex("Image [2-8] of 8"), new() { Timeout = 180_000 });
        await Expect(Page.Locator(".siblings img").First).ToBeVisibleAsync(Patiently);
        await Button("Cancel").ClickAsync();
        await Expect(Page.Locator(".stage")).ToContainTextAsync("Cancelled", new() { Timeout = 180_000 });
        int kept = (await GetAsync($"/api/queue/{id}")).GetProperty("images").GetArrayLength();
        Assert.InRange(kept, 1, 7);
        await Expect(Tiles).ToHaveCountAsync(kept);
        await Page.ReloadAsync();
        await Expect(Tiles).ToHaveCountAsync(kept, new() { Timeout = 90_000 });
    }

    [Fact]
    public async Task What_is_typed_stays_until_its_owner_gives_it_up_and_can_be_had_back()
    {
        await OpenAsync();
        string id = await GenerateAsync(Prompt, "2");
        await ResultAsync(Prompt);
        await Field("prompt").FillAsync("my new carefully written prompt");
        await NewJobAsync(() => ChooseAsync("Vary", "Strong variation"));
        await Expect(Tiles).ToHaveCountAsync(2, new() { Timeout = 180_000 });
        await Expect(Field("prompt")).ToHaveValueAsync("my new carefully written prompt");
        await Page.GotoAsync($"/#/image/{id}");
        await ChooseAsync("Reuse", "All settings");
        await Expect(Field("prompt")).ToHaveValueAsync(Prompt);
        await Expect(Notice).ToContainTextAsync("Settings loaded");
        Assert.Equal(2, (await GetAsync("/api/generations")).GetArrayLength());
        await Button("Undo").ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync("my new carefully written prompt");

        // A reload keeps what was typed, and the image that was brought.
        await Page.Locator("#settings input[type=file]").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Plain(64, 64, [219, 26, 31]) });
        await Expect(Page.Locator("#input-image")).ToBeVisibleAsync();
        await KeptAsync("input");
        await Page.ReloadAsync();
        await Expect(Field("prompt")).ToHaveValueAsync("my new carefully written prompt");
        await Expect(Page.Locator(".input-thumb img")).ToBeVisibleAsync(Patiently);
        await Expect(Generate).ToHaveTextAsync("Generate from image");
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_file_let_go_anywhere_is_taken_by_the_page_and_its_settings_are_read()
    {
        await OpenAsync();
        string id = await GenerateAsync(Prompt, "3");
        byte[] image = await ResultAsync(Prompt);
        string seed = (await GetAsync($"/api/queue/{id}")).GetProperty("seed").GetString()!;
        await Field("prompt").FillAsync("something else");
        ILocator question = Page.Locator(".drop-question");
        foreach (string place in new[] { "#prompt", ".stage", "header", "#history", "body" })
        {
            Assert.True(await TransferAsync("dragover", place, image, "image/png", "mine.png"), $"A file over {place} is the browser's.");
            Assert.True(await TransferAsync("drop", place, image, "image/png", "mine.png"), $"A file let go over {place} is the browser's.");
            await Expect(question).ToBeVisibleAsync();
            await question.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        }

        await TransferAsync("drop", ".stage", image, "image/png", "mine.png");
        await question.GetByRole(AriaRole.Button, new() { Name = "Use its settings" }).ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync(Prompt);
        await Expect(Field("seed")).ToHaveValueAsync(seed);
        await Expect(Field("steps")).ToHaveValueAsync("3");

        await Field("prompt").FillAsync("");
        await Page.EvaluateAsync(
            """
            text => { const data = new DataTransfer(); data.setData('text/plain', text); document.getElementById('prompt').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })); }
            """,
            "a lighthouse, oil painting <lora:ink:0.6>\nNegative prompt: fog\nSteps: 21, Sampler: Euler a, Schedule type: Karras, CFG scale: 6.5, Seed: 42, Size: 320x192, Model: demo");
        await question.GetByRole(AriaRole.Button, new() { Name = "Use its settings" }).ClickAsync();
        await Expect(Field("prompt")).ToHaveValueAsync("a lighthouse, oil painting");
        await Expect(Field("sampler")).ToHaveValueAsync("euler_a");
        await Expect(Field("scheduler")).ToHaveValueAsync("karras");
        foreach ((string name, string value) in new[] { ("steps", "21"), ("cfg_scale", "6.5"), ("seed", "42"), ("width", "320"), ("height", "192") })
            await Expect(Field(name)).ToHaveValueAsync(value);
        await Expect(Page.Locator(".lora")).ToContainTextAsync("ink");
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task A_mistake_is_told_at_its_field_in_its_own_words_and_in_sight()
    {
        await Page.SetViewportSizeAsync(1280, 640);
        await OpenAsync();
        await Field("prompt").FillAsync(Prompt);
        foreach ((string name, string value, string words) in new[]
        {
            ("steps", "0", "Steps must be a whole number from 1 to 1,000."), ("cfg_scale", "-5", "CFG scale must be a number from 0 to 100."), ("eta", "11", "Eta must be a number from 0 to 10."),
            ("flow_shift", "0", "Flow shift must be a number from 0.001 to 100."), ("priority", "1.5", "Priority must be a whole number from -10 to 10."), ("width", "4", "Width must be a whole number from 8 to"),
        })
        {
            string before = await Field(name).InputValueAsync();
            await SetAsync(name, value);
            await Generate.ClickAsync();
            await Expect(Field(name)).ToBeFocusedAsync();
            await Expect(Field(name)).ToHaveAttributeAsync("aria-invalid", "true");
            string described = (await Field(name).GetAttributeAsync("aria-describedby"))!;
            await Expect(Page.Locator("#" + described)).ToContainTextAsync(words);
            await Expect(Page.Locator("#" + described)).ToBeInViewportAsync(new() { Ratio = 1 });
            await Expect(Page.Locator(".generate-bar [role=alert]")).ToContainTextAsync(words);
            await SetAsync(name, before);
        }

        // What only the server knows is told at the field too.
        await Field("prompt").FillAsync(new string('a', 9000));
        await Generate.ClickAsync();
        await Expect(Page.Locator("#f-prompt-problem")).ToContainTextAsync("Prompt has 9000 bytes; allowed are at most");
        Assert.Equal(0, (await GetAsync("/api/generations?status=all")).GetArrayLength());
    }

    // The network changes while the page loads: of a script, and of the words.
    [Theory]
    [InlineData("**/views/queue.js")]
    [InlineData("**/text/en.json")]
    public async Task A_part_of_the_page_that_does_not_come_is_asked_for_again(string part)
    {
        int asked = 0;
        await Page.RouteAsync(part, route => Interlocked.Increment(ref asked) <= 2 ? route.AbortAsync("connectionreset") : route.ContinueAsync());
        await OpenAsync();
        Assert.Equal(3, asked);
        Assert.Null(await Page.EvaluateAsync<string?>("sessionStorage.getItem('boot-tries')"));
    }

    [Fact]
    public async Task Time_left_is_told_only_while_steps_come()
    {
        await OpenAsync("#/upscale");
        // The page goes on while they are looked at.
        ConcurrentQueue<string> seen = [];
        await Page.ExposeFunctionAsync("seen", (string text) => seen.Enqueue(text));
        await Page.EvaluateAsync("new MutationObserver(() => seen(document.getElementById('phase')?.textContent ?? '')).observe(document.body, { subtree: true, childList: true, characterData: true })");
        await Page.Locator(".stage input[type=file]").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Plain(200, 200, [219, 26, 31]) });
        await Field("upscaler").SelectOptionAsync("demo-x4");
        await NewJobAsync(() => Button("Upscale now").ClickAsync());
        await Expect(Page.Locator("img.result")).ToBeVisibleAsync(new() { Timeout = 300_000 });
        Assert.Contains(seen, text => text.Length > 0);
        Assert.DoesNotContain(seen, text => text.Contains("left", StringComparison.Ordinal));

        seen.Clear();
        await OpenAsync();
        await Page.EvaluateAsync("new MutationObserver(() => seen(document.getElementById('phase')?.textContent ?? '')).observe(document.body, { subtree: true, childList: true, characterData: true })");
        await GenerateAsync(Prompt, "60");
        await ResultAsync(Prompt);
        Assert.Contains(seen, text => text.Contains("about", StringComparison.Ordinal));
        Assert.All(seen.Where(text => text.Contains("left", StringComparison.Ordinal)), text => Assert.Matches(new Regex("step [1-9][0-9]* of 60 · about [0-9]+ s left"), text));
    }

    private async Task<string> StatusAsync(string id) => (await GetAsync($"/api/queue/{id}")).GetProperty("status").GetString()!;
}
