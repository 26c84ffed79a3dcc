using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What the compose files describe, as processes: the environment, secrets, volumes and health checks of their services, without an image registry.</summary>
public sealed partial class ComposeTests : IDisposable
{
    private const string ApiKey = "a key for the two of them";
    private readonly string _folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task One_box_lets_in_who_has_the_key_and_generates()
    {
        ComposeFile compose = ComposeFile.Read("compose.yaml", _folder);
        Assert.Equal(["sdstudio"], compose.Services.Keys);
        compose.WriteSecrets(_ => ApiKey);
        using ServerProcess server = await StartAsync(compose, "sdstudio", Ports(compose));

        using var stranger = new HttpClient { BaseAddress = server.Client.BaseAddress };
        using (HttpResponseMessage refused = await stranger.GetAsync(new Uri("/api/images", UriKind.Relative), Cancellation))
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        await GenerateAsync(server);
    }

    [Fact]
    public async Task Two_machines_show_each_others_images()
    {
        using PostgresServer? postgres = PostgresServer.Start(out string reason);
        Assert.SkipWhen(postgres is null, reason);
        string database = postgres.NewDatabase();
        ComposeFile compose = ComposeFile.Read("compose.many.yaml", _folder);
        Assert.Equal(["postgres", "first", "second"], compose.Services.Keys);
        compose.WriteSecrets(name => name switch { "database" => database, "node" => "the key that they show each other", _ => ApiKey });
        Dictionary<string, int> ports = Ports(compose);
        using ServerProcess first = await StartAsync(compose, "first", ports);
        using ServerProcess second = await StartAsync(compose, "second", ports);

        string image = await GenerateAsync(first);
        Assert.Equal(await BytesAsync(first, image), await BytesAsync(second, image));
        JsonElement[] nodes = [.. (await GetAsync(second, "/api/nodes")).GetProperty("nodes").EnumerateArray()];
        Assert.Equal(ports.Values.Order().Select(port => $"http://127.0.0.1:{port}"), nodes.Select(node => node.GetProperty("address").GetString()!).Order());

        // What only one of them can do, the other one asks it for: the first takes no more jobs.
        string id = nodes.Single(node => !node.GetProperty("is_this").GetBoolean()).GetProperty("id").GetString()!;
        using (HttpResponseMessage drained = await second.Client.PostAsync(new Uri($"/api/nodes/{id}/drain", UriKind.Relative), content: null, Cancellation))
            Assert.Equal(HttpStatusCode.OK, drained.StatusCode);
        image = await GenerateAsync(first);
        Assert.Equal(await BytesAsync(second, image), await BytesAsync(first, image));
    }

    // Each service that is built here, on a port of this machine.
    private static Dictionary<string, int> Ports(ComposeFile compose) => compose.Services.Where(service => service.Value.IsBuilt).ToDictionary(service => service.Key, _ => FreePort.Find());

    private async Task<ServerProcess> StartAsync(ComposeFile compose, string name, Dictionary<string, int> ports)
    {
        ComposeService service = compose.Services[name];
        // The image listens on the port that is published, and keeps everything in what is mounted.
        string dockerfile = await File.ReadAllTextAsync(Path.Combine(ServerProcess.Repository, "Dockerfile"), Cancellation);
        Assert.Contains($"ASPNETCORE_URLS=http://0.0.0.0:{service.ContainerPort} ", dockerfile, StringComparison.Ordinal);
        Assert.Contains("SdStudio__DataDirectory=/data ", dockerfile, StringComparison.Ordinal);
        string data = Directory.CreateDirectory(Path.Combine(_folder, service.Volumes["/data"])).FullName;
        string models = Directory.CreateDirectory(Path.Combine(_folder, service.Volumes["/data/models"])).FullName;
        Directory.CreateSymbolicLink(Path.Combine(data, "models"), models);

        (string, string)[] environment = [.. service.Environment.Select(setting => (setting.Key, Value(setting.Value)))];
        ServerProcess server = ServerProcess.Launch(data, ports[name], environment);
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", ApiKey);
        await server.WaitUntilItAnswersAsync();
        Assert.Equal(["CMD", "sdstudio", "health"], service.HealthCheck);
        while (await server.RunCommandAsync("health") != 0)
            Assert.False(server.HasEnded, server.Output);
        return server;

        // Secrets are files, and services are found by their names.
        string Value(string value) => value.StartsWith(ComposeFile.SecretFolder, StringComparison.Ordinal) ? service.SecretFile(value)
            : Address().Replace(value, found => $"http://127.0.0.1:{ports[found.Groups["service"].Value]}");
    }

    private static async Task<string> GenerateAsync(ServerProcess server)
    {
        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle","size":"64x64","steps":2}""");
        Assert.True(status == HttpStatusCode.OK, $"{body}\n{server.Output}");
        return body.GetProperty("data")[0].GetProperty("id").GetString()!;
    }

    private static Task<byte[]> BytesAsync(ServerProcess server, string image) => server.Client.GetByteArrayAsync(new Uri($"/api/images/{image}", UriKind.Relative), Cancellation);

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        JsonDocument.Parse(await server.Client.GetStringAsync(new Uri(path, UriKind.Relative), Cancellation)).RootElement;

    [GeneratedRegex(@"http://(?<service>\w+):3000", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}
