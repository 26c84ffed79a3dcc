using SdCpp.Interop;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads whom a prompt names, and checks what the model is to look at.</summary>
internal sealed class PeopleReader(RequestFields fields, PeopleFolder people)
{
    /// <param name="names">As the prompt has them.</param>
    /// <param name="sent">How many images came with the request for the model to look at.</param>
    /// <param name="model">That generates; null when it is unknown.</param>
    /// <returns>The names as the folder has them; null for none.</returns>
    public IReadOnlyList<string>? Read(IReadOnlyList<string> names, int sent, ModelDefinition? model)
    {
        List<string> found = [];
        foreach (string name in names)
        {
            if (people.Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } known)
                found.Add(known);
            else
                fields.Refuse("prompt", $"prompt: there is no person called '{RequestFields.Shown(name)}'; {Allowed()}");
        }

        int all = sent + found.Sum(name => people.Find(name)!.Count);
        if (found.Count > 0 && model is { IsEditModel: false })
            fields.Refuse("prompt", $"prompt: the model {model.Id} accepts no reference images, so it cannot use <ref:{found[0]}>; models with the capability imgedit can");
        else if (all > ImageRequest.MaxImages)
            fields.Refuse("prompt", $"prompt: the people in it have {all - sent} images and {sent} came with the request; allowed are at most {ImageRequest.MaxImages} together");
        return found.Count == 0 ? null : found;
    }

    private string Allowed() => people.Names is { Count: > 0 } names ? $"allowed is one of: {string.Join(", ", names)}" : "the folder of people is empty; POST /api/people/NAME fills it";
}
