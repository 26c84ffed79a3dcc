using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>
/// What <c>./build.sh publish</c> made, as a service of a real systemd: one of its own, which boots in a container over this system's /usr and has
/// an empty /etc and /var.
/// </summary>
public sealed class ServiceTests : IDisposable
{
    private const string Nspawn = "/usr/bin/systemd-nspawn";

    private readonly StringBuilder _output = new();
    private readonly HttpClient _client = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Find()}"), Timeout = TimeSpan.FromMinutes(10) };
    private Process? _container;
    private string _leader = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _container?.Kill(entireProcessTree: true);
        _container?.Dispose();
    }

    [Fact]
    public async Task The_service_starts_comes_back_from_a_hang_and_a_kill_and_a_stop_leaves_its_job_for_the_next_start()
    {
        await BootAsync();
        (_, string refused) = await InsideAsync("/home/somebody/sdstudio/sdstudio service install");
        Assert.Contains("Move its folder to /opt/sdstudio", refused, StringComparison.Ordinal);
        await SucceedAsync("echo SdStudio__Threads=1 > /etc/sdstudio.env");

        await SucceedAsync($"/opt/sdstudio/sdstudio service install --urls {_client.BaseAddress}");

        await GenerateAsync();
        Assert.Equal("enabled", await SucceedAsync("systemctl is-enabled sdstudio"));
        string status = await SucceedAsync("cat /proc/$(systemctl show -p MainPID --value sdstudio)/status");
        Assert.Matches("(?m)^Uid:\\s+[1-9]", status);
        Assert.Matches("(?m)^CapEff:\\s+0+$", status);
        Assert.Matches("(?m)^Seccomp:\\s+2$", status);

        string first = await MainAsync();
        await SucceedAsync($"kill -KILL {first}");
        string second = await WaitForAnotherAsync(first);

        // Hung like this it would be ended after a minute; the test has no minute.
        await SucceedAsync("""
            mkdir -p /run/systemd/system/sdstudio.service.d && printf '[Service]\nWatchdogSec=5\nTimeoutAbortSec=1\n' > /run/systemd/system/sdstudio.service.d/short.conf
            systemctl daemon-reload && systemctl restart sdstudio
            """);
        string third = await WaitForAnotherAsync(second);
        await SucceedAsync($"kill -STOP {third}");
        await WaitForAnotherAsync(third);
        Assert.Contains("Watchdog timeout", await SucceedAsync("journalctl -u sdstudio --no-pager"), StringComparison.Ordinal);
        await SucceedAsync("rm -r /run/systemd/system/sdstudio.service.d && systemctl daemon-reload && systemctl restart sdstudio");

        string job = await QueueAsync();
        while (await StatusAsync(job) != "processing")
            await Task.Delay(20, Cancellation);
        await SucceedAsync("systemctl stop sdstudio");
        Assert.Equal("success 0", (await SucceedAsync("echo $(systemctl show -p Result -p ExecMainStatus --value sdstudio | sort -r)")).Trim());
        await SucceedAsync("systemctl start sdstudio");
        while (await StatusAsync(job) != "completed")
            await Task.Delay(50, Cancellation);
    }

    private async Task BootAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && Environment.IsPrivilegedProcess, "systemd-nspawn needs root, the archive Linux x64.");
        string? problem = File.Exists(Nspawn) && File.Exists("/usr/lib/systemd/systemd") ? null : DebianPackages.Install("systemd", "systemd-container");
        Assert.SkipUnless(problem is null && File.Exists(Nspawn), $"systemd-nspawn cannot be installed: {problem}");
        string folder = Assert.Single(Directory.GetDirectories(Path.Combine(ServerProcess.Repository, "artifacts", "publish"), "SdStudio-*-linux-x64"));
        string ready = $"sdstudio-test-{Guid.NewGuid():N}";
        _container = Process.Start(new ProcessStartInfo(Nspawn,
        [
            "--quiet", "--directory=/", "--volatile=yes", "--register=no", "--keep-unit", $"--machine={ready}", "--console=pipe",
            $"--bind-ro={folder}:/opt/sdstudio", $"--bind-ro={folder}:/home/somebody/sdstudio", "--boot", "systemd.unit=basic.target",
        ]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        _container.OutputDataReceived += Keep;
        _container.ErrorDataReceived += Keep;
        _container.BeginOutputReadLine();
        _container.BeginErrorReadLine();
        string children = $"/proc/{_container.Id}/task/{_container.Id}/children";
        while (true)
        {
            Assert.SkipWhen(_container.HasExited, $"systemd-nspawn cannot start a container here: {Output}");
            _leader = (await RunAsync($"cat {children}")).Said.Split(' ')[0];
            // Its folders are its own only once systemd runs there.
            if (_leader != "" && (await RunAsync($"cat /proc/{_leader}/comm")).Said.Trim() == "systemd"
                && (await InsideAsync("systemctl is-active basic.target")).Said.Trim() == "active")
                return;
            await Task.Delay(50, Cancellation);
        }
    }

    private string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }

    private Task<string> MainAsync() => SucceedAsync("systemctl show -p MainPID --value sdstudio");

    private async Task<string> WaitForAnotherAsync(string former)
    {
        while (true)
        {
            string main = await MainAsync();
            if (main != former && main != "0" && (await InsideAsync("systemctl is-active sdstudio")).Said.Trim() == "active")
                return main;
            await Task.Delay(50, Cancellation);
        }
    }

    private async Task GenerateAsync()
    {
        using HttpResponseMessage response = await PostAsync("/api/generate", """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":4,"seed":7}""");
        JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        string? id = answer.GetProperty("data")[0].GetProperty("id").GetString();
        Assert.True(RedCircle.IsOn(await _client.GetByteArrayAsync(new Uri($"/api/images/{id}", UriKind.Relative), Cancellation)));
    }

    private async Task<string> QueueAsync()
    {
        using HttpResponseMessage response = await PostAsync("/api/queue/generate", """{"model":"demo","prompt":"a red circle","size":"128x128","steps":50,"n":2}""");
        JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
        return answer.GetProperty("job_id").GetString()!;
    }

    private async Task<string?> StatusAsync(string job) =>
        (await _client.GetFromJsonAsync(new Uri($"/api/queue/{job}", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation)).GetProperty("status").GetString();

    private async Task<HttpResponseMessage> PostAsync(string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        return await _client.PostAsync(new Uri(path, UriKind.Relative), body, Cancellation);
    }

    private async Task<string> SucceedAsync(string command)
    {
        (int exitCode, string said) = await InsideAsync(command);
        Assert.True(exitCode == 0, $"{command}\n{said}\n{(await InsideAsync("journalctl -u sdstudio --no-pager | tail -n 30")).Said}");
        return said.Trim();
    }

    private Task<(int ExitCode, string Said)> InsideAsync(string command) => RunAsync(command, "nsenter", "-t", _leader, "-a", "--");

    private static async Task<(int ExitCode, string Said)> RunAsync(string command, params string[] before)
    {
        string[] all = [.. before, "sh", "-c", command];
        using Process process = Process.Start(new ProcessStartInfo(all[0], all[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output + await errors);
    }
}
