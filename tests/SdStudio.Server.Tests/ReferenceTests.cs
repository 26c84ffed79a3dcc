using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdCpp.Interop.Tests;

namespace SdStudio.Server.Tests;

/// <summary>Images that a model looks at, sent along or named in the prompt, on every surface.</summary>
public sealed class ReferenceTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<StudioServer> StartAsync()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions tiny = TinyFlux.Write(Path.Combine(folder, "models", "tiny"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        string arguments = $$"""["--diffusion-model", "{{tiny.DiffusionModelPath}}", "--clip_l", "{{tiny.ClipLPath}}", "--taesd", "{{tiny.TaesdPath}}"]""";
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              editor: {name: Editor, capabilities: ["text-to-image", "image-to-image", "imgedit"], args: {{arguments}}, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 2} }
              beginner: {name: Beginner, capabilities: ["text-to-image", "image-to-image"], args: {{arguments}}, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 2} }
            """, Cancellation);
        return await StudioServer.StartAsync(folder);
    }

    private static string Encoded(byte[] image) => Convert.ToBase64String(image);

    private static async Task<string> RestAsync(StudioServer server, string more, string prompt = "a hat", string model = "editor") => Convert.ToHexString((await server.GenerateOneAsync(
        $$"""{"model":"{{model}}","prompt":"{{prompt}}","steps":2,"seed":1,"size":"64x64"{{more}}}""")).Pixels);

    private static async Task<(string Pixels, string Notes)> A1111Async(StudioServer server, string more, string prompt = "a hat", string model = "Editor")
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(
            $$"""{"prompt":"{{prompt}}","steps":2,"seed":1,"cfg_scale":1,"width":64,"height":64,"override_settings":{"sd_model_checkpoint":"{{model}}"}{{more}}}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return (Convert.ToHexString(new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()).Pixels), info.RootElement.GetProperty("notes").ToString());
    }

    private static async Task<string> OpenAiAsync(StudioServer server, string more, string prompt = "a hat")
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json(
            $$"""{"model":"editor","prompt":"{{prompt}}","steps":2,"seed":1,"size":"64x64"{{more}}}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return Convert.ToHexString(new PngFile(body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels);
    }

    private static async Task<JsonElement> AddAsync(StudioServer server, string name, params byte[][] images)
    {
        using var form = new MultipartFormDataContent();
        foreach (byte[] image in images)
            form.Add(new ByteArrayContent(image), "image", "image.png");
        (HttpStatusCode status, JsonElement person) = await server.SendAsync(HttpMethod.Post, $"/api/people/{name}", form);
        Assert.True(status == HttpStatusCode.OK, person.ToString());
        return person;
    }

    [Fact]
    public async Task Images_and_people_that_a_model_looks_at_are_the_same_on_every_surface()
    {
        await using StudioServer server = await StartAsync();
        byte[] first = SampleImages.Good("png"), second = SampleImages.Good("grey");
        string none = await RestAsync(server, ""), one = await RestAsync(server, $",\"ref_images\":[\"{Encoded(first)}\"]");
        string two = await RestAsync(server, $$""","extra_images":[{"image_url":"data:image/png;base64,{{Encoded(first)}}"},"{{Encoded(second)}}"]""");
        string other = await RestAsync(server, $",\"ref_images\":[\"{Encoded(second)}\",\"{Encoded(first)}\"]");
        Assert.Equal(4, new[] { none, one, two, other }.Distinct().Count());
        Assert.Equal(none, await RestAsync(server, ",\"ref_images\":[]"));
        using (MultipartFormDataContent form = StudioServer.Form(null, ("model", "editor"), ("prompt", "a hat"), ("steps", "2"), ("seed", "1"), ("size", "64x64")))
        {
            form.Add(new ByteArrayContent(first), "ref_images[]", "a.png");
            form.Add(new ByteArrayContent(second), "ref_images[]", "b.png");
            (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/generate", form);
            Assert.Equal(two, Convert.ToHexString((await server.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!)).Pixels));
        }

        Assert.Equal(one, (await A1111Async(server, $",\"extra_images\":[\"{Encoded(first)}\"]")).Pixels);
        Assert.Equal(two, await OpenAiAsync(server, $",\"ref_images\":[\"{Encoded(first)}\",\"{Encoded(second)}\"]"));

        await AddAsync(server, "Alice", first);
        await AddAsync(server, "both of them", first, second);
        Assert.Equal(one, await RestAsync(server, "", "<ref:alice> a hat"));
        Assert.Equal(one, (await A1111Async(server, "", "a hat<REF: Alice >")).Pixels);
        Assert.Equal(one, await OpenAiAsync(server, "", "a hat <ref:Alice>"));
        Assert.Equal(two, await RestAsync(server, "", "a hat <ref:both of them>"));
        Assert.Equal(two, await RestAsync(server, $",\"ref_images\":[\"{Encoded(first)}\"]", await OnlySecondAsync(server, second)));

        // A job keeps the images that it was made with.
        (_, string[] images) = await server.GenerateImagesAsync("""{"model":"editor","prompt":"a hat <ref:alice>","steps":2,"seed":1,"size":"64x64"}""");
        Assert.Contains("a hat <ref:Alice>\n", (await server.ImageAsync(images[0])).Infotext().Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, "/api/people/alice")).Status);
        (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{images[0]}/reproduce");
        Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());
    }

    private static async Task<string> OnlySecondAsync(StudioServer server, byte[] second)
    {
        await AddAsync(server, "bob", second);
        return "a hat <ref:bob>";
    }

    [Fact]
    public async Task What_cannot_be_looked_at_is_said()
    {
        await using StudioServer server = await StartAsync();
        string image = Encoded(SampleImages.Good("png"));
        await AddAsync(server, "alice", SampleImages.Good("png"));
        async Task RefusedAsync(string json, string reason)
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/generate", StudioServer.Json(json));
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(reason, Shape.Error(body), StringComparison.Ordinal);
        }

        await RefusedAsync("""{"model":"editor","prompt":"<ref:carol>"}""", "there is no person called 'carol'; allowed is one of: alice");
        await RefusedAsync("""{"model":"editor","prompt":"<ref:../people/alice>"}""", "there is no person called '../people/alice'");
        await RefusedAsync("""{"model":"beginner","prompt":"<ref:alice>"}""", "the model beginner accepts no reference images, so it cannot use <ref:alice>");
        await RefusedAsync($$"""{"model":"beginner","prompt":"a hat","ref_images":["{{image}}"]}""", "ref_images: 1 images were sent; the model beginner takes none");
        await RefusedAsync("""{"model":"editor","prompt":"a hat","ref_images":[{"name":"no image"}]}""", "ref_images contains something that is not an image");
        await RefusedAsync("""{"model":"editor","prompt":"a hat","ref_images":["bm8gaW1hZ2U="]}""", "ref_images is not an image");
        await RefusedAsync($$"""{"model":"editor","prompt":"<ref:alice>","ref_images":[{{string.Join(',', Enumerable.Repeat($"\"{image}\"", 16))}}]}""", "the people in it have 1 images and 16 came with the request; allowed are at most 16");

        (_, string notes) = await A1111Async(server, $",\"extra_images\":[\"{image}\"]", "a hat <ref:alice>", "Beginner");
        Assert.Contains("looks at no images, so <ref:alice> means nothing to it: it is left out", notes, StringComparison.Ordinal);
        Assert.Contains("the 1 in extra_images are left out", notes, StringComparison.Ordinal);
        Assert.Contains("no person called 'carol'", (await A1111Async(server, "", "a hat <ref:carol>")).Notes, StringComparison.Ordinal);
        (_, JsonElement models) = await server.GetAsync("/api/models");
        Assert.Equal([16, 0], models.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("reference_images").GetInt32()));

        // A mask of an edit model limits what is kept, and the answer says that the model does not know it.
        using MultipartFormDataContent form = StudioServer.Form(SampleImages.Good("png"), ("model", "editor"), ("prompt", "a hat"), ("mask_invert", "true"));
        form.Add(new ByteArrayContent(SampleImages.Good("grey")), "mask", "mask.png");
        (HttpStatusCode ok, JsonElement edited) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);
        Assert.True(ok == HttpStatusCode.OK, edited.ToString());
        Assert.Equal(0, edited.GetProperty("outside_mask_changed").GetInt32());
        Assert.Contains("knows no masks", edited.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_server_looks_at_the_people_of_this_one()
    {
        await using StudioServer far = await StartAsync();
        await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{far.Http.BaseAddress}}", api_model: editor, capabilities: ["text-to-image", "imgedit"], generation_params: {cfg_scale: 1} } }"""));
        await AddAsync(near, "alice", SampleImages.Good("png"));

        Assert.Equal(await RestAsync(far, $",\"ref_images\":[\"{Encoded(SampleImages.Good("png"))}\"]"), await RestAsync(near, "", "a hat <ref:alice>", "far"));
    }

    [Fact]
    public async Task People_are_kept_listed_shown_and_deleted()
    {
        StudioServer server = studio.Server;
        JsonElement person = await AddAsync(server, "Zoe%20the%202nd", SampleImages.Good("jpeg"), SampleImages.Good("png"));
        Assert.Equal("Zoe the 2nd", person.GetProperty("name").GetString());
        (_, JsonElement list) = await server.GetAsync("/api/people");
        Assert.Contains(list.GetProperty("people").EnumerateArray(), one => one.GetProperty("name").GetString() == "Zoe the 2nd" && one.GetProperty("images").GetArrayLength() == 2);
        JsonElement image = person.GetProperty("images")[0];
        var kept = new PngFile(await server.Http.GetByteArrayAsync(image.GetProperty("url").GetString(), Cancellation));
        Assert.Equal((64, 32), (kept.Width, kept.Height));

        foreach (string name in (string[])["..", "%2e%2e%2fup", "a%2Fb", "a.b", "a%5Cb", "%20", "a%00", new string('x', 65), "-a"])
        {
            using MultipartFormDataContent form = StudioServer.Form(SampleImages.Good("png"));
            using HttpResponseMessage bad = await server.Http.PostAsync($"/api/people/{name}", form, Cancellation);
            Assert.True(bad.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"{name}: {bad.StatusCode}");
        }

        Assert.Equal(["Zoe the 2nd"], Directory.GetDirectories(Path.Combine(server.Folder, "people")).Select(Path.GetFileName));
        using (var many = new MultipartFormDataContent())
        {
            for (int i = 0; i < 15; i++)
                many.Add(new ByteArrayContent(SampleImages.Good("png")), "image", "image.png");
            (HttpStatusCode full, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/people/zoe%20the%202nd", many);
            Assert.Equal(HttpStatusCode.Conflict, full);
            Assert.Contains("has 2 images and 15 more were sent; allowed are at most 16 together", Shape.Error(body), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync(HttpMethod.Post, "/api/people/zoe", StudioServer.Json("""{"image":"bm8="}"""))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/people/nobody")).Status);
        using (HttpResponseMessage outside = await server.Http.DeleteAsync("/api/people/Zoe%20the%202nd/images/..%2f..%2fsdstudio.db", Cancellation))
            Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        foreach (JsonElement one in person.GetProperty("images").EnumerateArray())
            Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, one.GetProperty("url").GetString()!)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync(HttpMethod.Delete, "/api/people/zoe%20the%202nd")).Status);
    }
}
