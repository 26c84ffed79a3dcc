using System.Text.Json;
using System.Text.Json.Serialization;

namespace SdStudio.EndToEnd.Tests;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class JsonContext : JsonSerializerContext;
