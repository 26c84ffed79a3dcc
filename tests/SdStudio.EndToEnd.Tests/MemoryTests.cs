using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A process that really gets no more memory, by a limit of its address space.</summary>
public sealed class MemoryTests : IDisposable
{
    private const long KiB = 1024;
    private readonly string _data = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task What_does_not_fit_is_generated_with_less_memory_and_what_never_fits_is_told()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "prlimit is Linux's.");
        File.WriteAllText(Path.Combine(_data, "models.yml"), Entries("one", "other"));
        // .NET would reserve address space that the limit counts.
        using ServerProcess server = await ServerProcess.StartAsync(_data, ("DOTNET_GCHeapHardLimit", "20000000"));
        await GenerateAsync(server, "other", 64);
        await GenerateAsync(server, "one", 64);
        LimitMemory(server, moreMiB: 60);

        // Decoding 576 x 576 takes 600 MiB at once.
        (HttpStatusCode status, JsonElement body) = await GenerateAsync(server, "one", 576);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        string id = body.GetProperty("id").GetString()!;
        JsonElement job = await server.Client.GetFromJsonAsync(new Uri($"/api/queue/{id}", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
        Assert.Equal(["freed_models", "vae_tiling"], job.GetProperty("adjustments").EnumerateArray().Select(step => step.GetString()));

        // Nothing helps where the sampler itself gets no memory; the server goes on.
        (status, body) = await GenerateAsync(server, "one", 2048);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("use a smaller size or a smaller model", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await GenerateAsync(server, "one", 64)).Status);
    }

    [Fact]
    public async Task A_server_that_has_nothing_to_do_gives_its_memory_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The figures are Linux's.");
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        for (int request = 0; request < 8; request++)
        {
            (HttpStatusCode status, _) = await server.GenerateAsync($$"""{"model":"demo","prompt":"{{new string('a', 8 << 20)}}"}""");
            Assert.Equal(HttpStatusCode.BadRequest, status);
        }

        long after = MemoryOf(server, "RssAnon:");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (MemoryOf(server, "RssAnon:") > after * 2 / 3)
            await Task.Delay(TimeSpan.FromMilliseconds(200), patience.Token);
    }

    private static string Entries(params string[] ids) => "models:\n" + string.Concat(ids.Select((id, index) =>
        $"  {id}:\n    name: {id}\n    args: [\"--diffusion-model\", \"models/demo-diffusion.gguf\", \"--llm\", \"models/demo-text-encoder.gguf\", \"--taesd\", \"models/demo-taesd.gguf\", \"-t\", \"{index + 1}\"]\n    generation_params: {{ cfg_scale: 1, sampling_method: euler }}\n"));

    private static void LimitMemory(ServerProcess server, int moreMiB)
    {
        long bytes = MemoryOf(server, "VmSize:");
        using Process limit = Process.Start("prlimit", ["--pid", $"{server.Id}", FormattableString.Invariant($"--as={bytes + (moreMiB * KiB * KiB)}")]);
        limit.WaitForExit();
        Assert.Equal(0, limit.ExitCode);
    }

    private static long MemoryOf(ServerProcess server, string figure)
    {
        string line = File.ReadLines($"/proc/{server.Id}/status").Single(line => line.StartsWith(figure, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * KiB;
    }

    private static Task<(HttpStatusCode Status, JsonElement Body)> GenerateAsync(ServerProcess server, string model, int side) =>
        server.GenerateAsync($$"""{"model":"{{model}}","prompt":"a red circle on a blue background","size":"{{side}}x{{side}}","steps":1}""");
}
