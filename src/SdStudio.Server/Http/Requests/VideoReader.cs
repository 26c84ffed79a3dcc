using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Checks what only videos have: a model that makes them, and memory for so many frames.</summary>
internal sealed class VideoReader(RequestFields fields, Lookups lookups, ParameterLimits limits)
{
    /// <param name="settings">As read.</param>
    /// <param name="model">That generates; null when it is unknown.</param>
    /// <param name="sent">The images that came with it.</param>
    public void Check(GenerationSettings settings, ModelDefinition? model, SentImages sent)
    {
        VideoSetting video = settings.Video!;
        if (model is not null && !lookups.Videos.Makes(model))
            fields.Refuse("model", $"Model '{model.Id}' makes no videos; {lookups.Videos.Those()}");
        if (sent.Frames > video.Frames)
            fields.Refuse("control_frames", $"control_frames: {sent.Frames} images were sent for {video.Frames} frames; send at most as many");
        long pixels = (long)settings.Width * settings.Height * video.Frames;
        if (pixels > limits.MaxVideoPixels)
            fields.Refuse("frames", $"frames is {video.Frames}; with {new ImageSize(settings.Width, settings.Height)} these are {pixels} pixels, allowed are at most {limits.MaxVideoPixels} together (SdStudio:Limits:MaxVideoPixels). Ask for fewer or smaller frames");
        else if (model is not null && lookups.Videos.CannotHold(model, pixels) is { } reason)
            fields.Refuse("frames", $"frames is {video.Frames}; {reason}. Ask for fewer or smaller frames");
    }
}
