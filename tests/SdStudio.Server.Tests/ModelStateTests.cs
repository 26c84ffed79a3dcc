using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>One model's answers, before and after it has generated.</summary>
public sealed class ModelStateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_model_runs_once_it_has_generated()
    {
        await using StudioServer server = await StudioServer.StartAsync(_folder);
        Assert.Empty((await server.GetAsync("/api/models/running")).Body.EnumerateArray());
        Assert.Equal("stopped", (await server.GetAsync("/api/models/demo/status")).Body.GetProperty("status").GetString());
        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":1}""");
        (_, JsonElement status) = await server.GetAsync("/api/models/demo/status");
        Shape.Has(status, ("id", Shape.Text), ("status", Shape.Text));
        Assert.Equal("running", status.GetProperty("status").GetString());
        JsonElement running = Assert.Single((await server.GetAsync("/api/models/running")).Body.EnumerateArray());
        Assert.Equal("demo", running.GetProperty("id").GetString());
        Assert.Equal("demo", (await server.GetAsync("/api/models/demo")).Body.GetProperty("id").GetString());
        (HttpStatusCode missing, JsonElement error) = await server.GetAsync("/api/models/zzz/status");
        Assert.Equal(HttpStatusCode.NotFound, missing);
        Assert.Equal("Model not found", error.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_model_with_a_missing_file_is_not_downloaded()
    {
        await using StudioServer server = await StudioServer.StartAsync(_folder);
        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":1}""");
        JsonElement model = Assert.Single((await server.GetAsync("/api/models/downloaded")).Body.GetProperty("models").EnumerateArray());
        Assert.True(model.GetProperty("fileStatus").GetProperty("allFilesExist").GetBoolean());
        File.Delete(Path.Combine(_folder, "models", "demo-taesd.gguf"));
        Assert.Empty((await server.GetAsync("/api/models/downloaded")).Body.GetProperty("models").EnumerateArray());
        (_, JsonElement files) = await server.GetAsync("/api/models/demo/files/status");
        Assert.False(files.GetProperty("allFilesExist").GetBoolean());
        Assert.Contains(files.GetProperty("files").EnumerateArray(), file =>
            file.GetProperty("fileName").GetString() == "demo-taesd.gguf" && !file.GetProperty("exists").GetBoolean());
    }
}
