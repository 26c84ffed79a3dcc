using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SdCpp.Interop;

/// <summary>Healthy while the model is loaded, or can be as far as its files tell; it loads nothing itself.</summary>
internal sealed class SdCppHealthCheck(SdCppModel model) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (model.IsLoaded)
            return Task.FromResult(HealthCheckResult.Healthy("The model is loaded."));
        if (model.Failure is { } failure)
            return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, $"The model could not be loaded: {failure.Message}", failure));
        return Task.Run(() => Inspect(context), cancellationToken);
    }

    private HealthCheckResult Inspect(HealthCheckContext context)
    {
        try
        {
            string? main = model.Options.DiffusionModelPath ?? model.Options.ModelPath;
            return main is null
                ? new HealthCheckResult(context.Registration.FailureStatus, "No model is named.")
                : HealthCheckResult.Healthy($"The model is not loaded yet; its file is {ModelFile.Inspect(main).Family}.");
        }
        catch (Exception exception) when (exception is SdException or Microsoft.Extensions.Options.OptionsValidationException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, exception.Message, exception);
        }
    }
}
