namespace SdStudio.Server.Api;

/// <summary>The client sent something wrong; the message says what, and what is allowed.</summary>
internal sealed class BadRequestException(string message, string? detail = null, int statusCode = StatusCodes.Status400BadRequest) : Exception(message)
{
    public string? Detail { get; } = detail;

    public int StatusCode { get; } = statusCode;
}
