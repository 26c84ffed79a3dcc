using System.Text.Json;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the LoRAs of a request: those in its prompt and those in its list.</summary>
internal sealed class LoraReader(RequestFields fields, LoraFolder folder)
{
    /// <summary>How many LoRAs one image may have; each is looked for in the folder, and loaded.</summary>
    public const int MaxLoras = 64;

    private const double MaxWeight = 100;

    /// <param name="tagged">Those that were written into the prompt.</param>
    public List<LoraSetting>? Read(List<LoraSetting> tagged)
    {
        IReadOnlyList<JsonElement> listed = fields.List("loras");
        if (tagged.Count + listed.Count > MaxLoras)
        {
            fields.Refuse(listed.Count > 0 ? "loras" : "prompt", $"{(listed.Count > 0 ? "loras" : "prompt")}: {tagged.Count + listed.Count} LoRAs were named; allowed are at most {MaxLoras}");
            return null;
        }

        foreach (LoraSetting odd in tagged.Where(lora => double.IsNaN(lora.Weight)))
            fields.Refuse("prompt", $"prompt: the weight of the LoRA '{RequestFields.Shown(odd.Name)}' is not a number; write it like <lora:{RequestFields.Shown(odd.Name)}:0.8>");
        foreach (LoraSetting unknown in tagged.Where(lora => folder.Find(lora.Name) is null))
            fields.Refuse("prompt", $"prompt: there is no LoRA '{RequestFields.Shown(unknown.Name)}'; {Allowed()}");
        List<LoraSetting> all = [.. tagged, .. listed.Select(ReadOne).OfType<LoraSetting>()];
        return all.Count == 0 ? null : all;
    }

    private LoraSetting? ReadOne(JsonElement item)
    {
        string? name = item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out JsonElement named) ? RequestFields.TextOf(named) : RequestFields.TextOf(item);
        double weight = 1;
        if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("weight", out JsonElement given)
            && !(TextValues.TryNumber(RequestFields.TextOf(given) ?? given.GetRawText(), out weight) && Math.Abs(weight) <= MaxWeight))
        {
            fields.Refuse("loras", $"loras: weight is {RequestFields.Shown(given.ToString())}; allowed is a number from -{MaxWeight} to {MaxWeight}");
            return null;
        }

        bool isHighNoise = false;
        if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("high_noise", out JsonElement flag) && flag.ValueKind != JsonValueKind.Null
            && !TextValues.TryFlag(RequestFields.TextOf(flag) ?? flag.GetRawText(), out isHighNoise))
        {
            fields.Refuse("loras", $"loras: high_noise is {RequestFields.Shown(flag.ToString())}; allowed is {TextValues.FlagWords}");
            return null;
        }

        LoraSetting? lora = name is null ? null : LoraTags.Of(name, weight);
        if (lora is not null && folder.Find(lora.Name) is not null)
            return isHighNoise ? lora with { HighNoise = true } : lora;
        fields.Refuse("loras", name is null
            ? "loras: each is a name or {\"name\": \"…\", \"weight\": 1}, for a model that is a pair with \"high_noise\": true"
            : $"loras: there is no '{RequestFields.Shown(name)}'; {Allowed()}");
        return null;
    }

    private string Allowed() => folder.Names.ToList() is { Count: > 0 } names
        ? $"allowed is one of: {string.Join(", ", names)}"
        : "the folder of LoRAs is empty";
}
