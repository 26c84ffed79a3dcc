using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SdStudio.EngineUpgrade;

/// <summary>What contract_test said about an engine build.</summary>
internal sealed record Contract(string Engine, IReadOnlyDictionary<string, string> Images, IReadOnlyList<string> Failed, int Checks)
{
    /// <summary>Runs the suite; the images lie in the working folder afterwards.</summary>
    public static Contract Run(string program, string demoModel, string folder)
    {
        Directory.CreateDirectory(folder);
        using Process suite = Process.Start(new ProcessStartInfo(program, [demoModel]) { RedirectStandardOutput = true, WorkingDirectory = folder })
            ?? throw new UpgradeException($"{program} cannot be started.");
        string output = suite.StandardOutput.ReadToEnd();
        suite.WaitForExit();
        Contract contract = Read(output);
        // It ends with a count; without one the engine ended it.
        if (!output.TrimEnd().EndsWith("failed", StringComparison.Ordinal))
            contract = contract with { Failed = [.. contract.Failed, $"the suite ended with code {suite.ExitCode} after {contract.Checks} checks: the engine ended the process, or could not be loaded"] };
        return contract;
    }

    public static Contract Read(string output)
    {
        string engine = "";
        int checks = 0;
        Dictionary<string, string> images = [];
        List<string> failed = [];
        foreach (string line in output.Split('\n'))
        {
            if (line.StartsWith("engine ", StringComparison.Ordinal))
                engine = line["engine ".Length..].Trim();
            else if (line.StartsWith("image ", StringComparison.Ordinal) && line.Split(' ') is [_, var name, var hash])
                images[name] = hash;
            else if (line.StartsWith("FAILED", StringComparison.Ordinal))
                failed.Add(line["FAILED".Length..].Trim());
            if (line.StartsWith("FAILED", StringComparison.Ordinal) || line.StartsWith("ok ", StringComparison.Ordinal))
                checks++;
        }

        return new Contract(engine, images, failed, checks);
    }
}

/// <summary>engine.images.json: for each engine build the hashes of the images that it makes, on the CPU, where it is always the same.</summary>
internal sealed class KnownImages
{
    private readonly string _path;
    private readonly JsonObject _all;

    public KnownImages(string path)
    {
        _path = path;
        _all = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
    }

    /// <summary>The images that are other than this build's known ones.</summary>
    /// <param name="key">The engine and the platform.</param>
    /// <param name="images">What it makes now.</param>
    /// <param name="known">Whether this build is known at all; else the comparison is with the build that was recorded last.</param>
    /// <param name="with">The build that was compared with; empty for none.</param>
    public IReadOnlyList<string> Different(string key, IReadOnlyDictionary<string, string> images, out bool known, out string with)
    {
        known = _all.ContainsKey(key);
        with = known ? key : _all.LastOrDefault().Key ?? "";
        if (with.Length == 0)
            return [];
        JsonObject expected = _all[with]!.AsObject();
        return [.. images.Where(image => (string?)expected[image.Key] != image.Value).Select(image => image.Key), .. expected.Select(e => e.Key).Where(name => !images.ContainsKey(name))];
    }

    /// <param name="key">The engine and the platform.</param>
    /// <param name="images">What it makes.</param>
    /// <param name="selfTest">The self-test's image, whose pixels SdCpp.Interop takes along in self-test.images.json.</param>
    public void Record(string key, IReadOnlyDictionary<string, string> images, string selfTest)
    {
        if (File.Exists(selfTest))
        {
            string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_path))!, "self-test.images.json");
            JsonObject all = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
            all[key] = Packed(File.ReadAllBytes(selfTest));
            File.WriteAllText(path, all.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
        }

        _all[key] = new JsonObject(images.Select(image => KeyValuePair.Create<string, JsonNode?>(image.Key, image.Value)));
        File.WriteAllText(_path, _all.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    // The pixels alone: a PPM begins with one line.
    private static string Packed(byte[] ppm)
    {
        using var packed = new MemoryStream();
        using (var deflate = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.SmallestSize))
            deflate.Write(ppm.AsSpan(Array.IndexOf(ppm, (byte)'\n') + 1));
        return Convert.ToBase64String(packed.ToArray());
    }
}

/// <summary>The part of the report on what the candidate does.</summary>
internal static class ContractReport
{
    private const string SelfTestImage = "self-test";

    /// <returns>The text, and whether the build keeps the contract.</returns>
    public static (string Text, bool Kept) Write(Contract contract, string platform, KnownImages images, string folder)
    {
        string key = $"{contract.Engine} {platform}";
        IReadOnlyList<string> different = images.Different(key, contract.Images, out bool known, out string with);
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture, $"## The contract suite with {key}\n\n- {contract.Checks - contract.Failed.Count} of {contract.Checks} checks passed\n"));
        foreach (string line in contract.Failed)
            text.Append($"- FAILED: {line}\n");
        bool sameBuild = different.Count == 0 || !known;
        if (different.Count > 0)
            text.Append($"- {(known ? "FAILED: this very build made other images before" : $"You must decide: images other than those of {with}, look at them in {folder}")}: {string.Join(", ", different)}\n");
        else if (with.Length > 0)
            text.Append($"- all {contract.Images.Count} images are those of {with}, pixel by pixel\n");
        bool kept = contract.Failed.Count == 0 && sameBuild;
        if (kept && !known)
            images.Record(key, contract.Images, Path.Combine(folder, SelfTestImage + ".ppm"));
        return (text.Append('\n').ToString(), kept);
    }
}
