using ModelContextProtocol.Protocol;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.Mcp;

/// <summary>
/// <c>/mcp</c>: the server for programs that speak the Model Context Protocol. No sessions: every request stands for itself, so a restart
/// costs its clients nothing, and keys and owners are those of HTTP.
/// </summary>
internal static class McpApi
{
    private const string Path = "/mcp";

    private const string Instructions =
        "Generates images and videos on this machine. A call returns a job id and waits a while for its images; an image that takes longer is fetched with get_job. "
        + "Images are read as sdstudio://images/{id}, or from the address in the answer.";

    public static void AddMcpApi(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<McpImages>();
        services.AddSingleton<McpJobs>();
        services.AddSingleton<McpModels>();
        services.AddMcpServer(server =>
        {
            server.ServerInfo = new Implementation { Name = "SdStudio", Title = "SdStudio", Version = StudioVersion.Text };
            server.ServerInstructions = Instructions;
            server.Capabilities = new ServerCapabilities { Tools = new ToolsCapability(), Resources = new ResourcesCapability() };
            server.Handlers.ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [.. McpTools.All] });
            server.Handlers.CallToolHandler = (request, left) => CallAsync(new McpCall(request, ContextOf(request.Services), left));
            server.Handlers.ListResourceTemplatesHandler = (_, _) => ValueTask.FromResult(new ListResourceTemplatesResult { ResourceTemplates = [McpImages.Template] });
            server.Handlers.ListResourcesHandler = (request, left) => ImagesOf(request.Services).ListAsync(ContextOf(request.Services), left);
            server.Handlers.ReadResourceHandler = (request, left) => ImagesOf(request.Services).ReadAsync(request.Params?.Uri ?? "", ContextOf(request.Services), left);
        }).WithHttpTransport(transport => transport.Stateless = true);
    }

    public static void MapMcpApi(this IEndpointRouteBuilder root) => root.MapMcp(Path).ExcludeFromDescription();

    private static async ValueTask<CallToolResult> CallAsync(McpCall call)
    {
        IServiceProvider services = call.Http.RequestServices;
        try
        {
            McpTools.CheckNames(call.Tool, call.Arguments);
            return call.Tool switch
            {
                McpTools.Generate => await services.GetRequiredService<McpJobs>().AddAsync(JobType.Generate, call),
                McpTools.Edit => await services.GetRequiredService<McpJobs>().AddAsync(JobType.Edit, call),
                McpTools.Upscale => await services.GetRequiredService<McpJobs>().AddAsync(JobType.Upscale, call),
                McpTools.Video => await services.GetRequiredService<McpJobs>().AddAsync(JobType.Video, call),
                McpTools.GetJob => await services.GetRequiredService<McpJobs>().GetAsync(call),
                McpTools.CancelJob => await services.GetRequiredService<McpJobs>().CancelAsync(call),
                McpTools.ListModels => services.GetRequiredService<McpModels>().List(),
                _ => await services.GetRequiredService<McpImages>().SearchAsync(call),
            };
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The model that called it reads the sentence and tries again; an error of the protocol would end its turn.
            return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = ApiErrors.Of(call.Http, exception).Text }] };
        }
    }

    private static McpImages ImagesOf(IServiceProvider? services) => services!.GetRequiredService<McpImages>();

    private static HttpContext ContextOf(IServiceProvider? services) => services!.GetRequiredService<IHttpContextAccessor>().HttpContext!;
}
