using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary>What images of a model cost on this machine: as measured, or estimated from their arithmetic, by what another model took or by the processor.</summary>
internal sealed class ModelTimes(IModelCostStore costs, ModelCatalogue catalogue, EngineHost engine, ProcessorSpeed processor)
{
    // Decoding a megapixel with the usual VAE, in the unit of ModelDefinition.StepWork.
    private const double DecodeWork = 9.5;
    private const string Cpu = "cpu";

    // What the engine gets out of a processor's arithmetic: measured with a model of SD 1.5's dimensions, see benchmarks/README.md.
    private const double Efficiency = 0.5;

    /// <summary>What each speed costs, and how long one image takes with the model's own size and steps once it is loaded; nulls where nothing tells.</summary>
    /// <param name="model">The model.</param>
    /// <param name="yardstick">What estimates go by: <see cref="YardstickAsync"/>.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async ValueTask<(SpeedsResponse? Speeds, ExpectedTimeResponse? Expected)> OfAsync(ModelDefinition model, Yardstick? yardstick, CancellationToken cancellation)
    {
        if (model.Remote is not null)
            return (null, null);
        ModelCosts? exact = await FindAsync(model, null, cancellation), fast = await FindAsync(model, Speed.Fast, cancellation), fastest = await FindAsync(model, Speed.Fastest, cancellation);
        return (new SpeedsResponse(Cost(exact), Cost(fast), Cost(fastest)), Expected(model, exact, yardstick));

        SpeedCostResponse? Cost(ModelCosts? measured) => measured is not { Jobs: > 0, StepMsPerMegapixel: > 0 } ? null : new SpeedCostResponse(
            Math.Round(measured.StepMsPerMegapixel, 1),
            exact is { Jobs: > 0, StepMsPerMegapixel: > 0 } ? Math.Round(exact.StepMsPerMegapixel / measured.StepMsPerMegapixel, 2) : null, measured.Jobs);
    }

    private static ExpectedTimeResponse? Expected(ModelDefinition model, ModelCosts? own, Yardstick? yardstick)
    {
        double megapixels = model.DefaultSize.Width * (double)model.DefaultSize.Height / 1e6;
        if (own is { Jobs: > 0, StepMsPerMegapixel: > 0 })
            return new ExpectedTimeResponse(Rounded(own.LoadedMs(model.DefaultSteps, megapixels)), Measured: true, model.Id);
        if (model.StepWork is not { } work || yardstick is not { } known)
            return null;
        double milliseconds = (WorkOf(model, work) * model.DefaultSteps + DecodeWork) * megapixels * known.MsPerWork;
        return new ExpectedTimeResponse(Rounded(milliseconds), Measured: false, known.Model);
    }

    /// <summary>What estimates of models go by that have generated nothing here; null where nothing was measured.</summary>
    public async ValueTask<Yardstick?> YardstickAsync(CancellationToken cancellation)
    {
        // The heaviest that was measured is most like those that were not. A card's arithmetic is not known before it has generated.
        Yardstick? known = engine.Loaded?.Info.Backend == Cpu && processor.TeraOperations is { } speed ? new Yardstick(null, 1000 / (speed * Efficiency)) : null;
        double most = 0;
        foreach (ModelDefinition model in catalogue.Models.Where(model => model is { Remote: null, StepWork: not null }))
        {
            double work = WorkOf(model, model.StepWork!.Value);
            if (work <= most || await FindAsync(model, null, cancellation) is not { Jobs: > 0, StepMsPerMegapixel: > 0 } measured)
                continue;
            (most, known) = (work, new Yardstick(model.Id, measured.StepMsPerMegapixel / work));
        }

        return known;
    }

    // With guidance each step looks twice.
    private static double WorkOf(ModelDefinition model, double work) => model.DefaultCfgScale > 1 ? 2 * work : work;

    private static double Rounded(double milliseconds) => Math.Round(milliseconds / 1000, milliseconds < 10_000 ? 1 : 0);

    private ValueTask<ModelCosts?> FindAsync(ModelDefinition model, string? speed, CancellationToken cancellation) => costs.FindAsync(ModelCosts.KeyOf(model.Id, speed), device: null, cancellation);
}

/// <param name="Model">The measured model that the estimate is based on; null: the processor.</param>
/// <param name="MsPerWork">Milliseconds for a unit of <see cref="ModelDefinition.StepWork"/>.</param>
internal sealed record Yardstick(string? Model, double MsPerWork);

/// <param name="Seconds">Time of one image of the model's default size and steps, once the model is loaded.</param>
/// <param name="Measured">true: measured over its jobs; false: estimated from its arithmetic.</param>
/// <param name="Basis">The measured model that the estimate is based on; null: the processor.</param>
internal sealed record ExpectedTimeResponse(double Seconds, bool Measured, string? Basis);
