using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>POST /api/login</c> and <c>/api/logout</c>: a page shows its key once and has a cookie from then on, which no script can read.</summary>
internal static class LoginApi
{
    public static void MapLoginApi(this IEndpointRouteBuilder api)
    {
        api.MapPost("/login", LoginAsync).Accepts<LoginBody>("application/json")
            .ProducesJson<SuccessResponse>("login", "Login", "Sets a cookie in exchange for an API key", 400, 429).WithMetadata(new RequestExample("""{"api_key":"…"}"""));
        api.MapPost("/logout", (HttpContext context) =>
        {
            ApiKeys.EndSession(context);
            return TypedResults.Ok(new SuccessResponse(Success: true));
        }).Describe("logout", "Login", "Removes the cookie");
    }

    private static async Task<IResult> LoginAsync(HttpContext context, ApiKeys keys)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        string? key = fields.Text("api_key");
        if (key is null)
            fields.Refuse("api_key", "Missing required field: api_key");
        fields.ThrowIfRefused();
        if (keys.AreNeeded && keys.BeginSession(context, key!) is { } wait)
            return await ApiKeys.RefuseAsync(context, wait);
        return TypedResults.Ok(new SuccessResponse(Success: true));
    }
}
