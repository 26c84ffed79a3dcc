namespace SdStudio.Server.Generation;

/// <summary>A grid of images: what changes along its axes, and what each of its cells is generated with.</summary>
/// <param name="Axes">x, then y and z if present.</param>
/// <param name="Cells">Along x first, then y, then z.</param>
internal sealed record GridSetting(IReadOnlyList<GridAxis> Axes, IReadOnlyList<GenerationSettings> Cells)
{
    /// <summary>Some cells in the order that loads each model once.</summary>
    public List<int> ByModel(IEnumerable<int> indices)
    {
        List<string> models = [.. Cells.Select(cell => cell.Model).Distinct(StringComparer.Ordinal)];
        return [.. indices.OrderBy(index => models.IndexOf(Cells[index].Model)).ThenBy(index => index)];
    }
}

/// <param name="Field">The field of the axis, as named in the request.</param>
/// <param name="Labels">Its values, for display.</param>
internal sealed record GridAxis(string Field, IReadOnlyList<string> Labels);
