using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The archive of <c>./build.sh publish</c>, which <c>./build.sh test</c> makes before: unpacked where there is nothing but the system's basic libraries.</summary>
public sealed class PublishTests : IDisposable
{
    private const long MaxBytes = 70_000_000;

    // What docs/operations.md says it needs: the C and the C++ library.
    private static readonly string[] Libraries =
    [
        "ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libgcc_s.so.1", "libstdc++.so.6",
    ];

    // Where the kernel's folders are mounted.
    private static readonly string[] Mounts = ["proc", "dev", "tmp"];

    private static readonly string[] LibraryFolders = ["/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"];

    private readonly string _root = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task The_archive_makes_an_image_where_nothing_is_installed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The archive that the tests make is for Linux x64.");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can enter an empty root directory.");
        string archive = Assert.Single(Directory.GetFiles(Path.Combine(ServerProcess.Repository, "artifacts"), "SdStudio-*-linux-x64.tar.zst"));
        Assert.InRange(new FileInfo(archive).Length, 1, MaxBytes);
        string name = Path.GetFileName(archive)[..^".tar.zst".Length];
        await ShellAsync($"tar --zstd -xf '{archive}' -C '{_root}'");
        // Where OpenSSL could not be linked when the archive was made, it has to be there.
        foreach (string library in File.Exists("/usr/lib/x86_64-linux-gnu/libssl.a") ? Libraries : [.. Libraries, "libssl.so.3", "libcrypto.so.3"])
            CopyLibrary(library);
        foreach (string folder in Mounts)
            Directory.CreateDirectory(Path.Combine(_root, folder));
        string licenses = await File.ReadAllTextAsync(Path.Combine(_root, name, "licenses", "packages.txt"), TestContext.Current.CancellationToken);
        Assert.All(["NetVips 3", "Microsoft.Data.Sqlite", "OpenTelemetry 1", "OpenSSL"], part => Assert.Contains(part, licenses, StringComparison.Ordinal));
        Assert.All(
            ["page-preact.txt", "page-inter.txt", "NetVips.Native.linux-x64.notices.txt", "Microsoft.DotNet.ILCompiler.notices.txt", "../LICENSE", "../THIRD-PARTY-NOTICES.txt"],
            file => Assert.True(File.Exists(Path.Combine(_root, name, "licenses", file)), file));
        Assert.Equal(name["SdStudio-".Length..^"-linux-x64".Length], (await ShellAsync(InRoot($"/{name}/sdstudio --version"))).Trim());

        using ServerProcess server = ServerProcess.LaunchCommand("/data", ["bash", "-c", "exec " + InRoot($"/{name}/sdstudio")]);
        await server.WaitUntilItAnswersAsync();
        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":4,"seed":7}""");
        Assert.True(status == HttpStatusCode.OK, $"{body}\n{server.Output}");
        byte[] image = await server.Client.GetByteArrayAsync(
            new Uri($"/api/images/{body.GetProperty("data")[0].GetProperty("id").GetString()}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.True(RedCircle.IsOn(image));
        Assert.Equal(0, await server.SignalAsync("TERM"));
    }

    // The folders of the kernel are mounted in a namespace of their own, which ends with the process.
    private string InRoot(string command) =>
        $"unshare --mount sh -c 'mount -t proc proc {_root}/proc && mount --rbind /dev {_root}/dev && exec chroot {_root} {command}'";

    private void CopyLibrary(string name)
    {
        string? file = LibraryFolders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(file is null, $"This system has no {name} where Debian has it.");
        string target = Path.Combine(_root, name.StartsWith("ld-", StringComparison.Ordinal) ? "lib64" : "lib", name);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(file!, target);
    }

    private static async Task<string> ShellAsync(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SdStudio__Watch"] = "false";
        using Process shell = Process.Start(start)!;
        Task<string> errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, $"{command}\n{output}\n{await errors}");
        return output;
    }
}
