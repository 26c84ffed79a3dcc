namespace SdCpp.Interop;

/// <summary>The outlines that the demo model can generate.</summary>
internal enum DemoShape
{
    Circle,
    Square,
    Diamond,
    Band,
    Column,
    Cross,
    Oval,
    Rectangle,
}

/// <summary>A word the demo model knows, with its single-token spellings in the engine's vocabulary.</summary>
internal abstract record DemoWord(string Text, int[] Ids);

/// <summary>A colour word. Linear in the stored value: no gamma is involved anywhere.</summary>
internal sealed record ColourWord(string Text, int Rgb, int[] Ids) : DemoWord(Text, Ids)
{
    /// <summary>One colour component, 0…1.</summary>
    internal double Component(int index) => ((Rgb >> (16 - (8 * index))) & 0xFF) / 255.0;
}

/// <summary>A thing, drawn as one of the outlines.</summary>
internal sealed record ShapeWord(string Text, DemoShape Shape, int[] Ids) : DemoWord(Text, Ids);

/// <summary>A word for what is behind the shape.</summary>
internal sealed record BackgroundWord(string Text, int[] Ids) : DemoWord(Text, Ids);

/// <summary>A size word; <paramref name="Factor"/> multiplies the diameter.</summary>
internal sealed record SizeWord(string Text, double Factor, int[] Ids) : DemoWord(Text, Ids);

/// <summary>A place word; the shift is in radii of a shape of normal size, x to the right and y downwards.</summary>
internal sealed record PlaceWord(string Text, double X, double Y, int[] Ids) : DemoWord(Text, Ids);

/// <summary>What the demo model understands: <c>[a] [size] &lt;colour&gt; &lt;shape&gt; [on a &lt;colour&gt; background] [on the
/// left]</c>.</summary>
internal static partial class DemoVocabulary
{
    /// <summary>Rows of the Qwen embedding table.</summary>
    internal const int TokenCount = 151_936;

    // The prompt reaches the text encoder inside the chat template of Z-Image:
    // <|im_start|>user\n PROMPT <|im_end|>\n<|im_start|>assistant\n
    // These three tokens are therefore always there, and serve as anchors.
    internal const int ImStart = 151_644;
    internal const int ImEnd = 151_645;
    internal const int Assistant = 77_091;

    /// <summary>How many outlines there are: the width of every one-hot group.</summary>
    internal const int ShapeCount = (int)DemoShape.Rectangle + 1;

    /// <summary>The colour of a shape the prompt gives no colour, 0…1.</summary>
    internal static readonly double[] DefaultForeground = [0.90, 0.45, 0.15];

    /// <summary>The colour behind the shape if the prompt does not name one, 0…1.</summary>
    internal static readonly double[] DefaultBackground = [0.93, 0.93, 0.90];

    /// <summary>Every word, whatever its kind.</summary>
    internal static IEnumerable<DemoWord> AllWords => [.. Colours, .. Shapes, .. Backgrounds, .. Sizes, .. Places];
}
