using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Tests;

/// <summary>The catalogue's files as people write and change them.</summary>
public sealed class CatalogueTests(Workshop studio)
{
    private static readonly string? Originals = FindOriginals();

    [Fact]
    public async Task The_originals_own_files_are_listed_with_what_is_missing_and_generate_once_weights_are_there()
    {
        Assert.SkipWhen(Originals is null, "The original's files are another project's: they lie beside this one (../shared) on the machines that test it, and nowhere else.");
        string folder = studio.NewDataFolder("models: {}\n");
        string root = Path.Combine(folder, "of-the-original");
        Directory.CreateDirectory(root);
        await using StudioServer server = await StudioServer.StartAsync(
            folder, $"--SdStudio:Models:CatalogueDirectory={Originals}", $"--SdStudio:Models:Root={root}", "--SdStudio:Models:Scan=false");
        JsonElement[] models = await ModelsAsync(server);

        Assert.Contains(models, model => IdOf(model) == "qwen-image");
        Assert.All(models, model => Assert.All(FilesOf(model), file => Assert.False(file.GetProperty("exists").GetBoolean())));
        JsonElement turbo = models.Single(model => IdOf(model) == "z-image-turbo");
        Assert.True(FilesOf(turbo).Length >= 3);
        (HttpStatusCode status, JsonElement refused) = await server.SendAsync(HttpMethod.Post, "/api/models/z-image-turbo/start");
        Assert.Equal(HttpStatusCode.Conflict, status);
        foreach (JsonElement file in FilesOf(turbo))
            Assert.Contains(file.GetProperty("filePath").GetString()!, refused.GetProperty("error").GetString());

        foreach (JsonElement file in FilesOf(turbo))
        {
            string path = Path.GetFullPath(file.GetProperty("filePath").GetString()!, root);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string part = path.Contains("/vae/", StringComparison.Ordinal) ? "taesd" : path.Contains("qwen", StringComparison.Ordinal) ? "text-encoder" : "diffusion";
            File.Copy(Path.Combine(folder, "models", $"demo-{part}.gguf"), path, overwrite: true);
        }

        PngFile image = await server.GenerateOneAsync("""{"model":"z-image-turbo","prompt":"a red circle on a blue background","size":"64x64","seed":1}""");
        Assert.Equal((64, 64), (image.Width, image.Height));
    }

    [Fact]
    public async Task A_changed_file_counts_without_a_restart_and_a_broken_one_leaves_the_last_good_catalogue()
    {
        string folder = studio.NewDataFolder(Entry("one"));
        await using StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:Models:Scan=false", "--Logging:LogLevel:SdStudio=Information");

        File.WriteAllText(Path.Combine(folder, "more.yml"), Entry("two"));
        await UntilAsync(server, models => models.SequenceEqual(["one", "two"]) || models.SequenceEqual(["two", "one"]));

        File.WriteAllText(Path.Combine(folder, "more.yml"), "models:\n  two:\n    name: \"never closed\n");
        while (!(await LogsAsync(server)).Contains("more.yml cannot be read: line", StringComparison.Ordinal))
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal(2, (await ModelsAsync(server)).Length);

        File.Delete(Path.Combine(folder, "more.yml"));
        await UntilAsync(server, models => models.SequenceEqual(["one"]));
        await server.GenerateImagesAsync("""{"model":"one","prompt":"a red circle","size":"32x32","steps":1}""");
    }

    [Fact]
    public async Task An_unknown_argument_is_told_with_its_model_and_line()
    {
        string folder = studio.NewDataFolder("models:\n  one:\n    name: One\n    args: [\"-m\", \"${SDSTUDIO_TEST_NOWHERE:-models/one.gguf}\", \"--frobnicate\"]\n");
        await using StudioServer server = await StudioServer.StartAsync(folder, "--Logging:LogLevel:SdStudio=Information");

        Assert.Contains("models.yml, line 3: model one has the argument --frobnicate", await LogsAsync(server), StringComparison.Ordinal);
        Assert.Equal("models/one.gguf", FilesOf((await ModelsAsync(server)).Single(model => IdOf(model) == "one"))[0].GetProperty("filePath").GetString());
    }

    [Fact]
    public async Task The_first_start_leaves_a_catalogue_whose_files_can_all_be_fetched_and_whose_settings_the_engine_has()
    {
        string folder = Path.Combine(studio.Server.Folder, "..", "first-start");
        await using StudioServer server = await StudioServer.StartAsync(folder, "--Logging:LogLevel:SdStudio=Information");
        Assert.DoesNotContain("models.yml, line", await LogsAsync(server), StringComparison.Ordinal);
        JsonElement[] models = await ModelsAsync(server);
        Assert.Equal("demo", IdOf(models[0]));
        Assert.Superset(
            new HashSet<string>(["z-image-turbo", "qwen-image", "qwen-image-edit", "flux1-schnell", "flux2-klein-4b", "sdxl", "sd15", "wan2.2-ti2v-5b", "wan2.1-t2v-1.3b"]), models.Select(IdOf).ToHashSet());

        CatalogueSnapshot catalogue = CatalogueReader.Read(folder, folder);
        SdEngine engine = SdEngine.Load();
        foreach (ModelDefinition model in catalogue.Models.Values.Where(model => model.Id != "demo"))
        {
            Assert.Equal(model.Files.Select(file => file.FullPath).Order(), model.HubFiles.Select(file => file.FullPath).Order());
            Assert.NotNull(model.License);
            Assert.Contains(model.DefaultSampler, engine.Samplers);
        }

        Assert.Equal("Comfy-Org/Real-ESRGAN_repackaged", Assert.Single(catalogue.Upscalers.Single(upscaler => upscaler.Name == "RealESRGAN 4x+").HubFiles).Repo);
    }

    private static string Entry(string id) =>
        $$"""
        models:
          {{id}}:
            name: "{{id}}"
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            generation_params: { cfg_scale: 1 }

        """;

    private static async Task UntilAsync(StudioServer server, Func<IEnumerable<string>, bool> isSo)
    {
        while (!isSo((await ModelsAsync(server)).Select(IdOf)))
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    private static async Task<JsonElement[]> ModelsAsync(StudioServer server) =>
        [.. (await server.GetAsync("/api/models")).Body.GetProperty("models").EnumerateArray()];

    private static async Task<string> LogsAsync(StudioServer server) =>
        string.Join('\n', (await server.GetAsync("/api/logs?limit=200")).Body.GetProperty("logs").EnumerateArray().Select(line => line.GetProperty("message").GetString()));

    private static string IdOf(JsonElement model) => model.GetProperty("id").GetString()!;

    private static JsonElement[] FilesOf(JsonElement model) => [.. model.GetProperty("fileStatus").GetProperty("files").EnumerateArray()];

    private static string? FindOriginals()
    {
        string? folder = AppContext.BaseDirectory;
        string Inside() => Path.Combine(folder, "shared", "data", "original-models");
        while (folder is not null && !Directory.Exists(Inside()))
            folder = Path.GetDirectoryName(folder);
        return folder is null ? null : Inside();
    }
}
