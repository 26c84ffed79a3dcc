using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A compose file as compose reads it, as far as its services can run as processes. What it names and does not declare is a mistake in it.</summary>
internal sealed class ComposeFile
{
    public const string SecretFolder = "/run/secrets/";

    private readonly Dictionary<object, object> _secrets;
    private readonly string _folder;

    private ComposeFile(Dictionary<object, object> file, string folder)
    {
        _folder = folder;
        _secrets = (Dictionary<object, object>)file["secrets"];
        var volumes = (Dictionary<object, object>)file["volumes"];
        foreach ((object name, object service) in (Dictionary<object, object>)file["services"])
            Services.Add((string)name, new ComposeService((Dictionary<object, object>)service, volumes.Keys, FileOf));
    }

    /// <summary>In their order.</summary>
    public Dictionary<string, ComposeService> Services { get; } = [];

    /// <param name="name">Of a file of the repository.</param>
    /// <param name="folder">Where its secrets are written.</param>
    public static ComposeFile Read(string name, string folder)
    {
        using StreamReader text = File.OpenText(Path.Combine(ServerProcess.Repository, name));
        return new ComposeFile(new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(text))), folder);
    }

    /// <summary>Writes each secret's file, with an end of line as editors do.</summary>
    public void WriteSecrets(Func<string, string> valueOf)
    {
        foreach (string name in _secrets.Keys.Cast<string>())
            File.WriteAllText(FileOf(name), valueOf(name) + "\n");
    }

    private string FileOf(string secret) => Path.Combine(_folder, (string)((Dictionary<object, object>)_secrets[secret])["file"]);
}

/// <summary>A service of a compose file.</summary>
internal sealed class ComposeService
{
    private readonly string[] _secrets;
    private readonly Func<string, string> _fileOf;

    public ComposeService(Dictionary<object, object> service, ICollection<object> volumes, Func<string, string> fileOf)
    {
        _fileOf = fileOf;
        _secrets = [.. ListOf(service, "secrets")];
        Assert.All(_secrets, secret => fileOf(secret));
        IsBuilt = service.ContainsKey("build");
        HealthCheck = [.. ListOf((Dictionary<object, object>)service["healthcheck"], "test")];
        ContainerPort = ListOf(service, "ports").Select(port => port.Split(':')[1]).FirstOrDefault() ?? "";
        Environment = ((Dictionary<object, object>)service["environment"]).ToDictionary(setting => (string)setting.Key, setting => (string)setting.Value);
        Assert.All(Environment.Values.Where(value => value.StartsWith(ComposeFile.SecretFolder, StringComparison.Ordinal)), value => SecretFile(value));
        Volumes = ListOf(service, "volumes").Select(volume => volume.Split(':')).ToDictionary(volume => volume[1], volume => volume[0]);
        Assert.All(Volumes.Values, volume => Assert.Contains(volume, volumes));
    }

    /// <summary>By the Dockerfile of the repository.</summary>
    public bool IsBuilt { get; }

    public string[] HealthCheck { get; }

    public string ContainerPort { get; }

    public Dictionary<string, string> Environment { get; }

    /// <summary>The names of volumes by where they are mounted.</summary>
    public Dictionary<string, string> Volumes { get; }

    /// <summary>The file of a secret that this service is given.</summary>
    public string SecretFile(string path)
    {
        string secret = path[ComposeFile.SecretFolder.Length..];
        Assert.Contains(secret, _secrets);
        return _fileOf(secret);
    }

    private static IEnumerable<string> ListOf(Dictionary<object, object> service, string name) => service.TryGetValue(name, out object? list) ? ((List<object>)list).Cast<string>() : [];
}
