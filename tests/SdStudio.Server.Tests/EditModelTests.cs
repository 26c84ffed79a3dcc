using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdCpp.Interop.Tests;

namespace SdStudio.Server.Tests;

/// <summary>A model that is made for edits looks at the image as a whole; others begin from it.</summary>
public sealed class EditModelTests(Workshop studio)
{
    [Fact]
    public async Task An_edit_model_looks_at_the_image_and_any_strength_is_the_same_to_it()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions tiny = TinyFlux.Write(Path.Combine(folder, "models", "tiny"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        string arguments = $$"""["--diffusion-model", "{{tiny.DiffusionModelPath}}", "--clip_l", "{{tiny.ClipLPath}}", "--taesd", "{{tiny.TaesdPath}}"]""";
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              editor: {name: Editor, capabilities: ["image-to-image", "imgedit"], args: {{arguments}}}
              beginner: {name: Beginner, capabilities: ["image-to-image"], args: {{arguments}}}
            """,
            TestContext.Current.CancellationToken);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        byte[] first = SampleImages.Good("png"), second = SampleImages.Good("grey");

        string looked = await EditAsync("editor", first, "0.9");
        Assert.Equal(looked, await EditAsync("editor", first, "0.3"));
        Assert.NotEqual(looked, await EditAsync("editor", second, "0.9"));
        string begun = await EditAsync("beginner", first, "0.9");
        Assert.NotEqual(begun, await EditAsync("beginner", first, "0.3"));
        Assert.NotEqual(looked, begun);

        Assert.NotEqual(looked, await EditAllAsync(HttpStatusCode.OK, "editor", first, second));
        Assert.NotEqual(await EditAllAsync(HttpStatusCode.OK, "editor", second, first), await EditAllAsync(HttpStatusCode.OK, "editor", first, second));
        Assert.Equal(looked, await EditAllAsync(HttpStatusCode.OK, "editor", first));
        Assert.Contains("2 images were sent; the model beginner takes one", await EditAllAsync(HttpStatusCode.BadRequest, "beginner", first, second), StringComparison.Ordinal);
        Assert.Contains("17 images were sent; allowed are at most 16", await EditAllAsync(HttpStatusCode.BadRequest, "editor", [.. Enumerable.Repeat(second, 17)]), StringComparison.Ordinal);
        (_, JsonElement list) = await server.GetAsync("/api/generations?limit=1");
        string generation = list[0].GetProperty("id").GetString()!;
        string image = (await server.GenerationAsync(generation)).GetProperty("images")[0].GetProperty("id").GetString()!;
        (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{image}/reproduce");
        Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());

        async Task<string> EditAllAsync(HttpStatusCode expected, string model, params byte[][] images)
        {
            using MultipartFormDataContent form = StudioServer.Form(
                null, ("model", model), ("prompt", "a hat"), ("size", "64x64"), ("steps", "2"), ("seed", "1"), ("strength", "0.9"));
            foreach (byte[] one in images)
                form.Add(new ByteArrayContent(one), images.Length > 1 ? "image[]" : "image", "image.png");
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/v1/images/edits", form);
            Assert.True(status == expected, body.ToString());
            return status == HttpStatusCode.OK
                ? Convert.ToHexString(new PngFile(body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels)
                : body.GetProperty("error").GetProperty("message").GetString()!;
        }

        async Task<string> EditAsync(string model, byte[] image, string strength)
        {
            using MultipartFormDataContent form = StudioServer.Form(
                image, ("model", model), ("prompt", "a hat"), ("size", "64x64"), ("steps", "2"), ("seed", "1"), ("strength", strength));
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);
            Assert.True(status == HttpStatusCode.OK, body.ToString());
            string id = Assert.Single(body.GetProperty("data").EnumerateArray()).GetProperty("id").GetString()!;
            return Convert.ToHexString((await server.ImageAsync(id)).Pixels);
        }
    }
}
