using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Starting, stopping and killing the real process.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _data = ServerProcess.NewFolder();

    public void Dispose()
    {
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: true);
    }

    private static StringContent Request(int steps, string size = "64x64") => new(
        $$"""{"model":"demo","prompt":"a red circle on a blue background","size":"{{size}}","steps":{{steps}},"seed":1}""", Encoding.UTF8, "application/json");

    // The row of the running job, read as another program would: the database is the truth.
    private string? RunningJob()
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_data, "sdstudio.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM jobs WHERE status = 'processing'";
        return command.ExecuteScalar() as string;
    }

    private async Task<string> WaitForRunningJobAsync()
    {
        string? id;
        while ((id = RunningJob()) is null)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        return id;
    }

    private static async Task<JsonElement> WaitForEndAsync(ServerProcess server, string id)
    {
        while (true)
        {
            JsonElement job = await server.Client.GetFromJsonAsync(new Uri($"/api/generations/{id}", UriKind.Relative), JsonContext.Default.JsonElement);
            if (job.GetProperty("status").GetString() is "completed" or "failed")
                return job;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    public async Task A_signal_stops_the_server_cleanly_in_the_middle_of_a_job_and_the_job_goes_on_at_the_next_start(string signal)
    {
        Assert.SkipWhen(ServerProcess.IsIgnored(signal), $"These tests were started where SIG{signal} is ignored (by nohup, or in the background of a shell), and so is what they start.");
        using (ServerProcess server = await ServerProcess.StartAsync(_data))
        {
            _ = server.Client.PostAsync(new Uri("/api/generate", UriKind.Relative), Request(400), CancellationToken.None);
            await WaitForRunningJobAsync();
            Assert.Equal(0, await server.SignalAsync(signal));
        }

        using ServerProcess second = await ServerProcess.StartAsync(_data);
        string id = await WaitForRunningJobAsync();
        Assert.Equal("completed", (await WaitForEndAsync(second, id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task After_kill_9_the_server_goes_on_by_itself()
    {
        string running;
        using (ServerProcess server = await ServerProcess.StartAsync(_data))
        {
            _ = server.Client.PostAsync(new Uri("/api/generate", UriKind.Relative), Request(400), CancellationToken.None);
            running = await WaitForRunningJobAsync();
            await server.SignalAsync("KILL");
        }

        using ServerProcess second = await ServerProcess.StartAsync(_data);
        JsonElement end = await WaitForEndAsync(second, running);
        Assert.Equal("completed", end.GetProperty("status").GetString());
        Assert.Equal(1, end.GetProperty("images").GetArrayLength());
        Assert.Empty(Directory.GetFiles(Path.Combine(_data, "images"), "*.tmp"));
    }

    [Theory]
    [InlineData("generate", """{"model":"demo","prompt":"a red circle","size":"128x128","steps":12,"seed":1,"n":6}""")]
    [InlineData("queue/grid", """{"base":{"model":"demo","prompt":"a red circle","size":"128x128","steps":12},"x":{"field":"seed","values":[1,2,3,4,5,6]}}""")]
    public async Task Images_of_a_batch_that_were_completed_before_kill_9_are_kept_and_not_generated_again(string path, string request)
    {
        string running;
        Dictionary<string, DateTime> before;
        using (ServerProcess server = await ServerProcess.StartAsync(_data))
        {
            _ = server.Client.PostAsync(
                new Uri($"/api/{path}", UriKind.Relative), new StringContent(request, Encoding.UTF8, "application/json"), CancellationToken.None);
            running = await WaitForRunningJobAsync();
            JsonElement job;
            do
            {
                job = await server.Client.GetFromJsonAsync(new Uri($"/api/queue/{running}", UriKind.Relative), JsonContext.Default.JsonElement, TestContext.Current.CancellationToken);
            }
            while (job.GetProperty("image_count").GetInt32() < 2);
            before = job.GetProperty("images").EnumerateArray().Select(image => Path.Combine(_data, image.GetProperty("file_path").GetString()!)).ToDictionary(path => path, File.GetLastWriteTimeUtc);
            await server.SignalAsync("KILL");
        }

        using ServerProcess second = await ServerProcess.StartAsync(_data);
        JsonElement end = await WaitForEndAsync(second, running);
        Assert.Equal("completed", end.GetProperty("status").GetString());
        Assert.Equal(["1", "2", "3", "4", "5", "6"], end.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("seed").GetString()));
        Assert.InRange(before.Count, 2, 5);
        Assert.All(before, file => Assert.Equal(file.Value, File.GetLastWriteTimeUtc(file.Key)));
        Assert.Equal(6, Directory.GetFiles(Path.Combine(_data, "images")).Length);
    }

    [Fact]
    public async Task Stops_that_are_cut_off_by_kill_do_not_count_against_the_job()
    {
        string? job = null;
        for (int stop = 0; stop < 3; stop++)
        {
            using ServerProcess server = await ServerProcess.StartAsync(_data);
            if (job is null)
                _ = server.Client.PostAsync(new Uri("/api/generate", UriKind.Relative), Request(8, "1024x1024"), CancellationToken.None);
            job = await WaitForRunningJobAsync();
            await server.SendSignalAsync("TERM");
            await server.SignalAsync("KILL");
        }

        using ServerProcess last = await ServerProcess.StartAsync(_data);
        Assert.Equal("completed", (await WaitForEndAsync(last, job!)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Everything_the_server_writes_is_under_the_data_directory()
    {
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/api/generate", UriKind.Relative), Request(4), TestContext.Current.CancellationToken);

        Assert.True(response.IsSuccessStatusCode, server.Output);
        Assert.True(File.Exists(Path.Combine(_data, "models.yml")));
        Assert.True(File.Exists(Path.Combine(_data, "sdstudio.db")));
        Assert.Single(Directory.GetFiles(Path.Combine(_data, "images"), "*.png"));
        Assert.Equal(5, Directory.GetFiles(Path.Combine(_data, "models"), "demo-*.gguf").Length);
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_directory_says_so_and_ends()
    {
        using ServerProcess first = await ServerProcess.StartAsync(_data);
        using ServerProcess second = ServerProcess.Launch(_data, port: 0);

        Assert.Equal(1, await second.WaitForExitAsync());
        Assert.Contains("in use by another SdStudio", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using ServerProcess first = await ServerProcess.StartAsync(_data);
        string other = ServerProcess.NewFolder();
        using ServerProcess second = ServerProcess.Launch(other, first.Client.BaseAddress!.Port);

        Assert.Equal(1, await second.WaitForExitAsync());
        Assert.Contains("address already in use", Sentence(second), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("ASPNETCORE_URLS=", second.Output, StringComparison.Ordinal);
        Directory.Delete(other, recursive: true);
    }

    [Theory]
    [InlineData("SdStudio__Threads", "many", "SdStudio:Threads")]
    [InlineData("SdStudio__Downloads__HubAddress", "somewhere", "SdStudio:Downloads:HubAddress")]
    [InlineData("ASPNETCORE_URLS", "nonsense", "http://localhost:3000")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:99999", "http://localhost:300")]
    [InlineData("ASPNETCORE_URLS", "http://192.0.2.1:3000", "SdStudio:Security:ApiKey")]
    [InlineData("SdStudio__DataDirectory", "/proc/sdstudio", "SdStudio__DataDirectory")]
    [InlineData("SdStudio__DataDirectory", "/dev/null", "SdStudio__DataDirectory")]
    public async Task A_setting_that_cannot_be_is_named_in_one_sentence(string name, string value, string named)
    {
        using ServerProcess server = ServerProcess.Launch(_data, port: 0, (name, value));

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains(named, Sentence(server), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("noise")]
    [InlineData("folder")]
    public async Task A_damaged_database_is_named_in_one_sentence(string damage)
    {
        string path = Path.Combine(_data, "sdstudio.db");
        Directory.CreateDirectory(_data);
        if (damage == "folder")
            Directory.CreateDirectory(path);
        else
            await File.WriteAllBytesAsync(path, [.. Enumerable.Range(0, 5000).Select(i => (byte)((i * 7919) >> 3))], TestContext.Current.CancellationToken);
        using ServerProcess server = ServerProcess.Launch(_data, port: 0);

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains(path, Sentence(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_few_files_are_named_in_one_sentence()
    {
        using ServerProcess server = ServerProcess.LaunchWithFileLimit(_data, 256);

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains("ulimit -n 4096", Sentence(server), StringComparison.Ordinal);
    }

    // Nothing but one line, and no stack.
    private static string Sentence(ServerProcess server)
    {
        string line = Assert.Single(server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.StartsWith("SdStudio cannot start: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        return line;
    }
}
