using System.Text.Json.Serialization;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The JSON inside the database.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerationSettings))]
[JsonSerializable(typeof(ModelCosts))]
internal sealed partial class StorageJson : JsonSerializerContext;
