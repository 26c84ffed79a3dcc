using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

/// <summary>The C# of the bridge's header is the header: what a C compiler says of each struct, and what the header says of each function and constant.</summary>
public sealed partial class MirrorTests(Demo demo)
{
    // From here on errors are the binding's own, of files that it reads before the engine does.
    private const int FirstOwnError = 20;

    // sdcpp.h and the headers of the areas that it includes, one after another.
    private static readonly string Header = string.Join('\n', Directory.GetFiles(HeaderFolder(), "*.h", SearchOption.AllDirectories).Select(File.ReadAllText));

    [Fact]
    public async Task Every_struct_has_the_size_and_the_members_that_a_C_compiler_gives_it()
    {
        (string Name, string[] Members)[] structs = [.. Structs().Matches(Comments().Replace(Header, "")).Select(found => (found.Groups["name"].Value, MembersOf(found.Groups["body"].Value)))];
        Assert.InRange(structs.Length, 14, 40);
        Dictionary<string, (int Size, int[] Offsets)> compiled = await CompileAsync(structs);
        foreach ((string name, string[] members) in structs)
        {
            Type mirror = MirrorOf(name);
            FieldInfo[] fields = mirror.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
            Assert.Equal(members.Select(Plain), fields.Select(field => Plain(field.Name)));
            Assert.Equal((name, compiled[name].Size), (name, Marshal.SizeOf(mirror)));
            Assert.Equal(compiled[name].Offsets, fields.Select(field => (int)Marshal.OffsetOf(mirror, field.Name)));
        }
    }

    [Fact]
    public void Every_function_that_is_called_is_one_of_the_headers_with_as_many_parameters()
    {
        Dictionary<string, int> declared = Functions().Matches(Comments().Replace(Header, "")).ToDictionary(
            found => found.Groups["name"].Value, found => found.Groups["parameters"].Value.Trim() is "void" ? 0 : found.Groups["parameters"].Value.Split(',').Length);
        MethodInfo[] called = [.. typeof(NativeMethods).GetMethods(BindingFlags.Static | BindingFlags.Public).Where(method => method.Name.StartsWith("sdcpp_", StringComparison.Ordinal))];
        Assert.InRange(called.Length, 20, declared.Count);
        Assert.All(called, method => Assert.Equal((method.Name, declared[method.Name]), (method.Name, method.GetParameters().Length)));
    }

    [Fact]
    public void Every_constant_of_the_header_is_the_mirrors()
    {
        Dictionary<string, long> defined = Constants().Matches(Header).ToDictionary(found => found.Groups["name"].Value, found => long.Parse(found.Groups["value"].Value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(NativeMethods.AbiVersion, defined["SDCPP_ABI_VERSION"]);
        Assert.Equal(
            (ImageBuffer.MaxSide, ImageBuffer.MaxPixels, ImageRequest.MaxSteps, ImageRequest.MaxBatchCount, ImageRequest.MaxPromptBytes, ImageRequest.MaxImages),
            ((int)defined["SDCPP_MAX_SIDE"], (int)defined["SDCPP_MAX_PIXELS"], (int)defined["SDCPP_MAX_STEPS"], (int)defined["SDCPP_MAX_BATCH"], (int)defined["SDCPP_MAX_PROMPT_BYTES"],
                (int)defined["SDCPP_MAX_IMAGES"]));
        Assert.Equal(
            (VideoRequest.MaxFrames, VideoRequest.MaxFps, VideoRequest.MaxPixels), ((int)defined["SDCPP_MAX_FRAMES"], (int)defined["SDCPP_MAX_FPS"], defined["SDCPP_MAX_VIDEO_PIXELS"]));
        Dictionary<string, int> values = Values().Matches(Comments().Replace(Header, "")).ToDictionary(found => Plain(found.Groups["name"].Value["SDCPP_".Length..]), found => int.Parse(found.Groups["value"].Value, System.Globalization.CultureInfo.InvariantCulture));
        foreach (GenerationPhase phase in Enum.GetValues<GenerationPhase>())
            Assert.Equal((phase, values["phase" + Plain(phase.ToString())]), (phase, (int)phase));
        foreach (SdError error in Enum.GetValues<SdError>().Where(error => (int)error < FirstOwnError))
            Assert.Equal((error, values[Plain(error.ToString())]), (error, (int)error));
    }

    // Letters and digits alone: image_count is ImageCount, and id_images IdImages.
    private static string Plain(string name) => NotInNames().Replace(name, "").ToLowerInvariant() switch
    {
        "nthreads" => "threads",
        var plain => plain,
    };

    private static Type MirrorOf(string name) => typeof(NativeMethods).Assembly.GetType(
        "SdCpp.Interop.Native.Native" + string.Concat(name["sdcpp_".Length..].Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..])),
        throwOnError: true)!;

    private static string[] MembersOf(string body) => [.. body.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => Member().Match(line).Groups["name"].Value)];

    private async Task<Dictionary<string, (int Size, int[] Offsets)>> CompileAsync((string Name, string[] Members)[] structs)
    {
        var program = new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n#include <sdcpp.h>\nint main(void) {\n");
        foreach ((string name, string[] members) in structs)
        {
            program.Append(System.Globalization.CultureInfo.InvariantCulture, $"printf(\"{name} %zu\", sizeof({name}));\n");
            foreach (string member in members)
                program.Append(System.Globalization.CultureInfo.InvariantCulture, $"printf(\" %zu\", offsetof({name}, {member}));\n");
            program.Append("printf(\"\\n\");\n");
        }

        string source = demo.NewPath(".c"), built = demo.NewPath("");
        await File.WriteAllTextAsync(source, program.Append("return 0; }\n").ToString(), TestContext.Current.CancellationToken);
        await RunAsync("cc", ["-I", HeaderFolder(), source, "-o", built]);
        return (await RunAsync(built, [])).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(
            parts => parts[0], parts => (int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), parts[2..].Select(part => int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)).ToArray()));
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static string HeaderFolder([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "native", "include");

    [GeneratedRegex(@"typedef struct (?<name>sdcpp_\w+) \{(?<body>[^}]*)\} \w+;", RegexOptions.ExplicitCapture)]
    private static partial Regex Structs();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"(?<name>\w+)(\[\d+\])?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Member();

    [GeneratedRegex(@"SDCPP_API [^(;]*?(?<name>sdcpp_\w+)\((?<parameters>[^)]*)\);", RegexOptions.ExplicitCapture)]
    private static partial Regex Functions();

    [GeneratedRegex(@"#define (?<name>SDCPP_\w+) (?<value>\d+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Constants();

    [GeneratedRegex(@"(?<name>SDCPP_[A-Z_]+) = (?<value>\d+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Values();

    [GeneratedRegex("[^A-Za-z0-9]")]
    private static partial Regex NotInNames();
}
