using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The commands of <c>sdstudio</c>, as somebody types them.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder, "data");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_a_server_generate_makes_an_image_in_its_own_process()
    {
        string file = Path.Combine(_folder, "own.png");

        (int exitCode, string said, string complaint) = await RunAsync(null, "generate", "a red circle on a blue background", "--size", "64x64", "--steps", "4", "-o", file);

        Assert.True(exitCode == 0, said + complaint);
        Assert.Equal(file, said.Trim());
        Assert.True(RedCircle.IsOn(await File.ReadAllBytesAsync(file, Cancellation)));
    }

    [Fact]
    public async Task Commands_speak_to_a_running_server_and_tell_its_reasons()
    {
        using ServerProcess server = await ServerProcess.StartAsync(Data, ("SdStudio__Security__ApiKey", "a-key-for-tests"));
        string file = Path.Combine(_folder, "two.webp");

        Assert.Equal(0, (await RunAsync(server, "generate", "a red circle", "--size", "64x64", "--steps", "2", "--count", "2", "--output", file)).ExitCode);
        Assert.True(File.Exists(Path.Combine(_folder, "two-1.webp")) && File.Exists(Path.Combine(_folder, "two-2.webp")));

        (int exitCode, _, string complaint) = await RunAsync(server, "generate", "x", "--size", "7x7", "-o", file);
        Assert.Equal(1, exitCode);
        Assert.StartsWith("sdstudio: size", complaint, StringComparison.Ordinal);
        Assert.Contains("There is no model 'not-there'; `sdstudio models list` lists: demo", (await RunAsync(server, "generate", "x", "--model", "not-there")).Complaint, StringComparison.Ordinal);
        Assert.Contains("`sdstudio models pull sd15`, or choose another model", (await RunAsync(server, "generate", "x", "--model", "sd15")).Complaint, StringComparison.Ordinal);
        Assert.Contains("There is no folder", (await RunAsync(server, "generate", "x", "-o", Path.Combine(_folder, "nowhere", "a.png"))).Complaint, StringComparison.Ordinal);
        Assert.Contains("there are: demo,", (await RunAsync(server, "models", "pull", "not-there")).Complaint, StringComparison.Ordinal);
        Assert.Contains("does not answer", (await RunAsync(server, "jobs", "--server", "http://127.0.0.1:1")).Complaint, StringComparison.Ordinal);
        Assert.Contains("completed", (await RunAsync(server, "jobs")).Said, StringComparison.Ordinal);
        Assert.Contains("demo ", (await RunAsync(server, "models", "list")).Said, StringComparison.Ordinal);

        string doctor = (await RunAsync(server, "doctor")).Said;
        Assert.Matches("(?m)^ok  engine +stable-diffusion.cpp", doctor);
        Assert.Matches("(?m)^ok  models +[0-9]+ of", doctor);

        string copy = Path.Combine(_folder, "added.gguf");
        File.Copy(Path.Combine(Data, "models", "demo-taesd.gguf"), copy);
        Assert.Equal(0, (await RunAsync(server, "models", "add", copy, "--data", Data)).ExitCode);
        Assert.True(File.Exists(Path.Combine(Data, "models", "added.gguf")));
        Assert.Equal(1, (await RunAsync(server, "models", "add", copy, "--data", Data)).ExitCode);
        Assert.Equal(0, (await RunAsync(server, "models", "remove", "added.gguf", "--data", Data)).ExitCode);
        Assert.False(File.Exists(Path.Combine(Data, "models", "added.gguf")));
    }

    [Fact]
    public async Task A_backup_of_a_running_server_is_restored_elsewhere_with_its_images()
    {
        string archive = Path.Combine(_folder, "studio.tar.gz");
        string id;
        using (ServerProcess server = await ServerProcess.StartAsync(Data))
        {
            (_, JsonElement body) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":4}""");
            id = body.GetProperty("data")[0].GetProperty("id").GetString()!;
            (int exitCode, _, string complaint) = await RunAsync(server, "backup", archive, "--data", Data);
            Assert.True(exitCode == 0, complaint);
        }

        string other = Path.Combine(_folder, "other");
        Assert.Equal(1, (await RunAsync(null, "restore", archive, "--data", Data)).ExitCode);
        Assert.Contains("is not an archive of `sdstudio backup`", (await RunAsync(null, "restore", "/etc/passwd", "--data", other + "-not")).Complaint, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(null, "restore", archive, "--data", other)).ExitCode);
        using ServerProcess restored = await ServerProcess.StartAsync(other);
        Assert.True(RedCircle.IsOn(await restored.Client.GetByteArrayAsync(new Uri($"/api/images/{id}", UriKind.Relative), Cancellation)));
        JsonElement generations = await restored.Client.GetFromJsonAsync(new Uri("/api/generations", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
        Assert.Equal(1, generations.GetArrayLength());
    }

    [Fact]
    public async Task A_key_in_a_file_counts_and_health_tells_by_its_exit_code()
    {
        string key = Path.Combine(_folder, "key");
        await File.WriteAllTextAsync(key, "a-key-for-tests\n", Cancellation);
        using ServerProcess server = await ServerProcess.StartAsync(Data, ("SdStudio__Security__ApiKey_FILE", key));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await server.Client.GetAsync(new Uri("/api/queue", UriKind.Relative), Cancellation)).StatusCode);
        Assert.Equal(0, (await RunAsync(server, "jobs")).ExitCode);

        // The engine is loaded beside answering.
        while ((await RunAsync(server, "health")).ExitCode != 0)
            await Task.Delay(50, Cancellation);
        await server.SignalAsync("TERM");
        Assert.Equal(1, (await RunAsync(server, "health")).ExitCode);
    }

    [Fact]
    public async Task Images_of_another_data_directory_are_imported_once()
    {
        string other = Path.Combine(_folder, "other");
        using (ServerProcess server = await ServerProcess.StartAsync(other))
            Assert.Equal(System.Net.HttpStatusCode.OK, (await server.GenerateAsync("""{"model":"demo","prompt":"a red circle to take along","size":"32x32","steps":1,"n":2}""")).Status);
        await File.WriteAllTextAsync(Path.Combine(other, "images", "broken.png"), "no image", Cancellation);

        using ServerProcess mine = await ServerProcess.StartAsync(Data, ("SdStudio__Security__ApiKey", "a-key-for-tests"));
        (int exitCode, string said, string complaint) = await RunAsync(mine, "import", other);
        Assert.True(exitCode == 0, complaint);
        Assert.Equal("2 images imported, 0 were there already, 1 could not be read", said.Trim());
        Assert.Contains("broken.png", complaint, StringComparison.Ordinal);
        Assert.StartsWith("0 images imported, 2 were there already", (await RunAsync(mine, "import", other)).Said, StringComparison.Ordinal);
        mine.Client.DefaultRequestHeaders.Add("X-Api-Key", "a-key-for-tests");
        Assert.Contains("a red circle to take along", await mine.Client.GetStringAsync(new Uri("/api/images", UriKind.Relative), Cancellation), StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync(mine, "import", Path.Combine(_folder, "nowhere"))).ExitCode);
    }

    [Fact]
    public async Task Version_help_and_the_unit_are_told()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+", (await RunAsync(null, "--version")).Said);
        Assert.Contains("generate <prompt>", (await RunAsync(null, "--help")).Said, StringComparison.Ordinal);
        string unit = (await RunAsync(null, "service", "install", "--print", "--urls", "http://localhost:3100")).Said;
        Assert.Contains("Type=notify", unit, StringComparison.Ordinal);
        Assert.Contains("serve \"--urls=http://localhost:3100\"", unit, StringComparison.Ordinal);
        (int refused, _, string reason) = await RunAsync(null, "--SdStudio:Threads=abc", "--SdStudio:Metrics=perhaps");
        Assert.Equal((1, "SdStudio cannot start: SdStudio:Metrics is perhaps; allowed is true or false; SdStudio:Threads is abc; allowed is 0 to 1024"), (refused, reason.Trim()));
        (int exitCode, _, string complaint) = await RunAsync(null, "generat");
        Assert.Equal(1, exitCode);
        Assert.Contains("generat", complaint, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Said, string Complaint)> RunAsync(ServerProcess? server, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ServerProcess.ServerProgram, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SdStudio__DataDirectory"] = Data;
        start.Environment["SdStudio__Threads"] = "1";
        if (server is not null)
        {
            start.Environment["SDSTUDIO_SERVER"] = start.Environment["ASPNETCORE_URLS"] = server.Client.BaseAddress!.ToString();
            start.Environment["SDSTUDIO_API_KEY"] = "a-key-for-tests";
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Cancellation);
        string said = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, said, await errors);
    }
}
