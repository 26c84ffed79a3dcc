using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdCpp.Interop.Tests;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;
using SdStudio.Server.Workers;

namespace SdStudio.Server.Tests;

/// <summary>
/// One face in every image, on every surface: with PuLID on a tiny model of its family; IP-Adapter and PhotoMaker, whose families have no tiny
/// models, as far as the binding's request.
/// </summary>
public sealed class IdentityTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<StudioServer> StartAsync()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions tiny = TinyFlux.Write(Path.Combine(folder, "models", "tiny"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        DiffusionModelOptions hollow = HollowSd1.Write(Path.Combine(folder, "models", "hollow"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        WriteIdentities(folder);
        string flux = $$"""["--diffusion-model", "{{tiny.DiffusionModelPath}}", "--clip_l", "{{tiny.ClipLPath}}", "--taesd", "{{tiny.TaesdPath}}"]""";
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              flux: {name: Flux, capabilities: ["text-to-image", "image-to-image"], args: {{flux}}, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 2} }
              hollow: {name: Hollow, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 1}, args: ["--model", "{{hollow.ModelPath}}", "--taesd", "{{hollow.TaesdPath}}"]}
            """, Cancellation);
        return await StudioServer.StartAsync(folder);
    }

    // The second file is no more than the names that tell what it is.
    private static void WriteIdentities(string folder)
    {
        string identities = Directory.CreateDirectory(Path.Combine(folder, "identities", "more")).Parent!.FullName;
        TinyFlux.WritePulid(Path.Combine(identities, "pulid.safetensors"));
        TinyFlux.WritePerson(Path.Combine(identities, "alice.gguf"), 1, 32, 2048);
        TinyFlux.WritePerson(Path.Combine(identities, "more", "bob.gguf"), 2, 32, 2048);
        File.WriteAllBytes(Path.Combine(identities, "plus.safetensors"), ModelBytes.Safetensors(ModelBytes.Named("image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight")));
        File.WriteAllBytes(Path.Combine(identities, "photomaker.safetensors"), ModelBytes.Safetensors(ModelBytes.Named("vision_model.x.weight", "fuse_module.mlp1.fc1.weight")));
    }

    private static async Task<string> RestAsync(StudioServer server, string identity, string prompt = "a hat", string model = "flux") => Convert.ToHexString((await server.GenerateOneAsync(
        $$"""{"model":"{{model}}","prompt":"{{prompt}}","steps":2,"seed":1,"size":"64x64"{{(identity.Length > 0 ? $",\"identity\":{identity}" : "")}}}""")).Pixels);

    private static async Task<(string Pixels, JsonElement Info)> A1111Async(StudioServer server, string more, string prompt = "a hat")
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(
            $$"""{"prompt":"{{prompt}}","steps":2,"seed":1,"cfg_scale":1,"width":64,"height":64,"override_settings":{"sd_model_checkpoint":"Flux"}{{more}}}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return (Convert.ToHexString(new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()).Pixels), info.RootElement.Clone());
    }

    [Fact]
    public async Task A_person_is_the_same_on_every_surface_and_leaves_nothing_behind()
    {
        await using StudioServer server = await StartAsync();
        string none = await RestAsync(server, ""), alice = await RestAsync(server, """{"model":"pulid","person":"alice"}""");
        string bob = await RestAsync(server, """{"model":"PULID.safetensors","embedding":"bob","strength":1}"""), faint = await RestAsync(server, """{"model":"pulid","embedding":"alice","strength":0.3}""");
        Assert.Equal(4, new[] { none, alice, bob, faint }.Distinct().Count());
        Assert.Equal((none, none, alice), (await RestAsync(server, """{"model":"pulid","embedding":"alice","strength":0}"""), await RestAsync(server, ""), await RestAsync(server, """{"model":"pulid"}""", "<ref:alice> a hat")));

        (string pixels, JsonElement info) = await A1111Async(server, ",\"identity\":{\"model\":\"pulid\",\"embedding\":\"alice\"}");
        Assert.Equal(alice, pixels);
        Assert.Equal("Model: pulid, Strength: 1, Embedding: alice", info.GetProperty("extra_generation_params").GetProperty("Identity").GetString());
        Assert.Equal(alice, (await A1111Async(server, ",\"ip_adapter\":[{\"adapter\":\"pulid\",\"scale\":1,\"images\":[]}]", "<ref:alice> a hat")).Pixels);
        (HttpStatusCode status, JsonElement openAi) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json(
            """{"model":"flux","prompt":"a hat","steps":2,"seed":1,"size":"64x64","identity":{"model":"pulid","person":"alice"}}"""));
        Assert.True(status == HttpStatusCode.OK, openAi.ToString());
        Assert.Equal(alice, Convert.ToHexString(new PngFile(openAi.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels));

        using (MultipartFormDataContent form = StudioServer.Form(null, ("model", "flux"), ("prompt", "a hat"), ("steps", "2"), ("seed", "1"), ("size", "64x64"), ("identity", """{"model":"pulid","person":"alice"}""")))
        {
            (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/generate", form);
            string id = body.GetProperty("data")[0].GetProperty("id").GetString()!;
            PngFile image = await server.ImageAsync(id);
            Assert.Equal(alice, Convert.ToHexString(image.Pixels));
            Assert.Contains("Identity: \"Model: pulid, Strength: 1, Person: alice, Embedding: alice\"", image.Infotext().Text, StringComparison.Ordinal);
            (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{id}/reproduce");
            Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());
        }

        await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: flux, default_size: "64x64", generation_params: {cfg_scale: 1} } }"""));
        Assert.Equal(alice, await RestAsync(near, """{"model":"pulid","embedding":"alice"}""", model: "far"));

        Assert.Equal(["photomaker", "plus", "pulid"], (await server.GetAsync("/sdapi/v1/ip-adapters")).Body.EnumerateArray().Select(name => name.GetString()));
        (_, JsonElement models) = await server.GetAsync("/api/models");
        Assert.Equal(["pulid"], models.GetProperty("models")[0].GetProperty("identities").EnumerateArray().Select(name => name.GetString()));
        // Its IP-Adapter lacks what it sees with.
        Assert.Equal(0, models.GetProperty("models")[1].GetProperty("identities").GetArrayLength());
    }

    [Fact]
    public async Task What_cannot_be_is_a_sentence_and_clients_of_Automatic1111_get_a_note()
    {
        await using StudioServer server = await StartAsync();
        string image = Convert.ToBase64String(SampleImages.Good("png"));
        foreach ((string model, string identity, string reason) in ((string, string, string)[])
        [
            ("flux", $$"""{"model":"plus","images":["{{image}}"]}""", "identity: plus is an IP-Adapter, which the engine has for Sd1, Sd2, Sdxl, and the model flux is Flux"),
            ("flux", $$"""{"model":"photomaker","images":["{{image}}"]}""", "identity: photomaker is PhotoMaker, which the engine has for Sdxl, and the model flux is Flux"),
            ("hollow", $$"""{"model":"plus","images":["{{image}}"]}""", "needs an image encoder: put the file (CLIP vision) into the folder identities"),
            ("flux", """{"model":"alice"}""", "there is no IP-Adapter, PhotoMaker or PuLID 'alice'; allowed is one of: photomaker, plus, pulid"),
            ("flux", """{"model":"../models/demo-taesd"}""", "there is no IP-Adapter"), ("flux", """{"images":[]}""", "identity: model is missing"),
            ("flux", $$"""{"model":"pulid","images":["{{image}}"]}""", "pulid is PuLID, which cannot use images; name a person's embedding in the folder identities"),
            ("flux", """{"model":"pulid"}""", "pulid is PuLID, which needs a person's embedding"), ("flux", """{"model":"pulid","person":"carol"}""", "there is no embedding of a person 'carol'"), ("flux", """{"model":"pulid","embedding":"alice","strength":3}""", "strength is '3'; allowed is a number from 0 to 2"),
            ("flux", """ "pulid" """, "identity: allowed is {\"model\""), ("flux", """{"model":"plus","images":[7]}""", "identity: images contains something that is not an image"), ("flux", """{"model":"plus","images":["bm8gaW1hZ2U="]}""", "identity is not an image"),
        ])
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/generate", StudioServer.Json($$"""{"model":"{{model}}","prompt":"a hat","identity":{{identity}}}"""));
            Assert.True(status == HttpStatusCode.BadRequest, $"{identity}: {body}");
            Assert.Contains(reason, Shape.Error(body), StringComparison.Ordinal);
        }

        (_, JsonElement info) = await A1111Async(
            server, $$""","ip_adapter":[{"adapter":"plus","images":["{{image}}"]},{"images":["{{image}}"]},{"adapter":"pulid","images":[],"start":0.2,"crop":true},{"adapter":"pulid"}]""", "<ref:alice> a hat");
        Assert.Equal(
            ["ip_adapter 0: plus is an IP-Adapter, which the engine has for Sd1, Sd2, Sdxl, and the model flux is Flux; it is left out", "ip_adapter 1: it names no adapter; it is left out",
                "ip_adapter 2: not the engine's, and done otherwise: from 0.2 to 1 (it is used from the first step to the last)", "ip_adapter 2: crop and masks are not the engine's; the whole image is looked at",
                "ip_adapter 3: the engine has one at a time; it is left out"],
            info.GetProperty("notes").EnumerateArray().Select(note => note.GetString()));
    }

    [Fact]
    public void Images_of_a_person_reach_the_engines_parameters()
    {
        string folder = studio.NewDataFolder();
        WriteIdentities(folder);
        File.WriteAllBytes(Path.Combine(folder, "identities", "encoder.safetensors"), ModelBytes.Safetensors(ModelBytes.Named("vision_model.embeddings.position_embedding.weight")));
        using var folders = new DataFolders(Options.Create(new StudioOptions { DataDirectory = folder }));
        var files = new IdentityFits(new IdentityFolder(folders), new ModelFileCache());
        using ImageBuffer first = ImageBuffer.Create(8, 8), second = ImageBuffer.Create(8, 8);

        TextToImageRequest seen = GenerationPasses.WithIdentity(new TextToImageRequest(), new IdentitySetting("plus", 0.7), files, [first, second]);
        Assert.Equal((first, 0.7f), (seen.IpAdapter!.Image, seen.IpAdapter.Strength));
        TextToImageRequest person = GenerationPasses.WithIdentity(new TextToImageRequest(), new IdentitySetting("photomaker", 1.5), files, [first, second]);
        Assert.Equal([first, second], person.PhotoMaker!.Images);
        Assert.Equal(10, person.PhotoMaker.StyleStrength);
        TextToImageRequest numbers = GenerationPasses.WithIdentity(new TextToImageRequest(), new IdentitySetting("pulid", 0.5) { Embedding = "bob" }, files, []);
        Assert.Equal((Path.Combine(folder, "identities", "more", "bob.gguf"), 0.5f), (numbers.Pulid!.EmbeddingPath, numbers.Pulid.Weight));

        var options = new DiffusionModelOptions();
        DiffusionModelOptions adapter = files.With(options, "plus");
        Assert.Equal((Path.Combine(folder, "identities", "plus.safetensors"), Path.Combine(folder, "identities", "encoder.safetensors")), (adapter.IpAdapterPath, adapter.ClipVisionPath));
        Assert.Equal(Path.Combine(folder, "identities", "photomaker.safetensors"), files.With(options, "photomaker").PhotoMakerPath);
        Assert.Contains("no longer exists", Assert.Throws<SdException>(() => files.With(options, "carol")).Message, StringComparison.Ordinal);
    }
}
