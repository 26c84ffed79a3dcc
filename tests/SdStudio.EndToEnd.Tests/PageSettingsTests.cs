using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The form is made of the server's table of parameters.</summary>
public sealed class PageSettingsTests(Browser browser) : PageTest(browser)
{
    // Those that are not one field of that name. Who submits from the page waits for nothing, so nothing is left by a client that leaves.
    private static readonly Dictionary<string, string> Otherwise = new()
    {
        ["size"] = "[name=width]", ["loras"] = ".loras", ["image"] = ".input-panel", ["source_image_id"] = ".input-panel", ["mask"] = "a[href='#/edit']", ["extend"] = "a[href='#/edit']",
        ["on_disconnect"] = "#generate", ["styles"] = "[data-name=styles]", ["preset"] = "[data-name=presets]",
    };

    // They appear with a model that looks at images, where there are ControlNets, and with a model that makes videos; frames to follow are for programs.
    private static readonly string[] NotForTheDemo = ["ref_images", "control", "control_image", "identity", "end_image", "control_frames"];

    [Fact]
    public async Task Every_setting_of_the_table_is_reachable_has_help_and_a_new_one_needs_no_page_code()
    {
        // A row that the server may get tomorrow.
        await Page.RouteAsync("**/api/parameters", async route =>
        {
            IAPIResponse answer = await route.FetchAsync();
            JsonNode body = JsonNode.Parse(await answer.TextAsync())!;
            body["parameters"]!.AsArray().Add(JsonNode.Parse(
                """
                {"name": "crispness", "aliases": [], "type": "number", "minimum": 1, "maximum": 9, "values": null, "default": 3, "model_default": false,
                 "help": "How crisp edges are", "families": null, "forwarded": true, "job_types": ["generate", "edit"], "required_by": [], "infotext_label": "Crispness"}
                """));
            await route.FulfillAsync(new() { Response = answer, Body = body.ToJsonString() });
        });
        await OpenAsync();
        HashSet<string> seen = [.. await NamesAsync()];
        Assert.DoesNotContain("clip_skip", seen);
        Assert.DoesNotContain("strength", seen);
        await SetAsync("crispness", "10");
        await Generate.ClickAsync();
        await Expect(Page.Locator("#f-crispness-problem")).ToHaveTextAsync("Crispness must be a number from 1 to 9.");
        await Button("About Crispness").ClickAsync();
        await Expect(Page.Locator(".help-text")).ToHaveTextAsync("How crisp edges are. From 1 to 9. Usually 3.");
        await Field("crispness").FillAsync("4.5");
        await Field("prompt").FillAsync(Prompt);
        await SizeAsync(64, 64);
        IRequest request = await Page.RunAndWaitForRequestAsync(() => NewJobAsync(() => Generate.ClickAsync()), "**/api/queue/generate");
        Assert.Equal(4.5, JsonDocument.Parse(request.PostData!).RootElement.GetProperty("crispness").GetDouble());
        await ResultAsync(Prompt);

        await Page.Locator("a.button", new() { HasText = "Upscale" }).ClickAsync();
        seen.UnionWith(await NamesAsync());
        await Page.GetByRole(AriaRole.Radio, new() { Name = "To a size" }).CheckAsync();
        await Field("target_width").FillAsync("96");
        await Expect(Field("target_height")).ToHaveValueAsync("96");
        seen.UnionWith(await NamesAsync());
        await Field("upscaler").SelectOptionAsync(new SelectOptionValue { Label = "Lanczos" });
        await Button("Upscale now").ClickAsync();
        await Expect(Page.Locator("img.result")).ToHaveAttributeAsync("width", "96");

        await Button("Edit").ClickAsync();
        await Expect(Page.Locator("#input-image")).ToBeVisibleAsync();
        await Page.Locator(".viewport").HoverAsync();
        await Page.Keyboard.PressAsync("i");
        await Expect(Generate).ToHaveTextAsync("Inpaint the masked area");
        seen.UnionWith(await NamesAsync());
        await Field("model").SelectOptionAsync("wan2.2-ti2v-5b");
        await Expect(Page.Locator("[data-name=end_image]")).ToBeVisibleAsync();
        seen.UnionWith(await NamesAsync());
        // What a model takes is not known before its files are here.
        await Field("model").SelectOptionAsync("sd15");
        seen.UnionWith(await NamesAsync());
        Assert.Contains("clip_skip", seen);
        string[] texts = [.. Directory.EnumerateFiles(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Page", "text")).Select(File.ReadAllText)];
        foreach (JsonElement row in (await GetAsync("/api/parameters")).GetProperty("parameters").EnumerateArray())
        {
            string name = row.GetProperty("name").GetString()!;
            if (NotForTheDemo.Contains(name))
                continue;
            if (Otherwise.TryGetValue(name, out string? place))
                Assert.True(await Page.Locator(place).CountAsync() > 0, $"{name} is not at {place}.");
            else
                Assert.True(seen.Contains(name), $"{name} is not on the page.");
            // A row of tomorrow is shown in the server's words; those of today have some in every language.
            if (!Otherwise.ContainsKey(name) && row.GetProperty("job_types").GetRawText() != "[\"upscale\"]")
                Assert.All(texts, text => Assert.True(text.Contains($"\"field.{name}\":", StringComparison.Ordinal) && (name is "model" or "n" || text.Contains($"\"help.{name}\":", StringComparison.Ordinal)), $"{name} has no words."));
        }

        Assert.Equal("", await Page.EvaluateAsync<string>("[...document.querySelectorAll('#settings .field')].filter(field => !field.querySelector('.help')).map(field => field.textContent).join()"));
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task Styles_presets_and_templates_are_kept_by_name_and_shown_before_they_are_used()
    {
        await OpenAsync();
        await Page.EvaluateAsync("for (const details of document.querySelectorAll('#settings details')) details.open = true");
        await Field("prompt").FillAsync("a {red|green|blue} circle");
        await Field("template").CheckAsync();
        await Expect(Page.Locator(".preview li")).ToHaveTextAsync([ACircle(), ACircle(), ACircle()]);
        await Field("prompt").FillAsync("a {red|green circle");
        await Expect(Page.Locator(".preview .problem")).ToBeVisibleAsync();
        await Field("prompt").FillAsync("{prompt} on a white background");
        await Field("template").UncheckAsync();
        await Field("style_name").FillAsync("plain");
        await Button("Save as a style").ClickAsync();
        await Field("styles").SelectOptionAsync("plain");
        await Expect(Page.Locator("[data-name=styles] .chips")).ToContainTextAsync("plain");
        await Field("prompt").FillAsync("a red circle");
        await SizeAsync(64, 64);
        await SetAsync("steps", "2");
        await Field("preset_name").FillAsync("quick");
        await Button("Save as a preset").ClickAsync();
        IRequest request = await Page.RunAndWaitForRequestAsync(() => NewJobAsync(() => Generate.ClickAsync()), "**/api/queue/generate");
        Assert.Equal("plain", JsonDocument.Parse(request.PostData!).RootElement.GetProperty("styles")[0].GetString());
        await ResultAsync("a red circle on a white background");
        await Field("prompt").FillAsync("something else");
        await SetAsync("steps", "9");
        await Button("Remove the style plain").ClickAsync();
        await Field("preset").SelectOptionAsync("quick");
        await Expect(Field("prompt")).ToHaveValueAsync("a red circle");
        await Expect(Field("steps")).ToHaveValueAsync("2");
        await Expect(Page.Locator("[data-name=styles] .chips")).ToContainTextAsync("plain");
        Assert.DoesNotContain(Complaints, complaint => !complaint.Contains("400", StringComparison.Ordinal));
    }

    private static Regex ACircle() => new("^a (red|green|blue) circle$");

    [Fact]
    public async Task Who_looks_elsewhere_is_told_by_title_icon_sound_and_notification_when_they_are_allowed()
    {
        await Page.Context.GrantPermissionsAsync(["notifications"]);
        await Page.AddInitScriptAsync(
            """
            window.told = [];
            Object.defineProperty(document, 'hidden', { get: () => window.away === true });
            window.Notification = class extends EventTarget { static permission = 'granted'; static requestPermission = async () => 'granted'; constructor(title, more) { super(); window.told.push(`${title} ${more.body}`); } };
            const start = OscillatorNode.prototype.start;
            OscillatorNode.prototype.start = function (...when) { window.told.push('sound'); return start.apply(this, when); };
            """);
        await Page.GotoAsync("/#/settings");
        await Page.GetByRole(AriaRole.Switch, new() { Name = "Play a sound" }).CheckAsync();
        await Page.GetByRole(AriaRole.Switch, new() { Name = "Show a notification" }).CheckAsync();
        await Page.ReloadAsync();
        await Expect(Page.GetByRole(AriaRole.Switch, new() { Name = "Play a sound" })).ToBeCheckedAsync();
        ILocator icon = Page.Locator("link[rel=icon]");
        await Expect(icon).ToHaveAttributeAsync("href", "icon.svg");

        await PostAsync("/api/generate", """{"model":"demo","prompt":"a red circle","size":"64x64","steps":1}""");
        await Expect(Page.Locator("p[aria-live]")).ToHaveTextAsync("The image is finished.");
        await Expect(Page).ToHaveTitleAsync("SdStudio");
        Assert.Empty(await Page.EvaluateAsync<string[]>("told"));
        await Page.EvaluateAsync("window.away = true");
        await PostAsync("/api/generate", """{"model":"demo","prompt":"a blue cross","size":"64x64","steps":1}""");
        await Expect(Page).ToHaveTitleAsync("1 image finished · SdStudio");
        // A green dot on the icon.
        await Expect(icon).ToHaveAttributeAsync("href", new Regex("^data:image/svg.*2fbf71"));
        Assert.Equal(["sound", "The image is finished. a blue cross"], await Page.EvaluateAsync<string[]>("told"));
        await Page.EvaluateAsync("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }");
        await Expect(Page).ToHaveTitleAsync("SdStudio");
        await Expect(icon).ToHaveAttributeAsync("href", "icon.svg");
        Assert.Empty(Complaints);
    }

    private Task<string[]> NamesAsync() => Page.EvaluateAsync<string[]>("[...document.querySelectorAll('main [name], header [name]')].map(field => field.name)");
}
