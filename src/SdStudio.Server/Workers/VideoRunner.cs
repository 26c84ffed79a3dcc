using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Makes videos.</summary>
internal sealed class VideoRunner(
    ModelCatalogue catalogue, LowMemoryLadder ladder, FileHashes hashes, LoraFolder loras, GenerationPasses passes, VideoSaver videos, TimeProvider time) : IJobRunner
{
    public bool Runs(GenerationSettings settings) => settings.Type == JobType.Video;

    public Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation) => ladder.RunAsync(
        job, catalogue.Require(job.Settings.Model), async (definition, settings) =>
        {
            await using ModelLease lease = await job.Models.AcquireAsync(passes.ToLoad(definition, settings), job.Callbacks, cancellation).ConfigureAwait(false);
            long start = time.GetTimestamp();
            // Computed beside the generation.
            Task<string?> hash = hashes.ShortHashOrNullAsync(definition.MainFile, cancellation);
            using VideoInputs images = await videos.InputsAsync(settings, cancellation).ConfigureAwait(false);
            using GeneratedVideo video = await lease.Model.GenerateVideoAsync(RequestOf(settings, loras, images), job.Callbacks, cancellation).ConfigureAwait(false);
            // NaN in the model or its settings comes out of the engine as success with every pixel zero.
            if (video.Frames.All(frame => !frame.Span.ContainsAnyExcept((byte)0)))
                throw new BrokenImageException($"The engine returned nothing but black frames (seed {video.Seed}): the model computed no numbers. Try another weight type, cfg_scale or sampler.");
            GenerationSettings used = (lease.AreWeightsInRam ? settings.Adjusted(Adjustment.WeightsInRam) : settings) with
            {
                Sampler = settings.Sampler ?? lease.Model.DefaultSampler, Scheduler = settings.Scheduler ?? lease.Model.DefaultScheduler, ModelHash = await hash.ConfigureAwait(false),
                Video = settings.Video! with { Frames = video.Frames.Count, Fps = video.Fps },
            };
            JobImage saved = await videos.SaveAsync(job, video, used, cancellation).ConfigureAwait(false);
            return new JobResult(saved.Settings!, [saved], (long)lease.Loading.TotalMilliseconds, (long)time.GetElapsedTime(start).TotalMilliseconds)
            {
                Measured = job.Running.Progress.Measure(used, lease.Loading),
            };
        });

    private static VideoRequest RequestOf(GenerationSettings settings, LoraFolder loras, VideoInputs images)
    {
        VideoSetting video = settings.Video!;
        bool hasOwn = video.HighNoiseSteps is not null || video.HighNoiseCfgScale is not null || video.HighNoiseSampler is not null;
        return new VideoRequest
        {
            Prompt = EmbeddingWords.Plain(settings.Prompt), NegativePrompt = EmbeddingWords.Plain(settings.NegativePrompt ?? ""),
            Width = settings.Width, Height = settings.Height, Frames = video.Frames, Fps = video.Fps, Steps = settings.Steps, CfgScale = (float)settings.CfgScale,
            Sampler = settings.Sampler, Scheduler = settings.Scheduler, Seed = settings.Seed, ClipSkip = settings.ClipSkip, Loras = GenerationPasses.Loras(settings, loras),
            Eta = (float?)settings.Eta, FlowShift = (float?)settings.FlowShift, Guidance = (float?)settings.Guidance,
            SkipLayers = settings.SlgScale is > 0 and { } scale && settings.SkipLayers is { Count: > 0 } layers ? new SkipLayerGuidance(layers, (float)scale) : null,
            VaeTiling = settings.VaeTiling ? new VaeTiling() : null,
            StartImage = images.Start, EndImage = images.End, ControlFrames = images.Frames, VaceStrength = (float?)video.ControlStrength, MoeBoundary = (float?)video.MoeBoundary,
            HighNoise = hasOwn ? new HighNoiseSampling { Steps = video.HighNoiseSteps, CfgScale = (float?)video.HighNoiseCfgScale, Sampler = video.HighNoiseSampler } : null,
        };
    }
}
