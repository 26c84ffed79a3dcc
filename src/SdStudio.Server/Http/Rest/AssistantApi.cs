using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.AI;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Assistant;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>POST /api/prompts/expand</c> and <c>/sdapi/v1/interrogate</c>: what a language model knows of prompts.</summary>
internal static class AssistantApi
{
    private const string Group = "Prompts";

    // What language models look at.
    private const int ShorterSide = 512;

    public static void AddAssistant(this IServiceCollection services)
    {
        services.AddSingleton<IChatClient, ChatCompletions>();
        services.AddSingleton<PromptAssistant>();
    }

    public static void MapAssistantApi(this IEndpointRouteBuilder api) => api.MapPost("/prompts/expand", ExpandAsync).Accepts<ExpandPromptBody>("application/json").RequireJobRateLimit()
        .Describe("expandPrompt", Group, "Expands a short prompt, with the language model of SdStudio:Assistant:Endpoint", 400, 501, 502, 504)
        .WithMetadata(new RequestExample("""{"prompt":"a cat by the sea"}"""));

    /// <summary>Automatic1111's way to ask for a prompt of an image.</summary>
    public static void MapInterrogate(this IEndpointRouteBuilder sdapi) => sdapi.MapPost("/interrogate", InterrogateAsync).RequireJobRateLimit();

    private static async Task<Ok<ExpandedPromptResponse>> ExpandAsync(HttpContext context, PromptAssistant assistant, LiveLimits limits)
    {
        assistant.Require();
        var fields = new RequestFields((await RequestBody.ReadAsync(context.Request, context.RequestAborted)).Fields);
        string prompt = fields.RequiredText("prompt", limits.Now.MaxPromptBytes) ?? "";
        long? seed = fields.Integer(0, Parameters.MaxSeed, "seed");
        fields.ThrowIfRefused();
        return TypedResults.Ok(new ExpandedPromptResponse(await assistant.ExpandAsync(prompt, seed, context.RequestAborted), prompt));
    }

    private static async Task<IResult> InterrogateAsync(HttpContext context, PromptAssistant assistant, RequestImages images, Microsoft.Extensions.Options.IOptions<StudioOptions> options)
    {
        assistant.Require();
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        byte[] bytes = body.File("image") ?? throw new BadRequestException([new FieldProblem("image", "Missing required field: image (base64 or a data URL)")], detail: null);
        using RequestInputs inputs = await images.EnterAsync([bytes], context.RequestAborted);
        RequestImages.Filled(inputs, () => inputs.Image = ImageDecoder.Read(bytes, "image", options.Value.Limits.MaxInputPixels, ShorterSide));
        string caption = await assistant.DescribeAsync(inputs.Image!, context.RequestAborted);
        return A1111.A1111Responses.Json(new JsonObject { ["caption"] = caption });
    }
}

/// <param name="Prompt">The expanded prompt.</param>
/// <param name="Original">The prompt that was sent.</param>
internal sealed record ExpandedPromptResponse(string Prompt, string Original);
