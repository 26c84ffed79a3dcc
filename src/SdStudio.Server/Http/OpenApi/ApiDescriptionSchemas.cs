using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>What the types of answers do not say of themselves: which words a text may be, and which field of an error is for people.</summary>
internal static class ApiDescriptionSchemas
{
    private static readonly string[] DownloadStatus = ["downloading", "completed", "failed", "cancelled"];
    private static readonly string[] ModelStatus = ["stopped", "starting", "running", "stopping", "error"];
    private static readonly string[] ExecModes = ["auto", "server", "cli", "api"];
    private static readonly string[] Phases = [.. Enum.GetNames<SdCpp.Interop.GenerationPhase>().Select(name => name.ToLowerInvariant())];

    // By the type that has the field, and the field's name in JSON.
    private static readonly Dictionary<(Type Type, string Field), string[]> Words = new()
    {
        [(typeof(JobView), "status")] = JobStatus.All,
        [(typeof(JobView), "type")] = JobType.All,
        [(typeof(JobView), "phase")] = Phases,
        [(typeof(QueuedResponse), "status")] = JobStatus.All,
        [(typeof(GenerateResponse), "status")] = JobStatus.All,
        [(typeof(ReproducedResponse), "status")] = JobStatus.All,
        [(typeof(ParametersResponse), "type")] = JobType.All,
        [(typeof(DownloadView), "status")] = DownloadStatus,
        [(typeof(DownloadingResponse), "status")] = DownloadStatus,
        [(typeof(ModelResponse), "status")] = ModelStatus,
        [(typeof(ModelStatusResponse), "status")] = ModelStatus,
        [(typeof(RunningModelResponse), "status")] = ModelStatus,
        [(typeof(StartedModelResponse), "status")] = ModelStatus,
        [(typeof(StoppedModelResponse), "status")] = ModelStatus,
        [(typeof(ModelResponse), "exec_mode")] = ExecModes,
        [(typeof(ModelResponse), "execMode")] = ExecModes,
        [(typeof(ModelResponse), "mode")] = ["preload", "on_demand"],
        [(typeof(HealthResponse), "status")] = ["ok"],
        [(typeof(LogView), "level")] = ["debug", "info", "warn", "error", "fatal"],
    };

    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if (context.JsonPropertyInfo is { } property)
        {
            object[] allowed = property.AttributeProvider?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: false) ?? [];
            foreach (AllowedValuesAttribute values in allowed.OfType<AllowedValuesAttribute>())
                schema.Enum = [.. values.Values.Select(value => value is int number ? JsonValue.Create(number) : JsonValue.Create(value?.ToString() ?? ""))];
            if (Words.TryGetValue((property.DeclaringType, property.Name), out string[]? words))
                schema.Enum = [.. words.Select(word => (JsonNode)JsonValue.Create(word))];
        }
        else if (context.JsonTypeInfo.Type == typeof(ErrorResponse) && schema.Properties?["error"] is OpenApiSchema message)
        {
            // The message of a generated client's exception.
            message.Extensions ??= new Dictionary<string, IOpenApiExtension>();
            message.Extensions["x-ms-primary-error-message"] = new JsonNodeExtension(JsonValue.Create(true));
        }

        return Task.CompletedTask;
    }
}
