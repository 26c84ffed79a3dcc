namespace SdStudio.Server.Queue;

/// <summary>What was measured of the phases of models.</summary>
internal interface IModelCostStore
{
    /// <summary>The costs of a kind of job; null when none were measured.</summary>
    /// <param name="key">As <see cref="ModelCosts.KeyOf(Generation.GenerationSettings)"/> has it.</param>
    /// <param name="device">Of which class of devices; null for any.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<ModelCosts?> FindAsync(string key, string? device, CancellationToken cancellation);
}
