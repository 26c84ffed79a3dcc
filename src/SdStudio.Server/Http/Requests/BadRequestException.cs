namespace SdStudio.Server.Http.Requests;

/// <summary>The client sent something wrong; the message says what, and what is allowed.</summary>
internal sealed class BadRequestException(string message, string? detail = null, int statusCode = StatusCodes.Status400BadRequest) : Exception(message)
{
    /// <param name="fields">What is wrong, field by field.</param>
    /// <param name="detail">More about the first of them.</param>
    /// <param name="statusCode">Of the answer.</param>
    public BadRequestException(IReadOnlyList<FieldProblem> fields, string? detail, int statusCode = StatusCodes.Status400BadRequest)
        : this(string.Join("; ", fields.Select(field => field.Problem)), detail, statusCode) => Fields = fields;

    public string? Detail { get; } = detail;

    public int StatusCode { get; } = statusCode;

    /// <summary>The fields that are wrong; none when it is not about fields.</summary>
    public IReadOnlyList<FieldProblem> Fields { get; } = [];

    /// <summary>OpenAI's word for what is wrong; null for none.</summary>
    public string? Code { get; init; }
}

/// <summary>What is wrong with a field of a request, in whole sentences.</summary>
internal sealed record FieldProblem(string Field, string Problem);
