using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.Mcp;

/// <summary>A call of a tool.</summary>
/// <param name="Request">As the protocol has it.</param>
/// <param name="Http">As HTTP has it: with its key.</param>
/// <param name="Left">The client is gone.</param>
internal sealed record McpCall(RequestContext<CallToolRequestParams> Request, HttpContext Http, CancellationToken Left)
{
    public string Tool => Request.Params?.Name ?? "";

    public Dictionary<string, JsonElement> Arguments { get; } =
        new(Request.Params?.Arguments ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal), StringComparer.Ordinal);

    public OwnerScope Scope => ApiKeys.ScopeOf(Http);

    /// <summary>Where an image can be fetched.</summary>
    public string UrlOf(string imageId) => $"{Http.Request.Scheme}://{Http.Request.Host}{Http.Request.PathBase}/api/images/{imageId}";

    /// <summary>A text that the tool cannot do without.</summary>
    /// <exception cref="BadRequestException">It is missing.</exception>
    public string Required(string name)
    {
        var fields = new RequestFields(Arguments);
        string? text = fields.RequiredText(name, maxBytes: 255);
        fields.ThrowIfRefused();
        return text!;
    }

    /// <summary>Tells a client that asked to be told how far its call is.</summary>
    public async Task TellAsync(double progress, string message)
    {
        if (Request.Params?.ProgressToken is { } token)
        {
            await Request.Server.NotifyProgressAsync(
                token, new ProgressNotificationValue { Progress = (float)progress, Total = 1, Message = message }, cancellationToken: Left);
        }
    }
}
