using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>Describes what the clients of Automatic1111, OpenAI and the engine's own server call: their endpoints read and write JSON that has no types here.</summary>
internal static class ApiDescriptionClients
{
    public const string A1111 = "Automatic1111";
    public const string OpenAi = "OpenAI";
    public const string SdServer = "stable-diffusion.cpp";
    private const string Json = "application/json";
    private const string Form = "multipart/form-data";
    private static readonly string[] A1111Errors = ["400", "401", "404", "409", "413", "422", "429"];
    private static readonly string[] OpenAiErrors = ["400", "401", "404", "409", "413", "429"];

    // By method and path.
    private static readonly Dictionary<string, ClientOperation> Operations = new(StringComparer.Ordinal)
    {
        ["POST sdapi/v1/txt2img"] = new("a1111TextToImage", A1111, "Text-to-image; waits for the images", typeof(A1111ImagesAnswer), typeof(A1111TextToImageBody)),
        ["POST sdapi/v1/img2img"] = new("a1111ImageToImage", A1111, "Image-to-image and inpainting; waits for the images", typeof(A1111ImagesAnswer), typeof(A1111ImageToImageBody)),
        ["POST sdapi/v1/extra-single-image"] = new("a1111UpscaleImage", A1111, "Upscales an image", typeof(A1111ExtraSingleAnswer), typeof(A1111ExtraSingleBody)),
        ["POST sdapi/v1/extra-batch-images"] = new("a1111UpscaleImages", A1111, "Upscales several images", typeof(A1111ExtraBatchAnswer), typeof(A1111ExtraBatchBody)),
        ["POST sdapi/v1/png-info"] = new("a1111PngInfo", A1111, "The settings inside an image", typeof(A1111PngInfoAnswer), typeof(A1111PngInfoBody)),
        ["GET sdapi/v1/progress"] = new("a1111Progress", A1111, "The progress of the running job; 0 when none runs", typeof(A1111ProgressAnswer)),
        ["POST sdapi/v1/interrupt"] = new("a1111Interrupt", A1111, "Cancels the caller's running job, else its oldest", typeof(A1111InterruptAnswer)),
        ["GET sdapi/v1/options"] = new("a1111GetOptions", A1111, "The options, with the current checkpoint", typeof(Dictionary<string, JsonElement>)),
        ["POST sdapi/v1/options"] = new("a1111SetOptions", A1111, "Sets options: the checkpoint", typeof(Dictionary<string, JsonElement>), typeof(A1111OptionsBody)),
        ["GET sdapi/v1/samplers"] = new("a1111Samplers", A1111, "The samplers of the engine", typeof(List<A1111Sampler>)),
        ["GET sdapi/v1/schedulers"] = new("a1111Schedulers", A1111, "The schedulers of the engine", typeof(List<A1111Scheduler>)),
        ["GET sdapi/v1/sd-models"] = new("a1111Models", A1111, "The models whose files exist", typeof(List<A1111Model>)),
        ["GET sdapi/v1/upscalers"] = new("a1111Upscalers", A1111, "The upscalers that can be used", typeof(List<A1111Upscaler>)),
        ["GET sdapi/v1/loras"] = new("a1111Loras", A1111, "The LoRAs of the server's folder", typeof(List<A1111Lora>)),
        ["POST v1/images/generations"] = new("openAiGenerate", OpenAi, "Images from a prompt", typeof(OpenAiImagesAnswer), typeof(OpenAiGenerationBody)),
        ["POST v1/images/edits"] = new("openAiEdit", OpenAi, "Images from an image and a prompt", typeof(OpenAiImagesAnswer), typeof(OpenAiEditForm), Form),
        ["POST v1/images/variations"] = new("openAiVary", OpenAi, "Variations of an image", typeof(OpenAiImagesAnswer), typeof(OpenAiEditForm), Form),
        ["POST v1/videos"] = new("openAiCreateVideo", OpenAi, "Generates a video from a prompt and, if one is sent, an image; returns a job to poll", typeof(OpenAiVideo), typeof(OpenAiVideoBody)),
        ["GET v1/videos"] = new("openAiVideos", OpenAi, "The videos, newest first", typeof(OpenAiVideosAnswer)),
        ["GET v1/videos/{id}"] = new("openAiVideo", OpenAi, "The status of a video", typeof(OpenAiVideo)),
        ["DELETE v1/videos/{id}"] = new("openAiDeleteVideo", OpenAi, "Deletes a video; a waiting or running one is cancelled first", typeof(OpenAiDeletedVideo)),
        ["GET sdcpp/v1/capabilities"] = new("sdServerCapabilities", SdServer, "What requests may contain, with the defaults", typeof(Dictionary<string, JsonElement>)),
        ["POST sdcpp/v1/img_gen"] = new("sdServerImages", SdServer, "Generates images; returns a job to poll", typeof(SdServerAccepted), typeof(SdServerImageBody)) { Status = "202" },
        ["POST sdcpp/v1/vid_gen"] = new("sdServerVideo", SdServer, "Generates a video; returns a job to poll", typeof(SdServerAccepted), typeof(SdServerVideoBody)) { Status = "202" },
        ["GET sdcpp/v1/jobs/{id}"] = new("sdServerJob", SdServer, "The status of a job, with its results", typeof(SdServerJob)),
        ["POST sdcpp/v1/jobs/{id}/cancel"] = new("sdServerCancel", SdServer, "Cancels a waiting or running job", typeof(SdServerJob)),
        ["GET v1/models"] = new("openAiModels", OpenAi, "The models whose files exist", typeof(OpenAiModelsAnswer)),
    };

    public static bool IsClientPath(string path) =>
        path.StartsWith("sdapi/", StringComparison.Ordinal) || path.StartsWith("controlnet/", StringComparison.Ordinal) || path.StartsWith("sdcpp/", StringComparison.Ordinal) || path.StartsWith("v1/", StringComparison.Ordinal);

    public static ClientOperation? Find(Microsoft.AspNetCore.Mvc.ApiExplorer.ApiDescription description) =>
        Operations.GetValueOrDefault($"{description.HttpMethod} {description.RelativePath}");

    public static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        if (Find(context.Description) is not { } described)
            return;
        operation.OperationId = described.Id;
        operation.Summary = described.Summary;
        operation.Tags = new HashSet<OpenApiTagReference> { new(described.Tag, context.Document) };
        if (described.Body is { } body)
        {
            OpenApiSchema schema = await context.GetOrCreateSchemaAsync(body, null, cancellation);
            foreach (string file in described.BodyType == Form ? new[] { "image", "mask" } : [])
            {
                if (schema.Properties?.TryGetValue(file, out IOpenApiSchema? field) == true && field is OpenApiSchema binary)
                    binary.Format = "binary";
            }

            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = Content(described.BodyType, Component(context, body, schema)) };
        }

        OpenApiSchema answer = await context.GetOrCreateSchemaAsync(described.Answer, null, cancellation);
        operation.Responses = new OpenApiResponses
        {
            [described.Status] = new OpenApiResponse { Description = "OK", Content = Content(Json, described.Answer.IsGenericType ? answer : Component(context, described.Answer, answer)) },
        };
        // Each by its number: NSwag writes 4XX into its code as it is.
        foreach (string status in described.Tag == A1111 ? A1111Errors : OpenAiErrors)
            operation.Responses[status] = new OpenApiResponse { Description = "What is wrong with the request", Content = Content(Json, await ErrorAsync(described.Tag, context, cancellation)) };
    }

    private static async Task<IOpenApiSchema> ErrorAsync(string tag, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        Type type = tag == OpenAi ? typeof(OpenAiErrorAnswer) : typeof(Rest.ErrorResponse);
        return Component(context, type, await context.GetOrCreateSchemaAsync(type, null, cancellation));
    }

    private static OpenApiSchemaReference Component(OpenApiOperationTransformerContext context, Type type, OpenApiSchema schema)
    {
        context.Document!.AddComponent(type.Name, schema);
        return new OpenApiSchemaReference(type.Name, context.Document);
    }

    private static Dictionary<string, OpenApiMediaType> Content(string type, IOpenApiSchema schema) => new() { [type] = new OpenApiMediaType { Schema = schema } };
}

/// <summary>An endpoint of a client's API.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Tag">Of which API.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Answer">The type of its answer.</param>
/// <param name="Body">The type of its body; null for none.</param>
/// <param name="BodyType">The content type of its body.</param>
internal sealed record ClientOperation(string Id, string Tag, string Summary, Type Answer, Type? Body = null, string BodyType = "application/json")
{
    /// <summary>Of an answer that is no error.</summary>
    public string Status { get; init; } = "200";
}
