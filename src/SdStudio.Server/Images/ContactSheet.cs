using System.Net;
using NetVips;

namespace SdStudio.Server.Images;

/// <summary>Puts images into one, in rows and columns with labels.</summary>
internal static class ContactSheet
{
    private const double MaxPixels = 24_000_000;
    private const int MaxCell = 512;
    private const int MinCell = 48;
    private const int Gap = 4;
    private const int Line = 28;
    private const int LabelColumn = 160;
    private const int Dpi = 96;
    private static readonly double[] Paper = [255, 255, 255];
    private static readonly double[] Missing = [225, 225, 225];

    /// <summary>A sheet of blocks below each other.</summary>
    /// <param name="cells">The files along x, then y, then z; null for one that is missing.</param>
    /// <param name="axes">The name and the labels of x, y and z; an axis that does not exist has one empty label.</param>
    /// <param name="shape">Width and height of the images, pixels.</param>
    /// <param name="format">PNG or WebP.</param>
    public static byte[] Make(IReadOnlyList<string?> cells, IReadOnlyList<(string Name, IReadOnlyList<string> Labels)> axes, (int Width, int Height) shape, string format)
    {
        double side = Math.Clamp(Math.Sqrt(MaxPixels / cells.Count), MinCell, MaxCell);
        double scale = Math.Min(1, side / Math.Max(shape.Width, shape.Height));
        (int width, int height) = (Math.Max(MinCell, (int)(shape.Width * scale)), Math.Max(MinCell, (int)(shape.Height * scale)));
        (int columns, int rows) = (axes[0].Labels.Count, axes[1].Labels.Count);
        var owned = new List<Image>();
        try
        {
            Image Own(Image image)
            {
                owned.Add(image);
                return image;
            }

            List<Image> blocks = [];
            for (int z = 0; z < axes[2].Labels.Count; z++)
            {
                Image[] block = [.. cells.Skip(z * rows * columns).Take(rows * columns).Select(file => Own(Cell(file, width, height)))];
                Image body = Own(Image.Arrayjoin(block, across: columns, shim: Gap, background: Paper));
                Image head = Own(Image.Arrayjoin([.. axes[0].Labels.Select(label => Own(Label(label, width, Line)))], across: columns, shim: Gap, background: Paper));
                body = Own(head.Join(body, Enums.Direction.Vertical, shim: Gap, background: Paper));
                if (axes[1].Labels.Any(label => label.Length > 0))
                {
                    Image side0 = Own(Image.Arrayjoin([.. axes[1].Labels.Select(label => Own(Label(label, LabelColumn, height)))], across: 1, shim: Gap, background: Paper));
                    Image left = Own(Own(Label(Corner(axes), LabelColumn, Line)).Join(side0, Enums.Direction.Vertical, shim: Gap, background: Paper));
                    body = Own(left.Join(body, Enums.Direction.Horizontal, shim: Gap, background: Paper));
                }

                if (axes[2].Labels[z].Length > 0)
                    body = Own(Own(Label($"{axes[2].Name}: {axes[2].Labels[z]}", body.Width, Line)).Join(body, Enums.Direction.Vertical, shim: Gap, background: Paper));
                blocks.Add(body);
            }

            Image sheet = Own(Image.Arrayjoin([.. blocks], across: 1, shim: Gap * 4, background: Paper));
            Image framed = Own(sheet.Embed(Gap * 2, Gap * 2, sheet.Width + (Gap * 4), sheet.Height + (Gap * 4), extend: Enums.Extend.Background, background: Paper));
            return format == ImageFormats.Png ? framed.PngsaveBuffer(compression: 6) : framed.WebpsaveBuffer(q: 90);
        }
        finally
        {
            owned.ForEach(image => image.Dispose());
        }
    }

    private static string Corner(IReadOnlyList<(string Name, IReadOnlyList<string> Labels)> axes) => $"{axes[1].Name} \\ {axes[0].Name}";

    private static Image Cell(string? file, int width, int height)
    {
        if (file is null)
            return Filled(width, height, Missing);
        // Read once from top to bottom: a sheet of many images holds none of them whole.
        using Image small = Image.Thumbnail(file, width, height: height, size: Enums.Size.Both);
        using Image flat = small.HasAlpha() ? small.Flatten(background: Paper) : small.Copy();
        using Image rgb = flat.Bands == 3 ? flat.Copy() : flat.Colourspace(Enums.Interpretation.Srgb);
        using Image placed = rgb.Gravity(Enums.CompassDirection.Centre, width, height, extend: Enums.Extend.Background, background: Paper);
        return placed.CopyMemory();
    }

    private static Image Label(string text, int width, int height)
    {
        if (text.Trim().Length == 0)
            return Filled(width, height, Paper);
        try
        {
            using Image mask = Image.Text(WebUtility.HtmlEncode(text), font: "sans 10", width: width - (2 * Gap), height: height - (Gap / 2), align: Enums.Align.Centre, dpi: Dpi);
            using Image ink = mask.Linear([-1.0], [255.0], uchar: true);
            using Image rgb = ink.Bandjoin([ink, ink]).Copy(interpretation: Enums.Interpretation.Srgb);
            using Image placed = rgb.Gravity(Enums.CompassDirection.Centre, width, height, extend: Enums.Extend.Background, background: Paper);
            return placed.CopyMemory();
        }
        catch (VipsException)
        {
            // Nothing but characters that no font of this machine has.
            return Filled(width, height, Paper);
        }
    }

    private static Image Filled(int width, int height, double[] colour)
    {
        using Image black = Image.Black(width, height);
        return black.NewFromImage(colour).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
    }
}
