using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The Dockerfile, built and run by buildah as root without an image registry: its base is made of this Debian's own packages.</summary>
public sealed class ContainerTests : IDisposable
{
    private const string Base = "localhost/debian:bookworm-slim";
    private const string Image = "localhost/sdstudio";

    // What Debian's slim image has and the Dockerfile needs; libssl3 and ca-certificates, so that nothing has to be fetched.
    private static readonly string[] Packages =
    [
        "base-files", "libc6", "libc-bin", "libgcc-s1", "libstdc++6", "dash", "coreutils", "grep", "sed", "passwd", "login", "zlib1g", "libssl3", "openssl", "ca-certificates",
        "libacl1", "libattr1", "libselinux1", "libpcre2-8-0", "libpam0g", "libpam-modules", "libaudit1", "libcap-ng0", "libcrypt1", "libgmp10", "libsemanage2", "libsepol2", "libbz2-1.0", "debianutils",
    ];

    private readonly string _folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_container_is_built_makes_an_image_survives_a_kill_and_tells_its_health()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && Environment.IsPrivilegedProcess, "buildah's chroot isolation needs root on Linux x64.");
        string? problem = File.Exists("/usr/bin/buildah") ? null : DebianPackages.Install("buildah");
        Assert.SkipUnless(File.Exists("/usr/bin/buildah"), $"buildah cannot be installed: {problem}");
        Assert.SkipUnless(File.Exists("/usr/bin/dpkg-query"), "The base image is made of Debian's packages.");
        await MakeBaseAsync();
        await BuildahAsync($"bud -q --format docker --build-arg BASE={Base} --target cpu -t {Image} '{ServerProcess.Repository}'");
        Assert.Contains("\"health\"", await BuildahAsync($"inspect --type image {Image}"), StringComparison.Ordinal);
        string container = (await BuildahAsync($"from {Image}")).Trim();

        string data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "key"), "a-key-for-tests\n", Cancellation);
        await ShellAsync($"chown -R 10001:10001 '{data}'");
        string id;
        using (ServerProcess first = Run(container, data))
        {
            first.Client.DefaultRequestHeaders.Add("X-Api-Key", "a-key-for-tests");
            await WaitForHealthAsync(first, container);
            (HttpStatusCode status, JsonElement body) = await first.GenerateAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":4}""");
            Assert.True(status == HttpStatusCode.OK, $"{body}\n{first.Output}");
            id = body.GetProperty("data")[0].GetProperty("id").GetString()!;
            Assert.Equal("10001", (await ShellAsync($"stat -c %u '{data}/sdstudio.db'")).Trim());
            await ShellAsync($"kill -KILL {ServerIn(data)}");
            await first.WaitForExitAsync();
        }

        using ServerProcess second = Run(container, data);
        second.Client.DefaultRequestHeaders.Add("X-Api-Key", "a-key-for-tests");
        await WaitForHealthAsync(second, container);
        Assert.True(RedCircle.IsOn(await second.Client.GetByteArrayAsync(new Uri($"/api/images/{id}", UriKind.Relative), Cancellation)));
        await ShellAsync($"kill -TERM {ServerIn(data)}");
        Assert.Equal(0, await second.WaitForExitAsync());
    }

    // Files of packages that are installed here, with the accounts of an empty system.
    private async Task MakeBaseAsync() => await ShellAsync($"""
        set -e
        cd '{_folder}'
        mkdir -p base/usr/bin base/usr/sbin base/usr/lib base/usr/lib64 base/etc base/tmp base/proc base/dev base/sys
        for folder in bin sbin lib lib64; do ln -s usr/$folder base/$folder; done
        for package in {string.Join(' ', Packages)}; do dpkg-query -L "$package" 2>/dev/null || true; done | sort -u \
          | while read -r path; do [ -d "$path" ] && [ ! -L "$path" ] || echo "$path"; done | grep -vE '^/(bin|sbin|lib|lib64)$' > list
        printf '%s\n' /etc/ssl/certs/ca-certificates.crt /etc/ld.so.cache /bin/sh >> list
        tar --no-recursion --ignore-failed-read -C / -cf - -T list 2>/dev/null | tar -xf - --keep-directory-symlink -C base
        mkdir -p base/usr/local/bin base/root
        printf 'root:x:0:0:root:/root:/bin/sh\n' > base/etc/passwd; printf 'root:x:0:\n' > base/etc/group
        printf 'root:*:1::::::\n' > base/etc/shadow; printf 'root:*::\n' > base/etc/gshadow
        tar -C base -cf base.tar .
        printf 'FROM scratch\nADD base.tar /\n' > Base
        {Buildah} bud -q -f Base -t {Base} .
        """);

    private ServerProcess Run(string container, string data) => ServerProcess.LaunchCommand(
        data, ["bash", "-c", $"exec {Buildah} run -v '{data}:/data' --env ASPNETCORE_URLS=$ASPNETCORE_URLS --env SdStudio__Threads=1 --env SdStudio__Security__ApiKey_FILE=/data/key {container} -- sdstudio serve"]);

    private async Task WaitForHealthAsync(ServerProcess server, string container)
    {
        await server.WaitUntilItAnswersAsync();
        while ((await RunAsync($"{Buildah} run --env ASPNETCORE_URLS={server.Client.BaseAddress} {container} -- sdstudio health")).ExitCode != 0)
            await Task.Delay(50, Cancellation);
    }

    // The lock of the data directory tells whose it is.
    private static string ServerIn(string data) => Directory.EnumerateDirectories("/proc")
        .Where(process => int.TryParse(Path.GetFileName(process), out _))
        .First(process => Opens(process, Path.GetFileName(Path.GetDirectoryName(data)!)))["/proc/".Length..];

    private static bool Opens(string process, string folder)
    {
        try
        {
            return File.ReadAllText(process + "/comm").Trim() == "sdstudio" && File.ReadAllText(process + "/mountinfo").Contains(folder, StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return false;
        }
    }

    private string Buildah => $"buildah --storage-driver vfs --root '{_folder}/store' --runroot '{_folder}/run'";

    private async Task<string> BuildahAsync(string arguments) => await ShellAsync($"{Buildah} {arguments}");

    private static async Task<string> ShellAsync(string command)
    {
        (int exitCode, string said) = await RunAsync(command);
        Assert.True(exitCode == 0, $"{command}\n{said}");
        return said;
    }

    private static async Task<(int ExitCode, string Said)> RunAsync(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["BUILDAH_ISOLATION"] = "chroot";
        using Process shell = Process.Start(start)!;
        Task<string> errors = shell.StandardError.ReadToEndAsync(Cancellation);
        string output = await shell.StandardOutput.ReadToEndAsync(Cancellation);
        await shell.WaitForExitAsync(Cancellation);
        return (shell.ExitCode, shell.ExitCode == 0 ? output : output + await errors);
    }
}
