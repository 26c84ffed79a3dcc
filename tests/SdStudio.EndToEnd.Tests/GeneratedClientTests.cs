using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Clients that are generated from the API's description: they are built, and send and fetch images.</summary>
public sealed class GeneratedClientTests(ClientServers servers) : IClassFixture<ClientServers>
{
    // No compiler or build server stays behind: it would keep the pipe that the test reads open.
    private static readonly (string, string)[] NothingStays =
    [
        ("MSBUILDDISABLENODEREUSE", "1"), ("UseSharedCompilation", "false"), ("DOTNET_CLI_USE_MSBUILD_SERVER", "0"), ("KIOTA_OFFLINE_ENABLED", "true"),
    ];

    private static string Sample => Path.Combine(ServerProcess.Repository, "tests", "samples", "GeneratedClients");

    private static string Work => Path.Combine(ServerProcess.Repository, "artifacts", "generated-clients");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clients_of_Kiota_and_NSwag_are_built_and_send_and_fetch_images()
    {
        string description = await DescriptionAsync("source");
        string source = Path.GetDirectoryName(description)!;
        await DotNetAsync("tool", "restore");
        string[] notes = await Task.WhenAll(
            DotNetAsync(
                "kiota", "generate", "--language", "CSharp", "--openapi", description, "--class-name", "KiotaStudio", "--namespace-name", "KiotaClient",
                "--output", Path.Combine(source, "kiota"), "--clean-output", "--exclude-backward-compatible", "--log-level", "Warning"),
            DotNetAsync(
                "nswag", "openapi2csclient", $"/input:{description}", $"/output:{Path.Combine(source, "nswag", "Studio.cs")}", "/namespace:NSwagClient", "/className:NSwagStudio",
                "/jsonLibrary:SystemTextJson", "/operationGenerationMode:SingleClientFromOperationId", "/generateClientInterfaces:false"));
        // 200 and 202 have one shape.
        Assert.DoesNotContain("divergent", notes[0], StringComparison.Ordinal);
        await DotNetAsync("build", "--nologo", "--verbosity", "quiet");

        string said = await DotNetAsync(Path.Combine(Work, "bin", "GeneratedClients.dll"), servers.Locked, ClientServers.Key);

        Assert.Contains("all steps passed", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_typed_by_openapi_typescript_is_compiled_and_sends_and_fetches_images()
    {
        string description = await DescriptionAsync("typescript");
        await NodeClients.ToolAsync("openapi-typescript", description, "--output", "schema.d.mts");
        await NodeClients.ToolAsync(
            "tsc", "--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--skipLibCheck", "--types", "node", "typed.mts");

        await NodeClients.RunAsync("typed.mjs", servers.Locked, ClientServers.Key);
    }

    [Fact]
    public async Task The_description_has_nothing_that_its_linter_objects_to()
    {
        string said = await NodeClients.ToolAsync("redocly", "lint", await DescriptionAsync("lint"), "--config", "redocly.yaml", "--format", "json");

        using JsonDocument report = JsonDocument.Parse(said[said.IndexOf('{', StringComparison.Ordinal)..(said.LastIndexOf('}') + 1)]);
        JsonElement totals = report.RootElement.GetProperty("totals");
        Assert.True((totals.GetProperty("errors").GetInt32(), totals.GetProperty("warnings").GetInt32()) == (0, 0), said);
    }

    private async Task<string> DescriptionAsync(string folder)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(Work, folder)).FullName, "openapi.json");
        await File.WriteAllTextAsync(path, await servers.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Cancellation), Cancellation);
        return path;
    }

    private static async Task<string> DotNetAsync(params string[] arguments)
    {
        (int exitCode, string output) = await NodeClients.StartAsync("dotnet", Sample, arguments, NothingStays);
        Assert.True(exitCode == 0, $"dotnet {string.Join(' ', arguments)} ended with {exitCode}:\n{output}");
        return output;
    }
}
