using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The server as a user runs it: a process of its own.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ServerProcess(Process process, Uri address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };
    }

    public HttpClient Client { get; }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>The repository: the folder of the solution.</summary>
    public static string Repository { get; } = FindRepository();

    public static string NewFolder() => Path.Combine(Path.GetTempPath(), "sdstudio-e2e-" + Guid.NewGuid().ToString("N"));

    /// <summary>Starts a server and waits until it answers.</summary>
    public static async Task<ServerProcess> StartAsync(string dataDirectory, params (string Name, string Value)[] environment)
    {
        ServerProcess server = Launch(dataDirectory, FreePort.Find(), environment);
        await server.WaitUntilItAnswersAsync();
        return server;
    }

    public async Task WaitUntilItAnswersAsync()
    {
        while (true)
        {
            Assert.False(_process.HasExited, Output);
            try
            {
                using HttpResponseMessage response = await Client.GetAsync(new Uri("/api/health", UriKind.Relative));
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>The server's program, for the runtime: compiled beforehand where a run of all tests has done that, or as it was just built.</summary>
    public static string ServerProgram { get; } = Environment.GetEnvironmentVariable("SDSTUDIO_TEST_SERVER")
        ?? Path.Combine(Repository, "artifacts", "bin", "SdStudio.Server", new DirectoryInfo(AppContext.BaseDirectory).Name, "SdStudio.Server.dll");

    public static ServerProcess Launch(string dataDirectory, int port, params (string Name, string Value)[] environment) =>
        Launch(dataDirectory, port, ["dotnet", ServerProgram], environment);

    /// <summary>Starts a server that may have so many files open.</summary>
    public static ServerProcess LaunchWithFileLimit(string dataDirectory, int files) =>
        Launch(dataDirectory, port: 0, ["bash", "-c", $"ulimit -n {files}; exec dotnet '{ServerProgram}'"], []);

    /// <summary>Starts a server by another command than the one that was built here.</summary>
    public static ServerProcess LaunchCommand(string dataDirectory, string[] command, params (string Name, string Value)[] environment) =>
        Launch(dataDirectory, FreePort.Find(), command, environment);

    private static ServerProcess Launch(string dataDirectory, int port, string[] command, (string Name, string Value)[] environment)
    {
        var address = new Uri($"http://127.0.0.1:{port}");
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["SdStudio__DataDirectory"] = dataDirectory;
        start.Environment["SdStudio__Threads"] = "1";
        // Signals and exit codes are the server's own.
        start.Environment["SdStudio__Watch"] = "false";
        start.Environment["SdStudio__Limits__MaxSteps"] = "1000";
        // It lives for seconds: what is compiled once more in the background, better, is a fifth of its processor time and comes too late.
        start.Environment["DOTNET_TC_CallCounting"] = "0";
        foreach ((string variable, string value) in environment)
            start.Environment[variable] = value;
        var server = new ServerProcess(Process.Start(start)!, address);
        server._process.OutputDataReceived += server.Keep;
        server._process.ErrorDataReceived += server.Keep;
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>Asks for an image and waits for the answer.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> GenerateAsync(string json)
    {
        using var request = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri("/api/generate", UriKind.Relative), request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, TestContext.Current.CancellationToken));
    }

    /// <summary>Whether this process, and with it what it starts, ignores a signal: that of the terminal in the background of a shell, a hang-up under nohup.</summary>
    public static bool IsIgnored(string signal)
    {
        const string ignored = "SigIgn:";
        ulong bit = signal switch { "HUP" => 1, "INT" => 0b10, _ => 0 };
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(ignored, StringComparison.Ordinal));
        return line is not null && (Convert.ToUInt64(line[ignored.Length..].Trim(), 16) & bit) != 0;
    }

    /// <summary>Sends a signal by its name (TERM, INT, KILL) and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> SignalAsync(string name)
    {
        await SendSignalAsync(name);
        return await WaitForExitAsync();
    }

    /// <summary>Sends a signal and does not wait for what it does.</summary>
    public async Task SendSignalAsync(string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Runs a command of the program in the environment of this server, as containers do for their health check.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> RunCommandAsync(string command)
    {
        var start = new ProcessStartInfo("dotnet", [ServerProgram, command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string? value) in _process.StartInfo.Environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SdStudio.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
