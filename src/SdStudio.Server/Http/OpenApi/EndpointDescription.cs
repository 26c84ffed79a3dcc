using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>A field of an endpoint's query, as <see cref="Requests.RequestQuery"/> reads it.</summary>
internal sealed record QueryParameter(string Name, string Text)
{
    /// <summary>Its values, when they are few.</summary>
    public IReadOnlyList<string>? Allowed { get; private init; }

    public bool IsFlag { get; private init; }

    /// <summary>Its range, when it is a whole number.</summary>
    public (int Min, int Max)? Range { get; private init; }

    /// <summary>What holds without it; null when nothing does.</summary>
    public object? Default { get; private init; }

    public static QueryParameter OneOf(string name, string text, IReadOnlyList<string> allowed, string? absent = null) =>
        new(name, text) { Allowed = allowed, Default = absent };

    public static QueryParameter Integer(string name, string text, int min, int max, int absent) => new(name, text) { Range = (min, max), Default = absent };

    public static QueryParameter Flag(string name, string text) => new(name, text) { IsFlag = true, Default = false };
}

/// <summary>An answer that is a file or a stream of text.</summary>
internal sealed record FileAnswer(string ContentType);

/// <summary>A request that is a part of a file, as it is.</summary>
internal sealed record FileRequest(string ContentType);

/// <summary>A request that works.</summary>
internal sealed record RequestExample(string Json);

/// <summary>An answer as it comes.</summary>
internal sealed record ResponseExample(string Json);

/// <summary>Says of endpoints what they take and give.</summary>
internal static class EndpointDescription
{
    /// <summary>For a handler whose type says what it answers, as <c>Results&lt;Ok&lt;T&gt;, NotFound&lt;ErrorResponse&gt;&gt;</c>.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="name">The operation's id: the name of a generated client's method.</param>
    /// <param name="group">Its group in the description.</param>
    /// <param name="summary">What it does.</param>
    /// <param name="errors">Its error statuses that its type does not name, without 401.</param>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string group, string summary, params ReadOnlySpan<int> errors)
    {
        endpoint.WithName(name).WithTags(group).WithSummary(summary).ProducesError(StatusCodes.Status401Unauthorized);
        foreach (int status in errors)
            endpoint.ProducesError(status);
        return endpoint;
    }

    /// <summary>For a handler that writes its JSON itself: bytes that are kept, or another machine's answer.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="name">The operation's id.</param>
    /// <param name="group">Its group in the description.</param>
    /// <param name="summary">What it does.</param>
    /// <param name="errors">Its error statuses, without 401.</param>
    public static RouteHandlerBuilder ProducesJson<TAnswer>(
        this RouteHandlerBuilder endpoint, string name, string group, string summary, params ReadOnlySpan<int> errors) =>
        endpoint.Describe(name, group, summary, errors).Produces<TAnswer>(StatusCodes.Status200OK, "application/json");

    /// <param name="endpoint">The endpoint.</param>
    /// <param name="name">The operation's id.</param>
    /// <param name="group">Its group in the description.</param>
    /// <param name="summary">What it does.</param>
    /// <param name="type">The content type.</param>
    /// <param name="errors">Its error statuses, without 401.</param>
    public static RouteHandlerBuilder ProducesFile(
        this RouteHandlerBuilder endpoint, string name, string group, string summary, string type, params ReadOnlySpan<int> errors) =>
        endpoint.Describe(name, group, summary, errors).Produces(StatusCodes.Status200OK, contentType: type).WithMetadata(new FileAnswer(type));

    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder endpoint, params ReadOnlySpan<QueryParameter> query)
    {
        foreach (QueryParameter parameter in query)
            endpoint.WithMetadata(parameter);
        return endpoint;
    }

    /// <summary>Such an endpoint counts against the limit of jobs in a minute.</summary>
    public static TBuilder RequireJobRateLimit<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(JobRateLimit.Mark);

    /// <summary>Only the administrator may, when the server has keys: others get 403.</summary>
    public static RouteHandlerBuilder RequireAdministrator(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(AdministratorOnly.Instance).ProducesError(StatusCodes.Status403Forbidden);

    private static RouteHandlerBuilder ProducesError(this RouteHandlerBuilder endpoint, int status) => endpoint.Produces<ErrorResponse>(status, "application/json");
}
