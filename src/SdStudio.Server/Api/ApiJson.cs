using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SdStudio.Server.Jobs;

namespace SdStudio.Server.Api;

/// <summary>The JSON of every answer, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(ConfigAnswer))]
[JsonSerializable(typeof(GenerateAnswer))]
[JsonSerializable(typeof(AcceptedAnswer))]
[JsonSerializable(typeof(ModelsAnswer))]
[JsonSerializable(typeof(ModelAnswer))]
[JsonSerializable(typeof(List<RunningModelAnswer>))]
[JsonSerializable(typeof(DownloadedModelsAnswer))]
[JsonSerializable(typeof(ModelStatusAnswer))]
[JsonSerializable(typeof(StartedModelAnswer))]
[JsonSerializable(typeof(StoppedModelAnswer))]
[JsonSerializable(typeof(FileStatusAnswer))]
[JsonSerializable(typeof(QueuedAnswer))]
[JsonSerializable(typeof(QueueAnswer))]
[JsonSerializable(typeof(CancelledAnswer))]
[JsonSerializable(typeof(CancelledAllAnswer))]
[JsonSerializable(typeof(PausedAnswer))]
[JsonSerializable(typeof(SuccessAnswer))]
[JsonSerializable(typeof(DeletedAllAnswer))]
[JsonSerializable(typeof(GenerationsPage))]
[JsonSerializable(typeof(ParametersAnswer))]
[JsonSerializable(typeof(ReproducedAnswer))]
[JsonSerializable(typeof(LogsAnswer))]
[JsonSerializable(typeof(Description.GenerateBody))]
[JsonSerializable(typeof(Description.EditBody))]
[JsonSerializable(typeof(Description.UpscaleBody))]
[JsonSerializable(typeof(Description.PlaceBody))]
[JsonSerializable(typeof(Description.DownloadBody))]
[JsonSerializable(typeof(Description.ConvertBody))]
[JsonSerializable(typeof(Downloads.DownloadView))]
[JsonSerializable(typeof(List<Downloads.DownloadView>))]
[JsonSerializable(typeof(UpscalersAnswer))]
[JsonSerializable(typeof(DownloadingAnswer))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(List<JobView>))]
[JsonSerializable(typeof(List<ImageView>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>
    /// Writes text as people do: answers are read in terminals. The default would turn quotes and every letter beyond ASCII into escapes
    /// for the sake of JSON inside HTML, where none of this goes.
    /// </summary>
    public static ApiJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
