using System.Net;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>LoRAs and models with their cards, and what this machine has memory for.</summary>
public sealed class ShelfTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<StudioServer> ServerAsync(params string[] settings)
    {
        string folder = studio.NewDataFolder();
        Directory.CreateDirectory(Path.Combine(folder, "loras", "styles"));
        string loras = Path.Combine(folder, "loras");
        TestLora.Write(Path.Combine(loras, "ink.safetensors"), new Dictionary<string, string>
        {
            ["modelspec.title"] = "Ink drawings", ["modelspec.architecture"] = "z-image/lora", ["modelspec.trigger_phrase"] = "inkstyle", ["modelspec.usage_hint"] = "Use it at 0.8",
            ["modelspec.license"] = "CC0", ["modelspec.author"] = "A. Painter", ["ss_tag_frequency"] = """{"10_ink":{"cat":3,"pen and ink":12},"5_more":{"cat":20,"bad":"no number"}}""",
            ["modelspec.thumbnail"] = "data:image/png;base64," + Convert.ToBase64String(SampleImages.Good("png")), ["ss_resolution"] = "(64, 64)",
        });
        TestLora.Write(Path.Combine(loras, "styles", "two.safetensors"), new Dictionary<string, string> { ["ss_output_name"] = "two_v3", ["modelspec.trigger_phrase"] = "of the maker" });
        await File.WriteAllTextAsync(Path.Combine(loras, "styles", "two.civitai.info"), """{"baseModel":"Z-Image","trainedWords":["alice, red hair","bob"],"description":"<p>Two <b>people</b> &amp; a dog</p>","model":{"name":"Two people"},"creator":{"username":"someone"}}""", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(loras, "styles", "two.json"), """{"notes":"mine: not above 0.6","preferred weight":0.6,"sd version":"Other"}""", Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(loras, "styles", "two.preview.png"), SampleImages.Good("png"), Cancellation);
        TestLora.WriteAll(Path.Combine(loras, "foreign.safetensors"), new Dictionary<string, string>(),
            ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight", [640, 1], 1), ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight", [1, 2048], 1));
        await File.WriteAllTextAsync(Path.Combine(loras, "half.safetensors"), "not yet", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(loras, "half.json"), "{ broken", Cancellation);
        return await StudioServer.StartAsync(folder, settings);
    }

    private static Dictionary<string, JsonElement> ByName(JsonElement body, string list) =>
        body.GetProperty(list).EnumerateArray().ToDictionary(item => item.GetProperty("name").GetString()!, item => item, StringComparer.Ordinal);

    private static string?[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString())];

    [Fact]
    public async Task A_lora_tells_its_words_tags_and_notes_and_the_owners_go_before_the_makers()
    {
        await using StudioServer server = await ServerAsync();
        Dictionary<string, JsonElement> loras = ByName((await server.GetAsync("/api/loras")).Body, "loras");

        JsonElement ink = loras["ink"];
        Assert.Equal(("Ink drawings", "z-image/lora", "Use it at 0.8", "CC0", "A. Painter"), (
            ink.GetProperty("title").GetString(), ink.GetProperty("base_model").GetString(), ink.GetProperty("notes").GetString(), ink.GetProperty("license").GetString(), ink.GetProperty("author").GetString()));
        Assert.Equal(["inkstyle"], Texts(ink.GetProperty("trigger_words")));
        Assert.Equal([("cat", 23), ("pen and ink", 12)], ink.GetProperty("tags").EnumerateArray().Select(tag => (tag.GetProperty("tag").GetString(), tag.GetProperty("count").GetInt32())));
        JsonElement two = loras["styles/two"];
        Assert.Equal(["alice, red hair", "bob"], Texts(two.GetProperty("trigger_words")));
        Assert.Equal(("Two people", "Other", "mine: not above 0.6", 0.6), (
            two.GetProperty("title").GetString(), two.GetProperty("base_model").GetString(), two.GetProperty("notes").GetString(), two.GetProperty("weight").GetDouble()));
        foreach (string preview in new[] { ink.GetProperty("preview_url").GetString()!, two.GetProperty("preview_url").GetString()! })
        {
            using HttpResponseMessage image = await server.Http.GetAsync(preview, Cancellation);
            Assert.Equal((HttpStatusCode.OK, "image/webp"), (image.StatusCode, image.Content.Headers.ContentType?.MediaType));
        }

        Assert.Equal("The file cannot be read as a model; is it complete?", loras["half"].GetProperty("problem").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/loras/half/preview")).Status);
        // The owner writes something else down.
        await File.WriteAllTextAsync(Path.Combine(server.Folder, "loras", "styles", "two.json"), """{"notes":"changed my mind","activation text":"bob"}""", Cancellation);
        two = ByName((await server.GetAsync("/api/loras")).Body, "loras")["styles/two"];
        Assert.Equal(("changed my mind", "bob"), (two.GetProperty("notes").GetString(), Assert.Single(Texts(two.GetProperty("trigger_words")))));
    }

    [Fact]
    public async Task Loras_that_fit_nothing_in_a_model_are_marked_and_can_be_left_out()
    {
        await using StudioServer server = await ServerAsync();
        Dictionary<string, JsonElement> loras = ByName((await server.GetAsync("/api/loras?model=demo")).Body, "loras");
        Assert.True(loras["ink"].GetProperty("fits").GetBoolean());
        Assert.Equal(JsonValueKind.Null, loras["ink"].GetProperty("problem").ValueKind);
        Assert.False(loras["foreign"].GetProperty("fits").GetBoolean());
        Assert.Contains("fits no part of demo", loras["foreign"].GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(["ink", "styles/two"], ByName((await server.GetAsync("/api/loras?model=demo&fitting=true")).Body, "loras").Keys.Order());
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync("/api/loras?model=nobody")).Status);
        // What is said to fit does something.
        PngFile without = await server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":2,"seed":5}""");
        PngFile with = await server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle<lora:ink:1>","size":"32x32","steps":2,"seed":5}""");
        Assert.NotEqual(without.Pixels, with.Pixels);
    }

    [Fact]
    public async Task Automatic1111s_list_has_the_notes_that_its_clients_read()
    {
        await using StudioServer server = await ServerAsync();
        Dictionary<string, JsonElement> loras = (await server.GetAsync("/sdapi/v1/loras")).Body.EnumerateArray().ToDictionary(lora => lora.GetProperty("name").GetString()!, lora => lora, StringComparer.Ordinal);
        JsonElement metadata = loras["ink"].GetProperty("metadata");
        Assert.Equal("Ink drawings", loras["ink"].GetProperty("alias").GetString());
        Assert.Equal(("inkstyle", "(64, 64)"), (metadata.GetProperty("modelspec.trigger_phrase").GetString(), metadata.GetProperty("ss_resolution").GetString()));
        Assert.Equal(23, metadata.GetProperty("ss_tag_frequency").GetProperty("tags").GetProperty("cat").GetInt32());
        Assert.False(metadata.TryGetProperty("modelspec.thumbnail", out _));
        Assert.DoesNotContain(server.Folder, loras["ink"].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notes_without_end_are_cut_and_broken_ones_cost_nothing_but_themselves()
    {
        string folder = studio.NewDataFolder();
        Directory.CreateDirectory(Path.Combine(folder, "loras"));
        var tags = new StringBuilder("{\"all\":{\"first\":7000");
        for (int tag = 0; tag < 50_000; tag++)
            tags.Append(",\"tag").Append(tag).Append("\":").Append(tag % 7000);
        TestLora.Write(Path.Combine(folder, "loras", "long.safetensors"), new Dictionary<string, string>
        {
            ["ss_tag_frequency"] = tags.Append("}}").ToString(), ["modelspec.description"] = new string('x', 100_000), ["modelspec.usage_hint"] = new string('y', 10_000), ["modelspec.thumbnail"] = "no data URL",
        });
        await File.WriteAllTextAsync(Path.Combine(folder, "loras", "long.civitai.info"), "[1,2,{\"trainedWords\":5}]", Cancellation);
        await using StudioServer server = await StudioServer.StartAsync(folder);

        JsonElement lora = ByName((await server.GetAsync("/api/loras")).Body, "loras")["long"];
        Assert.Equal(50, lora.GetProperty("tags").GetArrayLength());
        Assert.Equal(("first", 7000), (lora.GetProperty("tags")[0].GetProperty("tag").GetString(), lora.GetProperty("tags")[0].GetProperty("count").GetInt32()));
        Assert.Equal(4001, lora.GetProperty("notes").GetString()!.Length);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/loras/long/preview")).Status);
        Assert.InRange((await server.GetAsync("/sdapi/v1/loras")).Body.ToString().Length, 100, 20_000);
    }

    [Fact]
    public async Task Every_entry_says_before_its_download_how_large_it_is_and_whether_this_machine_has_memory_for_it()
    {
        string folder = Directory.CreateTempSubdirectory("sdstudio-first-").FullName;
        try
        {
            // The catalogue of a first start, on a machine with 8 GB for models.
            await using StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:Models:MemoryMiB=8000");
            JsonElement body = (await server.GetAsync("/api/models")).Body;
            foreach (JsonElement model in body.GetProperty("models").EnumerateArray().Where(model => model.GetProperty("huggingface").ValueKind != JsonValueKind.Null))
            {
                long bytes = model.GetProperty("download_bytes").GetInt64();
                Assert.True(model.GetProperty("license").GetString()!.Length > 2, model.ToString());
                Assert.Equal(bytes, model.GetProperty("memory").GetProperty("ram_bytes").GetInt64() + model.GetProperty("memory").GetProperty("vram_bytes").GetInt64());
                Assert.Equal(bytes <= 8000L << 20 ? "yes" : "no", model.GetProperty("fits").GetString());
            }

            Assert.Equal(["no", "yes"], body.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("fits").GetString()).OfType<string>().Distinct().Order());
            foreach (JsonElement upscaler in (await server.GetAsync("/api/upscalers")).Body.GetProperty("upscalers").EnumerateArray().Where(upscaler => upscaler.GetProperty("downloadable").GetBoolean()))
            {
                Assert.True(upscaler.GetProperty("license").GetString()!.Length > 2, upscaler.ToString());
                Assert.Equal(upscaler.GetProperty("download_bytes").GetInt64(), upscaler.GetProperty("memory_bytes").GetInt64());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_model_has_a_card_of_the_files_beside_it()
    {
        string folder = studio.NewDataFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "models", "demo-diffusion.json"), """{"notes":"shapes only","sd version":"Demo 1"}""", Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(folder, "models", "demo-diffusion.jpg"), SampleImages.Good("jpeg"), Cancellation);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        JsonElement card = (await server.GetAsync("/api/models/demo")).Body.GetProperty("card");
        Assert.Equal(("shapes only", "Demo 1"), (card.GetProperty("notes").GetString(), card.GetProperty("base_model").GetString()));
        using HttpResponseMessage image = await server.Http.GetAsync(card.GetProperty("preview_url").GetString(), Cancellation);
        Assert.Equal("image/webp", image.Content.Headers.ContentType?.MediaType);
        Assert.Equal("yes", (await server.GetAsync("/api/models/demo")).Body.GetProperty("fits").GetString());
        Assert.Equal(JsonValueKind.Null, (await server.GetAsync("/api/models/missing")).Body.GetProperty("fits").ValueKind);
    }
}
