using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Images that come out broken, and whole with the remedy: the real engine behind <c>broken_images.c</c>.</summary>
public sealed class BrokenImageTests : IDisposable
{
    private const string Request = """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":2,"cfg_scale":1,"seed":4,"n":3,"vae_tiling":TILED}""";

    private readonly string _data = ServerProcess.NewFolder();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Directory.Delete(_data, recursive: true);
        Directory.Delete(_data + "-native", recursive: true);
    }

    [Fact]
    public async Task A_broken_image_of_a_batch_is_mended_by_the_remedy_and_the_job_says_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a shared library before another one");
        await BuildAsync();
        using ServerProcess server = await ServerProcess.StartAsync(_data, ("SDCPP_NATIVE_DIRECTORY", _data + "-native"));

        (JsonElement whole, string[] wanted) = await GenerateAsync(server, tiled: false);
        (JsonElement mended, string[] images) = await GenerateAsync(server, tiled: true);

        Assert.Equal(0, whole.GetProperty("adjustments").GetArrayLength());
        Assert.Equal(["vae_tiling_off"], mended.GetProperty("adjustments").EnumerateArray().Select(adjustment => adjustment.GetString()));
        Assert.Equal(0, mended.GetProperty("notes").GetArrayLength());
        // The first was there before the second broke, and stays; of those behind it nobody sees what happened.
        Assert.Equal(3, images.Length);
        Assert.Equal(wanted[1..], images[1..]);
        Assert.Contains("generating it again with vae_tiling_off", server.Output, StringComparison.Ordinal);
        Assert.Equal(1, System.Text.RegularExpressions.Regex.Count(server.Output, "an image is broken"));
    }

    [Fact]
    public async Task A_black_image_of_sdxl_is_mended_by_what_keeps_its_decoder_in_range()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a shared library before another one");
        await BuildAsync();
        Directory.CreateDirectory(Path.Combine(_data, "models"));
        File.Copy(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Models", "Catalogue", "models.yml"), Path.Combine(_data, "models.yml"));
        await File.WriteAllTextAsync(Path.Combine(_data, "sdxl.yml"), """models: { sdxl: { name: "SDXL", args: ["-m", "models/sdxl.safetensors"] } }""", Cancellation);
        // What tells the family, and that it is a checkpoint with everything in it.
        string[] names = ["model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", "first_stage_model.decoder.conv_in.weight", "conditioner.embedders.1.model.ln_final.weight"];
        byte[] header = System.Text.Encoding.UTF8.GetBytes(
            "{" + string.Join(',', names.Select((name, i) => $"\"{name}\":{{\"dtype\":\"F16\",\"shape\":[1,2048],\"data_offsets\":[{i * 4096},{(i + 1) * 4096}]}}")) + "}");
        await File.WriteAllBytesAsync(Path.Combine(_data, "models", "sdxl.safetensors"), [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. new byte[names.Length * 4096]], Cancellation);
        using ServerProcess server = await ServerProcess.StartAsync(_data, ("SDCPP_NATIVE_DIRECTORY", _data + "-native"));

        (JsonElement demo, string[] wanted) = await GenerateAsync(server, tiled: false);
        (JsonElement job, string[] images) = await GenerateAsync(server, tiled: false, "sdxl");

        Assert.Equal(0, demo.GetProperty("adjustments").GetArrayLength());
        Assert.Equal(["vae_conv_scale"], job.GetProperty("adjustments").EnumerateArray().Select(adjustment => adjustment.GetString()));
        Assert.Equal(wanted, images);
        Assert.Contains("generating it again with vae_conv_scale", server.Output, StringComparison.Ordinal);
    }

    private static async Task<(JsonElement Job, string[] Images)> GenerateAsync(ServerProcess server, bool tiled, string model = "demo")
    {
        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync(Request.Replace("TILED", tiled ? "true" : "false", StringComparison.Ordinal).Replace("demo", model, StringComparison.Ordinal));
        Assert.True(status == HttpStatusCode.OK, $"{body}\n{server.Output}");
        List<string> images = [];
        foreach (JsonElement image in body.GetProperty("data").EnumerateArray())
        {
            byte[] pixels = await server.Client.GetByteArrayAsync(new Uri($"/api/images/{image.GetProperty("id").GetString()}?infotext=false", UriKind.Relative), Cancellation);
            images.Add(Convert.ToHexString(SHA256.HashData(pixels)));
        }

        JsonElement job = await server.Client.GetFromJsonAsync(new Uri($"/api/generations/{body.GetProperty("id").GetString()}", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
        return (job.TryGetProperty("generation", out JsonElement generation) ? generation : job, [.. images]);
    }

    // Its symbols come first, and those that it has not from the library that it needs.
    private async Task BuildAsync()
    {
        Directory.CreateDirectory(_data + "-native");
        string native = Path.Combine(Path.GetDirectoryName(ServerProcess.ServerProgram)!, "runtimes", "linux-x64", "native");
        string source = Path.Combine(ServerProcess.Repository, "tests", "SdStudio.EndToEnd.Tests", "broken_images.c");
        string[] arguments =
        [
            "-shared", "-fPIC", "-O1", "-I", Path.Combine(ServerProcess.Repository, "native", "include"), "-o", Path.Combine(_data + "-native", "libsdcpp.so"), source,
            "-Wl,--no-as-needed", Path.Combine(native, "libsdcpp.so"), $"-Wl,-rpath,{native}", "-ldl",
        ];
        using Process compiler = Process.Start("cc", arguments);
        await compiler.WaitForExitAsync(Cancellation);
        Assert.Equal(0, compiler.ExitCode);
    }
}
