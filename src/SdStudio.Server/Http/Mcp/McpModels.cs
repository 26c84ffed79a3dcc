using System.Text.Json;
using ModelContextProtocol.Protocol;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;

namespace SdStudio.Server.Http.Mcp;

/// <summary>The models that can generate now: a tool neither downloads nor loads any by naming it.</summary>
internal sealed class McpModels(ClientModels models, ModelViews views)
{
    public CallToolResult List()
    {
        var answer = new McpModelsAnswer([.. models.All.Select(views.Of).Select(model => new McpModelAnswer(model.Id, model.Name, model.Description, model.Capabilities, model.DefaultSize))]);
        string text = answer.Models.Count == 0
            ? "No model can be used; add one on the server's page"
            : string.Join('\n', answer.Models.Select(model => $"{model.Id}: {model.Name}, {string.Join(", ", model.Capabilities)}"));
        return new CallToolResult
        {
            StructuredContent = JsonSerializer.SerializeToElement(answer, ApiJson.Readable.McpModelsAnswer),
            Content = [new TextContentBlock { Text = text }],
        };
    }
}
