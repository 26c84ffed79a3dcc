using System.Text.Json.Serialization;
using SdStudio.Server.Jobs;

namespace SdStudio.Server.Storage;

/// <summary>The JSON inside the database.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobSettings))]
[JsonSerializable(typeof(ModelCosts))]
internal sealed partial class StorageJson : JsonSerializerContext;
