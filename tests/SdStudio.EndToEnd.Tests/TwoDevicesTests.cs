using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using NetVips;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A graphics device beside the CPU: Mesa's software device, which is as good as a card for all but its time.</summary>
public sealed class TwoDevicesTests : IDisposable
{
    private readonly string _folder = ServerProcess.NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Both_devices_generate_at_once_each_with_a_model_of_its_own_and_the_images_are_alike()
    {
        Dictionary<string, string> vulkan = await SoftwareVulkan.EnvironmentAsync(_folder);
        using ServerProcess server = await ServerProcess.StartAsync(
            Path.Combine(_folder, "data"),
            [.. vulkan.Select(pair => (pair.Key, pair.Value)), ("SdStudio__Backend", "vulkan"), ("SdStudio__Devices__0__Name", "CPU"), ("SdStudio__Devices__1__Name", "Vulkan0")]);
        await PostAsync(server, "/api/queue/pause", "{}");
        // One step is enough for the demo model's flat colours; a step takes the software device seconds.
        foreach (int _ in Enumerable.Range(0, 3))
            await PostAsync(server, "/api/queue/generate", """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":1,"seed":7}""");
        using HttpResponseMessage events = await server.Client.GetAsync(
            new Uri("/api/events?channels=generations", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await PostAsync(server, "/api/queue/resume", "{}");
        for (int completed = 0; completed < 3;)
            completed += await reader.ReadLineAsync(TestContext.Current.CancellationToken) == "event: generation_completed" ? 1 : 0;

        JsonElement[] images = [.. (await GetAsync(server, "/api/images")).GetProperty("images").EnumerateArray()];
        Dictionary<string, byte[]> pixels = [];
        foreach (JsonElement image in images)
        {
            byte[] mine = await PixelsAsync(server, image.GetProperty("url").GetString()!);
            // The same seed on the same device: the same bytes.
            Assert.Equal(pixels.GetValueOrDefault(image.GetProperty("device").GetString()!, mine), mine);
            pixels[image.GetProperty("device").GetString()!] = mine;
        }

        Assert.Equal(["cpu", "vulkan0"], pixels.Keys.Order());
        // The two round differently, which moves the circle's edge by a part of a pixel.
        Assert.InRange(pixels["cpu"].Zip(pixels["vulkan0"], (cpu, other) => Math.Abs(cpu - other)).Average(), 1e-6, 3);

        Dictionary<string, JsonElement> devices = (await GetAsync(server, "/api/devices")).GetProperty("devices").EnumerateArray().ToDictionary(device => device.GetProperty("id").GetString()!);
        Assert.All(pixels.Keys, id => Assert.Equal("demo", Assert.Single(devices[id].GetProperty("models").EnumerateArray()).GetString()));
        Assert.Contains("llvmpipe", devices["vulkan0"].GetProperty("description").GetString(), StringComparison.Ordinal);
        // Each has a budget of its own.
        Assert.Equal(0, devices["cpu"].GetProperty("memory").GetProperty("vram_used").GetInt64());
        Assert.InRange(devices["vulkan0"].GetProperty("memory").GetProperty("vram_used").GetInt64(), 1, devices["vulkan0"].GetProperty("memory").GetProperty("vram_budget").GetInt64());
    }

    [Fact]
    public async Task A_model_that_is_larger_than_the_card_generates_with_its_weights_in_RAM()
    {
        Dictionary<string, string> vulkan = await SoftwareVulkan.EnvironmentAsync(_folder);
        // The demo model takes 28 MiB.
        using ServerProcess server = await ServerProcess.StartAsync(
            Path.Combine(_folder, "data"),
            [.. vulkan.Select(pair => (pair.Key, pair.Value)), ("SdStudio__Backend", "vulkan"), ("SdStudio__Devices__0__Name", "Vulkan0"), ("SdStudio__Devices__0__MemoryMiB", "20")]);
        foreach (int _ in Enumerable.Range(0, 2))
            await PostAsync(server, "/api/generate", """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":1,"seed":7}""");

        JsonElement[] jobs = [.. (await GetAsync(server, "/api/queue")).GetProperty("jobs").EnumerateArray()];
        Assert.Equal(2, jobs.Length);
        Assert.All(jobs, job => Assert.Equal(("completed", "vulkan0", "weights_in_ram"), (job.GetProperty("status").GetString(), job.GetProperty("device").GetString(), Assert.Single(job.GetProperty("adjustments").EnumerateArray()).GetString())));
        // It stays loaded like any other.
        Assert.Contains(jobs, job => job.GetProperty("model_loading_time_ms").GetInt64() == 0);
        JsonElement card = (await GetAsync(server, "/api/devices")).GetProperty("devices").EnumerateArray().Single(device => device.GetProperty("id").GetString() == "vulkan0");
        Assert.Equal("demo", Assert.Single(card.GetProperty("models").EnumerateArray()).GetString());
        Assert.Equal(0, card.GetProperty("memory").GetProperty("vram_used").GetInt64());
        Assert.InRange(card.GetProperty("memory").GetProperty("ram_used").GetInt64(), 20 << 20, 1 << 30);
    }

    private static async Task<byte[]> PixelsAsync(ServerProcess server, string url)
    {
        using Image image = Image.NewFromBuffer(await server.Client.GetByteArrayAsync(new Uri(url, UriKind.Relative), TestContext.Current.CancellationToken));
        return image.WriteToMemory<byte>();
    }

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        await server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, TestContext.Current.CancellationToken);

    private static async Task PostAsync(ServerProcess server, string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
    }
}
