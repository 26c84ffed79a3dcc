using System.Diagnostics;

namespace SdCpp.Interop.Tests;

public sealed class FaultTests(Demo demo)
{
    [Fact]
    public async Task Faults_of_managed_code_stay_exceptions_where_the_engine_writes_last_words()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string crashFile = demo.NewPath(".txt");
        string[] self = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.ProcessPath!, typeof(FaultTests).Assembly.Location] : [Environment.ProcessPath!];
        var start = new ProcessStartInfo(self[0], [.. self[1..], FaultProgram.Command, Path.GetDirectoryName(demo.Files.DiffusionModel)!, crashFile]) { RedirectStandardOutput = true };
        using Process program = Process.Start(start)!;
        string output = await program.StandardOutput.ReadToEndAsync(cancellation);
        await program.WaitForExitAsync(cancellation);

        Assert.Equal((0, "1 image, some of the callbacks\n"), (program.ExitCode, output));
        Assert.Empty(await File.ReadAllTextAsync(crashFile, cancellation));
    }
}
