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

    private static bool IsInterruptIgnored()
    {
        const string ignored = "SigIgn:";
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(ignored, StringComparison.Ordinal));
        return line is not null && (Convert.ToUInt64(line[ignored.Length..].Trim(), 16) & 0b10) != 0;
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_stops_the_server_cleanly_in_the_middle_of_a_job_and_the_job_goes_on_at_the_next_start(string signal)
    {
        Assert.SkipWhen(signal == "INT" && IsInterruptIgnored(), "These tests run in the background of a shell, where SIGINT is ignored, by what they start too.");
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
        Assert.Contains("address already in use", second.Output, StringComparison.OrdinalIgnoreCase);
        Directory.Delete(other, recursive: true);
    }
}
