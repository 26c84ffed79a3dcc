using System.Text.Json;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>Names the fields of a REST request that no one reads, so that a typing mistake is seen by whoever made it.</summary>
internal static class IgnoredFields
{
    private const int MaxNotes = 10;

    /// <summary>A sentence for each field with a value that the type of job does not take.</summary>
    /// <param name="body">As it came.</param>
    /// <param name="jobType">One of <see cref="JobType"/>.</param>
    public static IReadOnlyList<string> Of(RequestBody body, string jobType) =>
        [.. body.Fields.Where(field => field.Value.ValueKind != JsonValueKind.Null).Select(field => field.Key).Concat(body.Files.Keys).Distinct()
            .Except(RefinerNote.Fields).Select(name => NoteOn(name, jobType)).OfType<string>().Take(MaxNotes)];

    // Forms write the name of a list with brackets.
    private static string? NoteOn(string name, string jobType) => Parameters.Find(name.EndsWith("[]", StringComparison.Ordinal) ? name[..^2] : name) switch
    {
        null => $"{RequestFields.Shown(name)} is not a field of this request and was ignored; GET /api/parameters lists the fields",
        { } known when !known.Jobs.HasFlag(Parameters.TypeOf(jobType)) => $"{name} was ignored: {jobType} does not take it",
        _ => null,
    };
}
