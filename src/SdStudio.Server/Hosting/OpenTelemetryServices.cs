using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Hosting;

/// <summary>
/// Metrics and traces for others' programs: <c>/metrics</c> for Prometheus, and OTLP where the standard variables name a receiver. Nothing
/// is measured where neither is asked for.
/// </summary>
internal static class OpenTelemetryServices
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddStudioTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        bool pulls = IsScraped(configuration);
        bool metrics = IsNamed(configuration, "METRICS");
        bool traces = IsNamed(configuration, "TRACES");
        if (!pulls && !metrics && !traces)
            return;
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry();
        if (pulls || metrics)
        {
            telemetry.WithMetrics(meters =>
            {
                meters.AddMeter(JobTelemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime");
                if (pulls)
                    meters.AddPrometheusExporter();
                if (metrics)
                    meters.AddOtlpExporter(otlp => Address(otlp, configuration, "METRICS"));
            });
        }

        if (!traces)
            return;
        telemetry.WithTracing(tracing => tracing.AddSource(JobTelemetry.Name).AddAspNetCoreInstrumentation().AddOtlpExporter(otlp => Address(otlp, configuration, "TRACES")));
        // Whose trace a request continues is decided in one place: below.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());
        if (!IsSet(configuration, nameof(StudioOptions.TraceParent)))
            services.AddSingleton<DistributedContextPropagator>(new OwnTraces());
    }

    /// <summary>Where Prometheus looks; behind the key, as everything that tells about people's work.</summary>
    public static void UseStudioMetrics(this WebApplication app)
    {
        if (IsScraped(app.Configuration))
            app.UseOpenTelemetryPrometheusScrapingEndpoint();
    }

    private static bool IsScraped(IConfiguration configuration) => IsSet(configuration, nameof(StudioOptions.Metrics));

    private static bool IsSet(IConfiguration configuration, string name) => bool.TryParse(configuration[$"SdStudio:{name}"], out bool asked) && asked;

    // The exporter itself knows only the variable for all signals.
    private static void Address(OtlpExporterOptions otlp, IConfiguration configuration, string signal)
    {
        if (configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 } own)
            otlp.Endpoint = new Uri(own);
    }

    private static bool IsNamed(IConfiguration configuration, string signal) =>
        configuration[Endpoint] is { Length: > 0 } || configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 };

    /// <summary>Whoever sends a request does not choose the trace that it is part of.</summary>
    private sealed class OwnTraces : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => [];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
        {
            // Other servers get none either: their traces are not ours.
        }

        public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
    }
}
