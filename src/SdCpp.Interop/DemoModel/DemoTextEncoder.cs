namespace SdCpp.Interop;

/// <summary>The channels of the demo text encoder's 64 hidden values.</summary>
internal static class TextChannel
{
    // Set in the embedding of a word.
    internal const int IsColour = 1;

    /// <summary>Three values: the colour minus the default background, so that "no colour" means that background.</summary>
    internal const int Colour = 2;
    internal const int IsShape = 5;

    /// <summary>One-hot over <see cref="DemoShape"/>.</summary>
    internal const int Shape = 6;
    internal const int IsBackground = 14;
    internal const int IsStart = 15;
    internal const int IsEnd = 16;
    internal const int IsAssistant = 17;
    internal const int IsSize = 18;

    /// <summary>What to add to the inverse size: 1/factor − 1, since the denoiser multiplies distances by the inverse size.</summary>
    internal const int Size = 19;

    /// <summary>Set on the token that stands for "no such word was said".</summary>
    internal const int IsUnset = 20;

    // Written by the attention: what the last colour or size word before a token said, times DemoTextEncoder.AttendedGain.
    internal const int AttendedColour = 21;
    internal const int AttendedUnset = 24;
    internal const int AttendedSize = 25;

    internal const int IsPlace = 26;
    internal const int PlaceX = 27;
    internal const int PlaceY = 28;

    /// <summary>Tops up the length of every row. In the second quantisation block, away from the flags, whose precision it would
    /// cost.</summary>
    internal const int Constant = 32;
}

/// <summary>
/// The text encoder in the layout of Qwen3 with one layer. The embedding says what each word means; the attention gives every token the
/// last colour and size before it, which binds "red" to "circle" and "blue" to "background" in "a red circle on a blue background".
/// </summary>
/// <remarks>
/// <para>RMSNorm divides a row x of n values by √(|x|²/n). All rows are given |x|² = n, so the norms leave them as they are.</para>
/// <para>RoPE turns the pair (i, i + 64) of a head by position × ω, ω = 10⁶^(−i/64). A query and a key that both lie in one such plane have
/// the product cos(ω·distance): with ω = 0.049 the nearest match wins. When no colour precedes, the key of the start token, which lies in
/// the slowest plane (ω ≈ 0) where the query has a quarter of its length, wins over tokens without any key. It is also the limit of memory:
/// cos(ω·d) falls below a quarter at d = 27 tokens.</para>
/// </remarks>
internal static class DemoTextEncoder
{
    internal const int Hidden = 64;

    /// <summary>The attended values are small beside |x|² = 64, so that the final norm stays near the identity; the denoiser undoes the
    /// gain.</summary>
    internal const double AttendedGain = 0.2;

    // The engine takes the head counts of Qwen3-4B: 32 query heads of 128 that share 8 key and value heads.
    private const int HeadSize = 128;
    private const int QueryHeads = 32;
    private const int KeyHeads = 8;
    private const int QueriesPerKey = QueryHeads / KeyHeads;
    private const int FeedForward = 32;

    private const int RecencyPlane = 14;
    private const int StillPlane = 63;
    private const float StillPart = 0.25f;

    // Both queries and keys get this norm weight: logits become 14² · √128 · cos, so one token of distance is worth more than 7.
    private const float Sharpness = 14;

    /// <summary>Builds the encoder under llama.cpp's tensor names.</summary>
    internal static TensorSet Build()
    {
        var set = new TensorSet();
        set.Add("token_embd.weight", Embedding(), GgufType.Q8_0);
        set.Add("output_norm.weight", Tensor.Filled(Hidden, 1));
        AddAttention(set);
        set.Add("blk.0.attn_q_norm.weight", Tensor.Filled(HeadSize, Sharpness));
        set.Add("blk.0.attn_k_norm.weight", Tensor.Filled(HeadSize, Sharpness));
        set.Add("blk.0.ffn_gate.weight", GgufType.F16, FeedForward, Hidden);
        set.Add("blk.0.ffn_up.weight", GgufType.F16, FeedForward, Hidden);
        set.Add("blk.0.ffn_down.weight", GgufType.F16, Hidden, FeedForward);
        set.Add("blk.0.attn_norm.weight", Tensor.Filled(Hidden, 1));
        set.Add("blk.0.ffn_norm.weight", Tensor.Filled(Hidden, 1));
        return set;
    }

    /// <summary>The meaning of every token: a row each of <see cref="Hidden"/> values, all rows of the squared length
    /// <see cref="Hidden"/>.</summary>
    internal static Tensor Embedding()
    {
        var table = new Tensor(DemoVocabulary.TokenCount, Hidden);
        AddWords(table);
        table[DemoVocabulary.ImStart, TextChannel.IsStart] = 1;
        table[DemoVocabulary.ImStart, TextChannel.IsUnset] = 1;
        // The end token stands in for the shape when the prompt names none.
        table[DemoVocabulary.ImEnd, TextChannel.IsEnd] = 1;
        table[DemoVocabulary.ImEnd, TextChannel.Shape + (int)DemoShape.Circle] = 1;
        table[DemoVocabulary.Assistant, TextChannel.IsAssistant] = 1;
        for (var token = 0; token < DemoVocabulary.TokenCount; token++)
        {
            var squares = 0.0;
            foreach (var value in table.Data.AsSpan(token * Hidden, TextChannel.Constant)) squares += (double)value * value;
            table[token, TextChannel.Constant] = (float)Math.Sqrt(Hidden - squares);
        }
        return table;
    }

    private static void AddWords(Tensor table)
    {
        foreach (var word in DemoVocabulary.Colours)
        {
            Put(table, word, TextChannel.IsColour, 1);
            for (var c = 0; c < 3; c++) Put(table, word, TextChannel.Colour + c, word.Component(c) - DemoVocabulary.DefaultBackground[c]);
        }
        foreach (var word in DemoVocabulary.Shapes)
        {
            Put(table, word, TextChannel.IsShape, 1);
            Put(table, word, TextChannel.Shape + (int)word.Shape, 1);
        }
        foreach (var word in DemoVocabulary.Backgrounds) Put(table, word, TextChannel.IsBackground, 1);
        foreach (var word in DemoVocabulary.Sizes)
        {
            Put(table, word, TextChannel.IsSize, 1);
            Put(table, word, TextChannel.Size, (1 / word.Factor) - 1);
        }
        foreach (var word in DemoVocabulary.Places)
        {
            Put(table, word, TextChannel.IsPlace, 1);
            Put(table, word, TextChannel.PlaceX, word.X);
            Put(table, word, TextChannel.PlaceY, word.Y);
        }
    }

    private static void Put(Tensor table, DemoWord word, int channel, double value)
    {
        foreach (var id in word.Ids) table[id, channel] = (float)value;
    }

    private static void AddAttention(TensorSet set)
    {
        var query = set.Add("blk.0.attn_q.weight", GgufType.F16, QueryHeads * HeadSize, Hidden);
        var key = set.Add("blk.0.attn_k.weight", GgufType.F16, KeyHeads * HeadSize, Hidden);
        var value = set.Add("blk.0.attn_v.weight", GgufType.F16, KeyHeads * HeadSize, Hidden);
        var output = set.Add("blk.0.attn_output.weight", GgufType.F16, Hidden, QueryHeads * HeadSize);

        Span<(int From, int To)> colour =
        [
            (TextChannel.Colour, TextChannel.AttendedColour),
            (TextChannel.Colour + 1, TextChannel.AttendedColour + 1),
            (TextChannel.Colour + 2, TextChannel.AttendedColour + 2),
            (TextChannel.IsUnset, TextChannel.AttendedUnset),
        ];
        Span<(int From, int To)> size = [(TextChannel.Size, TextChannel.AttendedSize)];
        Bind(0, TextChannel.IsColour, colour);
        Bind(1, TextChannel.IsSize, size);

        // Copies values from the nearest token before that has the flag.
        void Bind(int keyHead, int flag, ReadOnlySpan<(int From, int To)> copies)
        {
            // The first query head of those that share the key head; the others have no output.
            var queryRow = keyHead * QueriesPerKey * HeadSize;
            var keyRow = keyHead * HeadSize;
            query[queryRow + RecencyPlane, TextChannel.Constant] = 1;
            query[queryRow + StillPlane, TextChannel.Constant] = StillPart;
            key[keyRow + RecencyPlane, flag] = 1;
            key[keyRow + StillPlane, TextChannel.IsStart] = 1;
            for (var i = 0; i < copies.Length; i++)
            {
                value[keyRow + i, copies[i].From] = 1;
                output[copies[i].To, queryRow + i] = (float)AttendedGain;
            }
        }
    }
}
