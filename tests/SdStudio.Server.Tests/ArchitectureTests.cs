using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Tests;

/// <summary>The arrows between the rooms of the server, as docs/architecture.md shows them.</summary>
public sealed partial class ArchitectureTests
{
    private const int MaxDependencies = 7;
    private const string Root = "SdStudio.Server";

    // A room may name the rooms to its right, and nobody else. Storage implements what Queue, Models, Events and Telemetry own.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Settings"] = [],
        ["Generation"] = ["Settings"],
        ["Telemetry"] = ["Settings"],
        ["Events"] = ["Settings"],
        ["Images"] = ["Settings", "Generation"],
        ["Models"] = ["Settings", "Generation", "Events"],
        ["Queue"] = ["Settings", "Generation", "Events", "Images", "Models"],
        ["Gallery"] = ["Settings", "Generation", "Images", "Models", "Queue"],
        ["Webhooks"] = ["Settings", "Queue"],
        ["Workers"] = ["Settings", "Generation", "Events", "Images", "Models", "Queue"],
        ["Http"] = ["Settings", "Generation", "Events", "Images", "Models", "Queue", "Gallery", "Telemetry"],
        ["Storage"] = ["Settings", "Generation", "Telemetry", "Events", "Images", "Models", "Queue", "Gallery", "Webhooks"],
        ["Hosting"] = ["Settings", "Generation", "Telemetry", "Events", "Images", "Models", "Queue", "Gallery", "Webhooks", "Workers", "Http", "Storage"],
        ["Commands"] = ["Settings", "Storage", "Hosting"],
    };

    [Fact]
    public void Rooms_name_only_the_rooms_beneath_them()
    {
        List<(string Room, string File, string Code)> sources = [.. Sources()];
        // A type can be named through its namespace or, from a sibling namespace, by the room alone.
        ILookup<string, string> types = typeof(StudioHost).Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith(Root + ".", StringComparison.Ordinal) == true && !type.IsNested)
            .ToLookup(type => RoomOf(type.Namespace!), type => type.Name.Split('`')[0]);

        Assert.Empty(sources.Select(source => source.Room).Distinct().Except(Allowed.Keys));
        IEnumerable<string> wrong =
            from source in sources
            from room in Allowed.Keys
            where room != source.Room && !Allowed[source.Room].Contains(room) && Names(source.Code, room, types[room])
            select $"{source.File}: {source.Room} → {room}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Nothing_but_Storage_knows_the_database_engine() => Assert.Empty(
        Sources().Where(source => source.Room is not ("Storage" or "Hosting" or "Commands") && source.Code.Contains("Sqlite", StringComparison.Ordinal)).Select(source => source.File));

    [Fact]
    public void Constructors_have_few_dependencies() => Assert.Empty(
        from type in typeof(StudioHost).Assembly.GetTypes()
        where type.IsClass && !type.IsDefined(typeof(CompilerGeneratedAttribute)) && type.GetMethod("<Clone>$") is null && !type.IsSubclassOf(typeof(Exception))
        from constructor in type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        where constructor.GetParameters().Length > MaxDependencies
        select $"{type.FullName}: {constructor.GetParameters().Length}");

    private static IEnumerable<(string Room, string File, string Code)> Sources()
    {
        string folder = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../src/SdStudio.Server"));
        foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string code = CommentLine().Replace(File.ReadAllText(file), "");
            // Program.cs has no namespace: it is the door, and belongs to the command line.
            string room = Namespace().Match(code) is { Success: true } match ? RoomOf(match.Groups[1].Value) : "Commands";
            yield return (room, Path.GetRelativePath(folder, file), code);
        }
    }

    private static bool Names(string code, string room, IEnumerable<string> types) =>
        Regex.IsMatch(code, $@"(?<![""\w.]){Regex.Escape(Root)}\.{room}\b")
        || Regex.Matches(code, $@"(?<![\w.]){room}(?:\.\w+)*\.(\w+)").Any(match => types.Contains(match.Groups[1].Value));

    private static string RoomOf(string name) => name == Root ? "Hosting" : name[(Root.Length + 1)..].Split('.')[0];

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex CommentLine();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
