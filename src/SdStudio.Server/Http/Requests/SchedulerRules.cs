using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Requests;

/// <summary>What the engine refuses of schedulers, said before a job is made of it.</summary>
internal static class SchedulerRules
{
    // With one step these divide by nothing or read before their tables.
    private static readonly string[] NeedTwoSteps = ["karras", "exponential", "gits"];

    /// <summary>Whether a scheduler works with this number of steps.</summary>
    public static bool Fits(string? scheduler, long steps) => steps > 1 || !NeedTwoSteps.Contains(scheduler, StringComparer.Ordinal);

    /// <summary>Refuses a scheduler that the engine would refuse.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="settings">What was read.</param>
    /// <param name="model">That generates; null when it is unknown.</param>
    /// <param name="second">That makes the second pass; null for the same.</param>
    /// <param name="files">What is known of models' files.</param>
    public static void Check(RequestFields fields, GenerationSettings settings, ModelDefinition? model, ModelDefinition? second, ModelFileCache files)
    {
        if (model is null || model.Remote is not null)
            return;
        if (!Fits(settings.Scheduler, settings.Steps) || (settings.Hires is { Steps: 1 } && !Fits(settings.Hires.Scheduler ?? settings.Scheduler, 1)))
            fields.Refuse("scheduler", $"scheduler '{settings.Scheduler}' needs 2 steps or more; set steps to 2 or choose another scheduler, e.g. simple");
        if (settings.Scheduler == "ays" && !HasAys(model, files))
            fields.Refuse("scheduler", WithoutAys(model));
        if (settings.Hires is { IsLatent: false } hires && (hires.Scheduler ?? settings.Scheduler) == "ays" && (second ?? model) is var last && (hires.Scheduler is not null || second is not null) && !HasAys(last, files))
            fields.Refuse("hires_scheduler", WithoutAys(last));
    }

    private static string WithoutAys(ModelDefinition model) => $"scheduler 'ays' has no steps for the model {model.Id}; it has them for SD 1.x, SD 2.x and SDXL. Choose another, e.g. simple";

    /// <summary>Whether the scheduler ays has a table for the model. A model of unknown family is left to the engine.</summary>
    public static bool HasAys(ModelDefinition model, ModelFileCache files) =>
        (files.Of(ModelFileCache.At(model.MainFile))?.Family ?? ModelFamily.Unknown) is ModelFamily.Sd1 or ModelFamily.Sd2 or ModelFamily.Sdxl or ModelFamily.Unknown;
}
