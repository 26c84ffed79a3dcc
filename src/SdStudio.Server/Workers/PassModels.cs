using SdCpp.Interop;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Workers;

/// <summary>
/// The models that the passes of an image take turns with. Only one is in use at a time: where both have room they stay in memory, and where they
/// have not, one makes way for the other, which it could not while it is in use.
/// </summary>
/// <param name="job">The job.</param>
/// <param name="passes">Knows what a model must be loaded with.</param>
/// <param name="first">Of the first pass.</param>
/// <param name="second">Of the second pass; null for that of the first.</param>
/// <param name="loading">Hears of loading; null for nobody.</param>
internal sealed class PassModels(JobContext job, GenerationPasses passes, ModelDefinition first, ModelDefinition? second, SdCallbacks? loading) : IAsyncDisposable
{
    private ModelLease? _lease;
    private ModelDefinition? _held;

    /// <summary>What the job had to wait for loading.</summary>
    public TimeSpan Loading { get; private set; }

    /// <summary>The model of the first pass, loaded; it stays so until another is asked for.</summary>
    /// <exception cref="SdException">It cannot be loaded.</exception>
    public ValueTask<ModelLease> FirstAsync(CancellationToken cancellation) => TakeAsync(first, cancellation);

    /// <summary>The model of the second pass.</summary>
    /// <exception cref="SdException">It cannot be loaded.</exception>
    public ValueTask<ModelLease> SecondAsync(CancellationToken cancellation) => TakeAsync(second ?? first, cancellation);

    /// <summary>Gives back what is held: something else needs its room for a while.</summary>
    public async ValueTask RestAsync()
    {
        ModelLease? held = _lease;
        (_lease, _held) = (null, null);
        if (held is not null)
            await held.DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => RestAsync();

    private async ValueTask<ModelLease> TakeAsync(ModelDefinition model, CancellationToken cancellation)
    {
        if (ReferenceEquals(_held, model))
            return _lease!;
        await RestAsync().ConfigureAwait(false);
        (_lease, _held) = (await job.Models.AcquireAsync(passes.ToLoad(model, job.Settings), loading, cancellation).ConfigureAwait(false), model);
        Loading += _lease.Loading;
        await passes.SetNetAsync(_lease, job, cancellation).ConfigureAwait(false);
        return _lease;
    }
}
