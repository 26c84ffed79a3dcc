using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/people</c>: whom prompts name as <c>&lt;ref:alice&gt;</c>.</summary>
internal static class PeopleApi
{
    private const string Group = "People";

    public static void MapPeopleApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder people = api.MapGroup("/people");
        people.MapGet("", (PeopleFolder folder) => Results.Json(
            new PeopleResponse([.. folder.Names.Select(name => Of(name, folder)).OfType<PersonResponse>()]), ApiJson.Readable.PeopleResponse))
            .ProducesJson<PeopleResponse>("listPeople", Group, "The people and things that prompts can name");
        people.MapGet("/{name}", (string name, PeopleFolder folder) => Answer(name, folder)).ProducesJson<PersonResponse>("getPerson", Group, "One of them with its images", 404);
        people.MapPost("/{name}", AddAsync).Accepts<PersonBody>("multipart/form-data", "application/json").RequireAdministrator()
            .ProducesJson<PersonResponse>("addToPerson", Group, "Keeps images of somebody, for <ref:name> in prompts", 400, 409, 413, 415);
        people.MapDelete("/{name}", (string name, PeopleFolder folder) => folder.Delete(name)
            ? Results.Json(new SuccessResponse(Success: true), ApiJson.Readable.SuccessResponse)
            : Nobody(name)).RequireAdministrator().ProducesJson<SuccessResponse>("deletePerson", Group, "Deletes somebody with all images", 404);
        people.MapGet("/{name}/images/{image}", Image).ProducesFile("getPersonImage", Group, "An image of somebody, as it was kept", "image/png", 404);
        people.MapDelete("/{name}/images/{image}", (string name, string image, PeopleFolder folder) => folder.Delete(name, image)
            ? Results.Json(new SuccessResponse(Success: true), ApiJson.Readable.SuccessResponse)
            : ApiErrors.NotFound("Image not found")).RequireAdministrator().ProducesJson<SuccessResponse>("deletePersonImage", Group, "Deletes one image; somebody without images goes with the last", 404);
    }

    private static async Task<IResult> AddAsync(string name, HttpRequest request, RequestImages images, PeopleFolder folder)
    {
        if (!PeopleFolder.IsName(name))
            throw new BadRequestException($"The name is '{RequestFields.Shown(name)}'; allowed are {PeopleFolder.NameWords}");
        RequestBody body = await RequestBody.ReadAsync(request, request.HttpContext.RequestAborted);
        IReadOnlyList<byte[]> sent = body.Files.GetValueOrDefault("image") ?? body.Files.GetValueOrDefault("image[]") ?? [];
        if (sent.Count == 0)
            throw new BadRequestException([new FieldProblem("image", "Missing required field: image")], "Send one or several files in the field image");
        if (sent.Count > PeopleFolder.MaxImages)
            throw new BadRequestException([new FieldProblem("image", $"image: {sent.Count} images were sent; allowed are at most {PeopleFolder.MaxImages}")], detail: null);
        using RequestInputs inputs = await images.EnterAsync(sent, request.HttpContext.RequestAborted);
        RequestImages.Filled(inputs, () => inputs.References.AddRange(sent.Select(image => images.Decode(image, "image"))));
        return folder.Add(name, inputs.References) is { } refusal ? ApiErrors.Json(StatusCodes.Status409Conflict, refusal) : Answer(name, folder);
    }

    private static IResult Image(string name, string image, PeopleFolder folder) =>
        folder.Find(name)?.FirstOrDefault(file => file.Name == image) is { } found
            ? Results.File(found.FullName, found.Extension.ToUpperInvariant() switch { ".PNG" => "image/png", ".WEBP" => "image/webp", _ => "image/jpeg" })
            : ApiErrors.NotFound("Image not found");

    private static IResult Answer(string name, PeopleFolder folder) => Of(name, folder) is { } person ? Results.Json(person, ApiJson.Readable.PersonResponse) : Nobody(name);

    private static IResult Nobody(string name) => ApiErrors.NotFound($"There is nobody called '{RequestFields.Shown(name)}'");

    private static PersonResponse? Of(string name, PeopleFolder folder) => folder.Find(name) is not { } images
        ? null
        : new PersonResponse(folder.Names.First(known => known.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase)), [.. images.Select(image => new PersonImage(image.Name, $"/api/people/{Uri.EscapeDataString(name)}/images/{Uri.EscapeDataString(image.Name)}", image.Length))]);
}

internal sealed record PeopleResponse(IReadOnlyList<PersonResponse> People);

/// <param name="Name">For prompts: <c>&lt;ref:name&gt;</c>.</param>
/// <param name="Images">The oldest first.</param>
internal sealed record PersonResponse(string Name, IReadOnlyList<PersonImage> Images);

/// <param name="Id">Its file's name.</param>
/// <param name="Url">Where it is.</param>
/// <param name="Bytes">Of the file.</param>
internal sealed record PersonImage(string Id, string Url, long Bytes);
