using System.Text.Json;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.A1111;

/// <summary>What the ControlNet extension of Automatic1111 answers under <c>/controlnet</c>.</summary>
internal static class A1111ControlNetApi
{
    // Of the extension whose fields are read.
    private const int Version = 2;
    private const int MaxImages = 16;

    public static void MapA1111ControlNetApi(this IEndpointRouteBuilder root)
    {
        RouteGroupBuilder api = root.MapGroup("/controlnet");
        api.MapGet("/version", () => A1111Responses.Json(new JsonObject { ["version"] = Version }));
        api.MapGet("/settings", () => A1111Responses.Json(new JsonObject { ["control_net_unit_count"] = 1 }));
        api.MapGet("/model_list", (ControlNetFolder nets) => A1111Responses.Json(new JsonObject { ["model_list"] = Texts(nets.Names) }));
        api.MapGet("/module_list", () => A1111Responses.Json(new JsonObject
        {
            ["module_list"] = Texts(ControlSetting.Preprocessors),
            ["module_detail"] = new JsonObject(ControlSetting.Preprocessors.Select(name => KeyValuePair.Create(name, (JsonNode?)new JsonObject { ["model_free"] = false, ["sliders"] = new JsonArray() }))),
        }));
        api.MapGet("/control_types", (ControlNetFolder nets) => A1111Responses.Json(new JsonObject
        {
            ["control_types"] = new JsonObject
            {
                ["All"] = TypeOf(ControlSetting.Preprocessors, nets.Names, ControlSetting.None),
                ["Canny"] = TypeOf(
                    [ControlSetting.None, ControlSetting.Canny], nets.Names.Where(name => name.Contains("canny", StringComparison.OrdinalIgnoreCase)), ControlSetting.Canny),
            },
        }));
        api.MapPost("/detect", DetectAsync);
    }

    private static JsonObject TypeOf(IEnumerable<string> modules, IEnumerable<string> models, string usual)
    {
        string[] names = ["None", .. models];
        return new JsonObject { ["module_list"] = Texts(modules), ["model_list"] = Texts(names), ["default_option"] = usual, ["default_model"] = names.Length > 1 ? names[1] : names[0] };
    }

    private static JsonArray Texts(IEnumerable<string> texts) => A1111Responses.List(texts.Select(text => (JsonNode)text));

    private static async Task<IResult> DetectAsync(HttpRequest request, RequestImages images, EngineHost host, CancellationToken cancellation)
    {
        RequestBody body = await RequestBody.ReadAsync(request, cancellation);
        var fields = new RequestFields(body.Fields);
        string module = fields.Text("controlnet_module") ?? ControlSetting.None;
        IReadOnlyList<JsonElement> sent = fields.List("controlnet_input_images");
        double? low = A1111ControlNet.Threshold(fields.Number(double.MinValue, double.MaxValue, "controlnet_threshold_a"));
        double? high = A1111ControlNet.Threshold(fields.Number(double.MinValue, double.MaxValue, "controlnet_threshold_b"));
        if (sent.Count is 0 or > MaxImages)
            fields.Refuse("controlnet_input_images", $"controlnet_input_images has {sent.Count} images; allowed are 1 to {MaxImages}");
        if (A1111ControlNet.Preprocessor(module) is not { } preprocessor)
        {
            fields.Refuse("controlnet_module", $"controlnet_module is '{RequestFields.Shown(module)}'; allowed is one of: {string.Join(", ", ControlSetting.Preprocessors)}");
            preprocessor = ControlSetting.None;
        }

        fields.ThrowIfRefused();
        await host.Ready.WaitAsync(cancellation);
        List<byte[]> files = [.. sent.Select(image => EncodedImage.Decode(EncodedImage.TextOf(image) ?? "", "controlnet_input_images"))];
        using RequestInputs inputs = await images.EnterAsync(files, cancellation);
        RequestImages.Filled(inputs, () => inputs.References.AddRange(files.Select(file => images.Decode(file, "controlnet_input_images"))));
        var control = new ControlSetting("", 1, preprocessor) { LowThreshold = low <= high ? low : null, HighThreshold = low <= high ? high : null };
        return A1111Responses.Json(new JsonObject
        {
            ["images"] = A1111Responses.List(inputs.References.Select(image => (JsonNode)Convert.ToBase64String(Detected(image, control)))), ["info"] = "Success",
        });
    }

    private static byte[] Detected(ImageBuffer image, ControlSetting control)
    {
        using ImageBuffer seen = ControlImages.Preprocessed(image, control);
        return ImageFiles.Encoded(seen, ImageFormats.Png, quality: 0);
    }
}
