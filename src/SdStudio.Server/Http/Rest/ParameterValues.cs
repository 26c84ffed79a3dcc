using System.Text.Json;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.Rest;

/// <summary>The values of an image's parameters that the document's answer has no field for.</summary>
internal static class ParameterValues
{
    private static readonly HashSet<string> Documented =
        [.. ApiJson.Readable.ParametersResponse.Properties.Where(property => !property.IsExtensionData).Select(property => property.Name)];

    /// <summary>The rows of the table whose values are returned besides the documented ones.</summary>
    public static IEnumerable<Parameter> Rows => Parameters.All.Where(parameter =>
        parameter.Get is not null && (parameter.Set is not null || parameter.Name.StartsWith("hires_", StringComparison.Ordinal)) && !Documented.Contains(parameter.Name));

    /// <summary>Their values, null where there is none.</summary>
    public static Dictionary<string, JsonElement> Of(GenerationSettings settings) => Rows.ToDictionary(
        parameter => parameter.Name,
        parameter =>
        {
            using JsonDocument value = JsonDocument.Parse(parameter.Get!(settings) is { } given ? InfotextReader.ToJson(given).ToJsonString() : "null");
            return value.RootElement.Clone();
        },
        StringComparer.Ordinal);
}
