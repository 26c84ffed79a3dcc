using System.Diagnostics;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Makes the server's engine end the process while it computes, by <c>engine_death.c</c>.</summary>
internal sealed class EngineDeath : IDisposable
{
    private readonly string _folder;

    private EngineDeath(string folder) => _folder = folder;

    /// <summary>Every way to die.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        [.. new[] { "KILL", "abort", "TERM KILL", "segv", "HUP", "KILL", "abort", "HUP KILL", "segv", "TERM" }.Where(kind => kind != "HUP" || !ServerProcess.IsIgnored(kind))];

    /// <summary>For the server that is to die.</summary>
    public (string, string)[] Environment => [("LD_PRELOAD", Library), ("SDSTUDIO_ENGINE_DEATH", OrderFile)];

    private string Library => Path.Combine(_folder, "engine_death.so");

    private string OrderFile => Path.Combine(_folder, "order");

    public static async Task<EngineDeath> BuildAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var death = new EngineDeath(folder);
        string source = Path.Combine(ServerProcess.Repository, "tests", "SdStudio.EndToEnd.Tests", "engine_death.c");
        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-w", "-o", death.Library, source, "-ldl", "-lpthread"]);
        await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, compiler.ExitCode);
        return death;
    }

    /// <summary>The next thread that computes ends the process.</summary>
    public void Order(string kind) => File.WriteAllText(OrderFile, kind);

    /// <summary>The next server is to live.</summary>
    public void Done() => File.Delete(OrderFile);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
