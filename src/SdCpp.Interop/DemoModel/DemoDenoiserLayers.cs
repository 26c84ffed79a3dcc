using static SdCpp.Interop.DenoiserAttention;
using static SdCpp.Interop.DenoiserChannel;

namespace SdCpp.Interop;

/// <summary>
/// The four layers in which every image token finds out the signed distance of its latent pixels to the shape, and both colours.
/// A token of w × h pixels is 16 × 16; <c>Row</c> and <c>Column</c> count 8 tokens as 1.
/// </summary>
internal static class DemoDenoiserLayers
{
    private const double TokensPerUnit = 8;

    // A shape of normal size is this part of the image's side across.
    private const double NormalDiameter = 0.62;

    // The slowest plane of the row and column axes turns by 256^(−46/48) per token: 1/203.
    private const int SlowestPlane = 23;
    private const double SlowestTurn = 0.0049222797;

    // Planes of the sequence axis that turn by 1/128 and 1/181 per token.
    private const int SequencePlane = 14;
    private const int SlowestSequencePlane = 15;

    // Sharp enough that one token of distance decides: 12²·√128/128 is a factor of e¹².
    private const float Sharp = 12;

    // A stand-in is found only if no proper token is: its key lies at a quarter in the plane of the query and otherwise where no query
    // lies.
    private const double StandInPart = 0.25;
    private const double StandInRest = 0.97;

    /// <summary>
    /// Layer 0: a token's row and column. Its two heads see only the end token and the assistant token, whose keys lie across the query
    /// with opposite sign: the logits are ± S·sin(ω·row), the two attention weights differ by tanh(S·sin(ω·row)) ≈ S·ω·row, and so does a
    /// value of +1 and −1.
    /// </summary>
    internal static void FindPosition(DenoiserBlock block)
    {
        // A small cross part makes the ramp straight, a large one steep; 0.2 keeps it within 1.3 % at 512 pixels.
        const double CrossPart = 0.2;
        const double SelectPart = 4;
        const float Sharpness = 3;
        var attention = new DenoiserAttention(block, Sharpness);
        AddHead(0, Plane.Row(SlowestPlane), Plane.Column(SlowestPlane), Row);
        AddHead(1, Plane.Column(SlowestPlane), Plane.Row(SlowestPlane), Column);

        void AddHead(int head, int plane, int otherPlane, int to)
        {
            attention.Query(head, plane, IsImage, CrossPart);
            attention.Key(head, plane + 1, IsEnd, 1);
            attention.Key(head, plane + 1, IsAssistant, -1);
            // A common part in the plane of the other axis lifts both tokens above all others.
            attention.Query(head, otherPlane, IsImage, SelectPart);
            attention.Key(head, otherPlane, IsEnd, SelectPart);
            attention.Key(head, otherPlane, IsAssistant, SelectPart);
            attention.Copy(head, to, 1 / (Steepness() * SlowestTurn * TokensPerUnit), (IsEnd, 1), (IsAssistant, -1));
        }

        // S: query and key have the length √128 · sharpness, of which these are the parts in the plane; attention divides by √128.
        static double Steepness() =>
            Sharpness * Sharpness * Math.Sqrt(HeadSize)
            * CrossPart / Math.Sqrt((SelectPart * SelectPart) + (CrossPart * CrossPart)) / Math.Sqrt((SelectPart * SelectPart) + 1);
    }

    /// <summary>
    /// Layer 1: the image's centre, which is the mean of row and column over all image tokens, and what the first shape word says. Then
    /// the inverse radius, since the centre gives away the image's size.
    /// </summary>
    internal static void FindCentreAndShape(DenoiserBlock block)
    {
        var attention = new DenoiserAttention(block, Sharp);
        attention.Query(0, Plane.Sequence(SlowestSequencePlane), IsImage);
        attention.Key(0, Plane.Sequence(SlowestSequencePlane), IsImage);
        attention.Copy(0, CentreRow, 1, (Row, 1));
        attention.Copy(0, CentreColumn, 1, (Column, 1));

        // The sine of the distance is largest for the word farthest back.
        attention.Query(1, Plane.Sequence(SequencePlane), IsImage);
        attention.Key(1, Plane.Sequence(SequencePlane) + 1, IsShape);
        AddStandIn(attention, IsEnd);
        CopyGroup(attention, 1, SaidForeground, Foreground, 3);
        CopyGroup(attention, 1, SaidShape, Shape, DemoVocabulary.ShapeCount);
        CopyGroup(attention, 1, SaidSize, Size, 1);
        AddInverseRadius(new DenoiserFeedForward(block));
    }

    /// <summary>Layer 2: the colour before the last background word, and the place words' shift. Then the place relative to the shape in
    /// radii.</summary>
    internal static void FindBackgroundAndPlace(DenoiserBlock block)
    {
        var attention = new DenoiserAttention(block, Sharp);
        // All text lies at row 0: in that plane all place words are equally near, and "top left" is the mean of both.
        attention.Query(0, Plane.Row(SlowestPlane), IsImage);
        attention.Key(0, Plane.Row(SlowestPlane), IsPlace);
        attention.Key(0, Plane.Row(SlowestPlane), IsStart, StandInPart);
        attention.Key(0, Plane.Sequence(0), IsStart, StandInRest);
        attention.Copy(0, PlaceX, 1, (SaidPlaceX, 1));
        attention.Copy(0, PlaceY, 1, (SaidPlaceY, 1));

        // The cosine of the distance is largest for the last word.
        attention.Query(1, Plane.Sequence(SequencePlane), IsImage);
        attention.Key(1, Plane.Sequence(SequencePlane), IsBackground);
        AddStandIn(attention, IsStart);
        CopyGroup(attention, 1, SaidBackground, Background, 3);

        const double Steepness = 16;
        var feedForward = new DenoiserFeedForward(block);
        var inverse = new Linear(0, (InverseRadius, 1));
        feedForward.Product(new Linear(0, (Column, 1), (CentreColumn, -1)), Steepness, inverse, U);
        feedForward.Product(new Linear(0, (Row, 1), (CentreRow, -1)), Steepness, inverse, V);
        // The shift is said in radii of a shape of normal size, of which a small shape has more.
        var inverseSize = new Linear(1, (Size, 1));
        feedForward.Product(new Linear(0, (PlaceX, -1)), Steepness, inverseSize, U);
        feedForward.Product(new Linear(0, (PlaceY, -1)), Steepness, inverseSize, V);
    }

    /// <summary>Layer 3: the signed distance at each of the token's four latent pixels.</summary>
    internal static void FindDistance(DenoiserBlock block) => DemoOutlines.Write(new DenoiserFeedForward(block));

    private static void AddStandIn(DenoiserAttention attention, int flag)
    {
        attention.Key(1, Plane.Sequence(SequencePlane) + 1, flag, StandInPart);
        attention.Key(1, Plane.Row(0), flag, StandInRest);
    }

    private static void CopyGroup(DenoiserAttention attention, int head, int from, int to, int count)
    {
        for (var i = 0; i < count; i++) attention.Copy(head, to + i, 1, (from + i, 1));
    }

    /// <summary>
    /// Inverse radius = (1 + size) · (g(centre row) + g(centre column))/2 with g(c) = 1/(0.31 · side): the radius follows the harmonic mean
    /// of both sides. A side of n tokens has its centre at (n − 1)/2 tokens, so g(c) = 1/(0.31 · (2c + ⅛)) in units of 8 tokens. It is
    /// drawn as a broken line with knots at the centres of sides of 1, 2, 3 … tokens: exact at those.
    /// </summary>
    private static void AddInverseRadius(DenoiserFeedForward feedForward)
    {
        // The corner of a ramp must be narrow beside the distance of knots, and not so narrow that rounding errors of the centre matter.
        const double CornersPerInterval = 16;
        const double MaxSteepness = 600;
        ReadOnlySpan<int> sides =
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128];
        var sized = new Linear(1, (Size, 1));
        foreach (var centre in (ReadOnlySpan<int>)[CentreRow, CentreColumn])
        {
            var previousSlope = 0.0;
            for (var i = 0; i + 1 < sides.Length; i++)
            {
                var (knot, next) = (Centre(sides[i]), Centre(sides[i + 1]));
                var slope = (InverseRadiusOf(sides[i + 1]) - InverseRadiusOf(sides[i])) / (next - knot);
                var steepness = Math.Min(MaxSteepness, CornersPerInterval / (next - knot));
                feedForward.Ramp(new Linear(-knot, (centre, 1)), steepness, sized, (InverseRadius, 0.5 * (slope - previousSlope)));
                previousSlope = slope;
            }
        }
        feedForward.Line(sized, (InverseRadius, InverseRadiusOf(sides[0])));

        static double Centre(int side) => (side - 1) / 2.0 / TokensPerUnit;
        static double InverseRadiusOf(int side) => TokensPerUnit / (NormalDiameter / 2 * side);
    }
}
