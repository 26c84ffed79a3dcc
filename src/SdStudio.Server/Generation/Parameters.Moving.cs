using SdCpp.Interop;
using static SdStudio.Server.Generation.ParameterKind;

namespace SdStudio.Server.Generation;

/// <summary>What only videos have.</summary>
internal static partial class Parameters
{
    private static Parameter[] Moving =>
    [
        new("frames", Integer, JobTypes.Video, "Number of frames. Models make only certain numbers of frames (Wan 4n + 1, LTX 8n + 1): for any other number, the next larger one is generated and the rest dropped")
        {
            Aliases = ["video_frames", "num_frames"], A1111 = null, Range = l => (1, l.MaxFrames), LimitedBy = "SdStudio:Limits:MaxFrames", Default = 33L, OfModel = true, Flags = ["--video-frames"],
            Families = VideoFamilies, Label = "Frames", Get = s => (long?)s.Video?.Frames, Set = (s, v) => With(s, video => video with { Frames = (int)(long)v }),
        },
        new("fps", Integer, JobTypes.Video, "Frames per second")
        {
            A1111 = null, Range = _ => (1, VideoRequest.MaxFps), Default = 16L, OfModel = true, Flags = ["--fps"], Families = VideoFamilies, Label = "FPS",
            Get = s => (long?)s.Video?.Fps, Set = (s, v) => With(s, video => video with { Fps = (int)(long)v }),
        },
        new("format", Choice, JobTypes.Video, "The file format: webp and apng play in every browser; mp4 and webm need ffmpeg on the server, and have sound if the model makes any")
        {
            A1111 = null, Choices = l => l.VideoFormats, Default = VideoSetting.DefaultFormat, Get = s => s.Video?.Format, Set = (s, v) => With(s, video => video with { Format = (string)v }),
        },
        new("end_image", Image, JobTypes.Video, "The last frame, for models that support it") { A1111 = null, Families = VideoFamilies },
        new("control_frames", ParameterKind.Images, JobTypes.Video, "Control frames that the video follows one by one, for models that support it (Wan VACE): at most as many as frames") { A1111 = null, Families = [ModelFamily.Wan] },
        new("control_strength", Number, JobTypes.Video, "How closely the video follows control_frames")
        {
            Aliases = ["vace_strength"], A1111 = null, Range = _ => (0, 10), Families = [ModelFamily.Wan], OfModel = true, Flags = ["--vace-strength"], Label = "Control strength",
            Get = s => s.Video?.ControlStrength, Set = (s, v) => With(s, video => video with { ControlStrength = (double)v }),
        },
        new("high_noise_steps", Integer, JobTypes.Video, "For models with two experts: the steps of the high-noise one, before those of steps. Default: moe_boundary splits the steps")
        {
            A1111 = null, Range = l => (1, l.MaxSteps), LimitedBy = "SdStudio:Limits:MaxSteps", Families = [ModelFamily.Wan], OfModel = true, Flags = ["--high-noise-steps"], Label = "High noise steps",
            Get = s => (long?)s.Video?.HighNoiseSteps, Set = (s, v) => With(s, video => video with { HighNoiseSteps = (int)(long)v }),
        },
        new("high_noise_cfg_scale", Number, JobTypes.Video, "For models with two experts: the CFG scale of the high-noise one; default: cfg_scale")
        {
            A1111 = null, Range = _ => (0, 100), Families = [ModelFamily.Wan], OfModel = true, Flags = ["--high-noise-cfg-scale"], Label = "High noise CFG scale",
            Get = s => s.Video?.HighNoiseCfgScale, Set = (s, v) => With(s, video => video with { HighNoiseCfgScale = (double)v }),
        },
        new("high_noise_sampler", Choice, JobTypes.Video, "For models with two experts: the sampler of the high-noise one; default: sampler")
        {
            A1111 = null, Choices = l => l.Samplers, ChoicesAreTheEngines = true, Resolve = (l, text) => SamplerNames.FindSampler(l.Samplers, text), Families = [ModelFamily.Wan],
            OfModel = true, Flags = ["--high-noise-sampling-method"], Label = "High noise sampler",
            Get = s => s.Video?.HighNoiseSampler, Set = (s, v) => With(s, video => video with { HighNoiseSampler = (string)v }),
        },
        new("moe_boundary", Number, JobTypes.Video, "For models with two experts: the noise level at which the low-noise one takes over; default: the engine's 0.875")
        {
            A1111 = null, Range = _ => (0, 1), Families = [ModelFamily.Wan], OfModel = true, Flags = ["--moe-boundary"], Label = "MoE boundary",
            Get = s => s.Video?.MoeBoundary, Set = (s, v) => With(s, video => video with { MoeBoundary = (double)v }),
        },
    ];

    private static GenerationSettings With(GenerationSettings settings, Func<VideoSetting, VideoSetting> change) => settings with { Video = change(settings.Video ?? new VideoSetting()) };
}
