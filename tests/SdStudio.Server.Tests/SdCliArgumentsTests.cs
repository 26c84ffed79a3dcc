using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Tests;

public sealed class SdCliArgumentsTests
{
    [Fact]
    public void Files_are_found_relative_to_the_folder_and_shown_as_written()
    {
        string folder = Path.GetFullPath("/data");

        SdCliArguments arguments = SdCliArguments.Parse(
            ["--diffusion-model", "./models/d.gguf", "--vae", "v.safetensors", "--qwen2vl", "/elsewhere/q.gguf", "--clip_l", "l", "--t5xxl", "t"], folder);

        Assert.Equal(Path.Combine(folder, "models", "d.gguf"), arguments.Options.DiffusionModelPath);
        Assert.Equal(Path.Combine(folder, "v.safetensors"), arguments.Options.VaePath);
        Assert.Equal(Path.GetFullPath("/elsewhere/q.gguf"), arguments.Options.LlmPath);
        Assert.Equal(Path.Combine(folder, "l"), arguments.Options.ClipLPath);
        Assert.Equal(Path.Combine(folder, "t"), arguments.Options.T5xxlPath);
        Assert.Equal(["./models/d.gguf", "v.safetensors", "/elsewhere/q.gguf", "l", "t"], arguments.Files.Select(file => file.Written));
        Assert.Empty(arguments.Unknown);
    }

    [Fact]
    public void Settings_and_switches_are_read()
    {
        SdCliArguments arguments = SdCliArguments.Parse(
            ["-m", "all.safetensors", "-v", "--diffusion-fa", "--steps", "24", "-t", "3", "--type", "q8_0", "--port", "1400"], "/data");

        Assert.True(arguments.Options.FlashAttention);
        Assert.Equal(24L, arguments.Defaults["steps"]);
        Assert.Equal(3, arguments.Options.Threads);
        Assert.Equal("q8_0", arguments.Options.WeightType);
        Assert.Empty(arguments.Unknown);
    }

    [Fact]
    public void What_a_video_is_made_with_is_read()
    {
        SdCliArguments arguments = SdCliArguments.Parse(
            ["-M", "vid_gen", "--diffusion-model", "low.gguf", "--high-noise-diffusion-model", "high.gguf", "--video-frames", "33", "--fps", "24", "--high-noise-steps", "8", "--high-noise-cfg-scale", "3.5",
             "--high-noise-sampling-method", "euler", "--moe-boundary", "0.9", "--vace-strength", "0.5"], "/data");

        Assert.True(arguments.MakesVideos);
        Assert.Equal(["low.gguf", "high.gguf"], arguments.Files.Select(file => file.Written));
        string[] names = ["frames", "fps", "high_noise_steps", "high_noise_cfg_scale", "high_noise_sampler", "moe_boundary", "control_strength"];
        Assert.Equal<object?>([33L, 24L, 8L, 3.5, "euler", 0.9, 0.5], names.Select(name => arguments.Defaults[name]));
        Assert.Empty(arguments.Unknown);
        Assert.Empty(arguments.Problems);
    }

    // LTX-2 is in five files.
    [Fact]
    public void The_files_of_a_model_with_sound_are_read()
    {
        SdCliArguments arguments = SdCliArguments.Parse(
            ["-M", "vid_gen", "--diffusion-model", "ltx.gguf", "--llm", "gemma.gguf", "--embeddings-connectors", "connectors.safetensors", "--vae", "video.safetensors", "--audio-vae", "audio.safetensors"], "/data");

        Assert.Equal((Path.GetFullPath("/data/connectors.safetensors"), Path.GetFullPath("/data/audio.safetensors")), (arguments.Options.EmbeddingsConnectorsPath, arguments.Options.AudioVaePath));
        Assert.Equal(5, arguments.Files.Count);
        Assert.Empty(arguments.Unknown);
    }

    [Fact]
    public void What_is_not_known_is_named_and_does_not_eat_its_neighbours()
    {
        SdCliArguments arguments = SdCliArguments.Parse(
            ["--frobnicate", "--shift", "-1.5", "--model", "a.gguf", "--vae", "--steps", "many"], "/data");

        Assert.Equal(["--frobnicate", "--shift", "--vae"], arguments.Unknown);
        Assert.Equal("--steps is 'many'; allowed is a whole number from 1 to 1000; it is ignored", Assert.Single(arguments.Problems));
        Assert.Equal(Path.GetFullPath("/data/a.gguf"), arguments.Options.ModelPath);
    }

    [Theory]
    [InlineData("--cfg-scale", "3,5")]
    [InlineData("--cfg-scale", "1e999")]
    [InlineData("--guidance", "1,000")]
    [InlineData("--flow-shift", "0")]
    [InlineData("--steps", "0")]
    [InlineData("--clip-skip", "2,0")]
    public void A_number_that_is_none_is_not_believed_but_told(string flag, string value)
    {
        SdCliArguments arguments = SdCliArguments.Parse(["--model", "a.gguf", flag, value], "/data");

        Assert.Contains($"'{value}'", Assert.Single(arguments.Problems), StringComparison.Ordinal);
        Assert.All(["cfg_scale", "guidance", "flow_shift", "steps", "clip_skip"], name => Assert.Null(arguments.Defaults[name]));
    }

    [Theory]
    [InlineData("--sampling-method", "Euler a", "sampler", "euler_a")]
    [InlineData("--sampling-method", "dpmpp_2m", "sampler", "dpm++2m")]
    [InlineData("--scheduler", "Karras", "scheduler", "karras")]
    public void Samplers_and_schedulers_have_their_other_names_here_too(string flag, string value, string parameter, string expected)
    {
        SdCliArguments arguments = SdCliArguments.Parse(["--model", "a.gguf", flag, value], "/data");

        Assert.Equal(expected, arguments.Defaults[parameter]);
        Assert.Empty(arguments.Problems);
    }
}
