namespace SdStudio.Server.Http.Requests;

/// <summary>How a surface that speaks another API's language writes errors; each registers its own for its paths.</summary>
internal interface IErrorShape
{
    /// <summary>Whether requests to this path get errors in this shape.</summary>
    bool IsFor(PathString path);

    /// <summary>The error's status and body there.</summary>
    (int Status, string Body) Write(RequestError error);

    /// <summary>Headers that the surface's clients look for.</summary>
    void AddHeaders(RequestError error, HttpResponse response)
    {
    }
}

/// <summary>An error of the API before a surface gives it its shape.</summary>
/// <param name="Status">Of the REST API.</param>
/// <param name="Message">For people.</param>
/// <param name="Detail">More of it.</param>
internal sealed record RequestError(int Status, string Message, string? Detail = null)
{
    /// <summary>The fields that are wrong; none when it is not about fields.</summary>
    public IReadOnlyList<FieldProblem> Fields { get; init; } = [];

    /// <summary>OpenAI's word for what is wrong; null for none.</summary>
    public string? Code { get; init; }

    /// <summary>When to try again, seconds; null for no such thing.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The message with its detail, for clients that show one text.</summary>
    public string Text => Detail is null ? Message : $"{Message}. {Detail}";

    /// <summary>A request that something was wrong with.</summary>
    public static RequestError Of(BadRequestException bad) => new(bad.StatusCode, bad.Message, bad.Detail) { Fields = bad.Fields, Code = bad.Code };
}
