using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SdStudio.Server.Http.Mcp;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Requests;

/// <summary>The JSON of every answer, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(ProbeResponse))]
[JsonSerializable(typeof(ConfigResponse))]
[JsonSerializable(typeof(GenerateResponse))]
[JsonSerializable(typeof(ModelsResponse))]
[JsonSerializable(typeof(ModelResponse))]
[JsonSerializable(typeof(List<RunningModelResponse>))]
[JsonSerializable(typeof(DownloadedModelsResponse))]
[JsonSerializable(typeof(ModelStatusResponse))]
[JsonSerializable(typeof(StartedModelResponse))]
[JsonSerializable(typeof(StoppedModelResponse))]
[JsonSerializable(typeof(FileStatusResponse))]
[JsonSerializable(typeof(QueuedResponse))]
[JsonSerializable(typeof(QueueResponse))]
[JsonSerializable(typeof(CancelledResponse))]
[JsonSerializable(typeof(CancelledAllResponse))]
[JsonSerializable(typeof(PausedResponse))]
[JsonSerializable(typeof(SuccessResponse))]
[JsonSerializable(typeof(DeletedAllResponse))]
[JsonSerializable(typeof(GenerationsPage))]
[JsonSerializable(typeof(ParametersResponse))]
[JsonSerializable(typeof(ReproducedResponse))]
[JsonSerializable(typeof(LogsResponse))]
[JsonSerializable(typeof(GenerateBody))]
[JsonSerializable(typeof(EditBody))]
[JsonSerializable(typeof(VariationBody))]
[JsonSerializable(typeof(UpscaleBody))]
[JsonSerializable(typeof(VideoBody))]
[JsonSerializable(typeof(PresetBody))]
[JsonSerializable(typeof(ParameterListResponse))]
[JsonSerializable(typeof(PlaceBody))]
[JsonSerializable(typeof(GridBody))]
[JsonSerializable(typeof(LoginBody))]
[JsonSerializable(typeof(DownloadBody))]
[JsonSerializable(typeof(AddModelBody))]
[JsonSerializable(typeof(AddedModelResponse))]
[JsonSerializable(typeof(UploadResponse))]
[JsonSerializable(typeof(List<UploadResponse>))]
[JsonSerializable(typeof(ConvertBody))]
[JsonSerializable(typeof(DownloadView))]
[JsonSerializable(typeof(List<DownloadView>))]
[JsonSerializable(typeof(ControlNetsResponse))]
[JsonSerializable(typeof(IdentitiesResponse))]
[JsonSerializable(typeof(UpscalersResponse))]
[JsonSerializable(typeof(LorasResponse))]
[JsonSerializable(typeof(DevicesResponse))]
[JsonSerializable(typeof(NodesResponse))]
[JsonSerializable(typeof(ImagesResponse))]
[JsonSerializable(typeof(ListedImageResponse))]
[JsonSerializable(typeof(ChangedImagesResponse))]
[JsonSerializable(typeof(TagsResponse))]
[JsonSerializable(typeof(BoardsResponse))]
[JsonSerializable(typeof(BoardResponse))]
[JsonSerializable(typeof(DeletedBoardResponse))]
[JsonSerializable(typeof(ImportResponse))]
[JsonSerializable(typeof(RetentionResponse))]
[JsonSerializable(typeof(ReadSettingsResponse))]
[JsonSerializable(typeof(ImageChangeBody))]
[JsonSerializable(typeof(ImagesChangeBody))]
[JsonSerializable(typeof(BoardBody))]
[JsonSerializable(typeof(ZipBody))]
[JsonSerializable(typeof(ImportBody))]
[JsonSerializable(typeof(WildcardsResponse))]
[JsonSerializable(typeof(TemplatePreviewResponse))]
[JsonSerializable(typeof(StylesResponse))]
[JsonSerializable(typeof(Style))]
[JsonSerializable(typeof(StyleBody))]
[JsonSerializable(typeof(ExpandPromptBody))]
[JsonSerializable(typeof(ExpandedPromptResponse))]
[JsonSerializable(typeof(PreviewTemplateBody))]
[JsonSerializable(typeof(CountTokensBody))]
[JsonSerializable(typeof(TokenCountResponse))]
[JsonSerializable(typeof(PresetsResponse))]
[JsonSerializable(typeof(ImportedPresetsResponse))]
[JsonSerializable(typeof(ReadSettingsBody))]
[JsonSerializable(typeof(DownloadingResponse))]
[JsonSerializable(typeof(PeopleResponse))]
[JsonSerializable(typeof(PersonResponse))]
[JsonSerializable(typeof(PersonBody))]
[JsonSerializable(typeof(McpJobAnswer))]
[JsonSerializable(typeof(McpImagesAnswer))]
[JsonSerializable(typeof(McpModelsAnswer))]
[JsonSerializable(typeof(string))]
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
