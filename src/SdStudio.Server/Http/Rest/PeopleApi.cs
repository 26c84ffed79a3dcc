using Microsoft.AspNetCore.Http.HttpResults;
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
        people.MapGet("", (PeopleFolder folder) => TypedResults.Ok(
            new PeopleResponse([.. folder.Names.Select(name => Of(name, folder)).OfType<PersonResponse>()])))
            .Describe("listPeople", Group, "The people and things that prompts can name");
        people.MapGet("/{name}", (string name, PeopleFolder folder) => Answer(name, folder)).Describe("getPerson", Group, "A person or thing with its images");
        people.MapPost("/{name}", AddAsync).Accepts<PersonBody>("multipart/form-data", "application/json").RequireAdministrator()
            .Describe("addToPerson", Group, "Adds images of a person or thing, for <ref:name> in prompts", 400, 413, 415);
        people.MapDelete("/{name}", Results<Ok<SuccessResponse>, NotFound<ErrorResponse>> (string name, PeopleFolder folder) => folder.Delete(name)
            ? TypedResults.Ok(new SuccessResponse(Success: true))
            : Nobody(name)).RequireAdministrator().Describe("deletePerson", Group, "Deletes a person or thing with all images");
        people.MapGet("/{name}/images/{image}", Image).ProducesFile("getPersonImage", Group, "An image of a person or thing, as stored", "image/png", 404);
        people.MapDelete("/{name}/images/{image}", Results<Ok<SuccessResponse>, NotFound<ErrorResponse>> (string name, string image, PeopleFolder folder) => folder.Delete(name, image)
            ? TypedResults.Ok(new SuccessResponse(Success: true))
            : ApiErrors.NotFound("Image not found")).RequireAdministrator().Describe("deletePersonImage", Group, "Deletes an image; deleting the last one deletes the person or thing");
    }

    private static async Task<Results<Ok<PersonResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> AddAsync(string name, HttpRequest request, RequestImages images, PeopleFolder folder)
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
        if (folder.Add(name, inputs.References) is { } refusal)
            return ApiErrors.Conflict(refusal);
        return Of(name, folder) is { } person ? TypedResults.Ok(person) : Nobody(name);
    }

    private static IResult Image(string name, string image, PeopleFolder folder) =>
        folder.Find(name)?.FirstOrDefault(file => file.Name == image) is { } found
            ? Results.File(found.FullName, found.Extension.ToUpperInvariant() switch { ".PNG" => "image/png", ".WEBP" => "image/webp", _ => "image/jpeg" })
            : ApiErrors.NotFound("Image not found");

    private static Results<Ok<PersonResponse>, NotFound<ErrorResponse>> Answer(string name, PeopleFolder folder) => Of(name, folder) is { } person ? TypedResults.Ok(person) : Nobody(name);

    private static NotFound<ErrorResponse> Nobody(string name) => ApiErrors.NotFound($"There is no person called '{RequestFields.Shown(name)}'");

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
