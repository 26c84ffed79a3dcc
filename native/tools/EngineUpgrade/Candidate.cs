using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SdStudio.EngineUpgrade;

/// <summary>A version of the engine's npm package, in the cache that the build takes its engine from.</summary>
/// <param name="Version">The package's version.</param>
/// <param name="Lock">engine.lock.json for it.</param>
/// <param name="PackageLock">npm's lock file for it.</param>
/// <param name="EngineFile">The engine for this machine.</param>
internal sealed record Candidate(string Version, string Lock, string PackageLock, string EngineFile)
{
    private const string LockName = "engine.lock.json";
    private const string PackageLockName = "package-lock.json";

    /// <summary>Takes the version out of the cache when it was there before, else fetches it with npm.</summary>
    public static Candidate Get(string prebuilt, string cache, string version, string platform)
    {
        string folder = Path.Combine(cache, "prebuilt-engine", version);
        JsonNode pinned = JsonNode.Parse(File.ReadAllText(Path.Combine(prebuilt, LockName)))!;
        // What is pinned now must be there to go back to.
        string pinnedFolder = Path.Combine(cache, "prebuilt-engine", (string)pinned["version"]!);
        if (Directory.Exists(pinnedFolder))
        {
            foreach (string name in new[] { LockName, PackageLockName })
                File.Copy(Path.Combine(prebuilt, name), Path.Combine(pinnedFolder, name), overwrite: true);
        }

        if (!IsWhole(folder, platform))
            Fetch(prebuilt, folder, pinned, version);
        if (!IsWhole(folder, platform))
            throw new UpgradeException($"The package {(string)pinned["package"]!} {version} has no engine for {platform}.");
        string engine = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, LockName)))!["platforms"]![platform]!["engine"]!["file"]!;
        return new Candidate(
            version, File.ReadAllText(Path.Combine(folder, LockName)), File.ReadAllText(Path.Combine(folder, PackageLockName)), Path.Combine(folder, platform, engine));
    }

    private static bool IsWhole(string folder, string platform)
    {
        if (!File.Exists(Path.Combine(folder, LockName)) || !File.Exists(Path.Combine(folder, PackageLockName)))
            return false;
        JsonNode? files = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, LockName)))!["platforms"]![platform];
        return files is not null && files.AsObject().All(part =>
        {
            string path = Path.Combine(folder, platform, (string)part.Value!["file"]!);
            return File.Exists(path) && Hash(path) == (string)part.Value["sha256"]!;
        });
    }

    private static void Fetch(string prebuilt, string folder, JsonNode pinned, string version)
    {
        string package = (string)pinned["package"]!;
        string work = Path.Combine(Path.GetDirectoryName(folder)!, "candidate");
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        Directory.CreateDirectory(work);
        File.Copy(Path.Combine(prebuilt, ".npmrc"), Path.Combine(work, ".npmrc"));
        File.WriteAllText(Path.Combine(work, "package.json"), PackageJson(File.ReadAllText(Path.Combine(prebuilt, "package.json")), package, version));
        Npm(work, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");

        JsonObject platforms = [];
        foreach ((string platform, JsonNode? parts) in pinned["platforms"]!.AsObject())
        {
            string from = Path.Combine(work, "node_modules", package, "prebuilds", platform);
            JsonObject files = [];
            foreach ((string part, JsonNode? file) in parts!.AsObject())
            {
                string name = (string)file!["file"]!;
                if (File.Exists(Path.Combine(from, name)))
                    files[part] = new JsonObject { ["file"] = name, ["sha256"] = Hash(Path.Combine(from, name)) };
            }

            if (files.Count == 0)
                continue;
            platforms[platform] = files;
            Directory.CreateDirectory(folder);
            if (Directory.Exists(Path.Combine(folder, platform)))
                Directory.Delete(Path.Combine(folder, platform), recursive: true);
            Directory.Move(from, Path.Combine(folder, platform));
        }

        Directory.CreateDirectory(folder);
        var engineLock = new JsonObject { ["package"] = package, ["version"] = version, ["platforms"] = platforms };
        File.WriteAllText(Path.Combine(folder, LockName), engineLock.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        File.Copy(Path.Combine(work, PackageLockName), Path.Combine(folder, PackageLockName), overwrite: true);
        Directory.Delete(work, recursive: true);
    }

    /// <summary>The package.json that asks for this version, all else as it was.</summary>
    public static string PackageJson(string old, string package, string version)
    {
        JsonNode json = JsonNode.Parse(old)!;
        json["dependencies"]![package] = version;
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private static string Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static void Npm(string folder, params string[] arguments)
    {
        using Process npm = Process.Start(new ProcessStartInfo("npm", arguments) { WorkingDirectory = folder })
            ?? throw new UpgradeException("npm cannot be started.");
        npm.WaitForExit();
        if (npm.ExitCode != 0)
            throw new UpgradeException("npm could not fetch that version: is it published, and the registry reachable? Its own words stand above.");
    }
}
