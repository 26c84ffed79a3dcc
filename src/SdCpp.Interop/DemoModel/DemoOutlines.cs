using static SdCpp.Interop.DenoiserChannel;

namespace SdCpp.Interop;

/// <summary>
/// The outlines as signed distances s(u, v) in radii, negative inside. Each is a sum of a few broken lines of u and v with a weight per
/// shape, and the one-hot shape channels switch the weights: s = Σ weight[shape] · term(u, v).
/// </summary>
/// <remarks>
/// A feed-forward layer can do |x| = max(x, 0) + max(−x, 0) and sums, but no maximum of two results. The maximum of |u| and |v| needs none:
/// max(|u|, |v|) = (|u + v| + |u − v|)/2. The minimum, which makes a cross, is |u| + |v| − max(|u|, |v|).
/// </remarks>
internal static class DemoOutlines
{
    // Corners of the broken lines are rounded over 1/60 of a radius.
    private const double Steepness = 60;

    // A latent pixel lies a quarter of a token from the token's middle.
    private const double PixelShift = 0.25 / 8;

    // The square u² is drawn as a broken line with knots at multiples of this, up to 2.4 radii.
    private const double SquareKnots = 0.2;
    private const int SquareKnotCount = 13;

    // A chord lies above the parabola, by step²/6 on average.
    private const double ChordExcess = SquareKnots * SquareKnots / 6;

    // The decoder's interpolation smooths. A linear interpolation a quarter of the way between points h apart adds 3/16·h² to every x²;
    // three doublings with h, h/2 and h/4 add this much. h is a latent pixel: 1/16 of the unit of the inverse radius.
    private const double SmoothingExcess = 3.0 / 16 * (1 + (1.0 / 4) + (1.0 / 16)) / (16 * 16);

    // The square of the inverse radius, drawn as a broken line: a tiny shape in an image of 64 pixels has 14.
    private const int InverseRadiusKnotCount = 16;

    // An oval is 1.2 radii wide and 0.8 high; a rectangle 1.3 and 0.65 times as far as a square.
    private const double OvalWidth = 1.2;
    private const double OvalHeight = 0.8;
    private const double RectangleWidth = 1.3;
    private const double RectangleHeight = 0.65;

    // Half of what 1/width² + 1/height² adds up to: 1 for a circle.
    private const double OvalSmoothing = 0.5 * ((1 / (OvalWidth * OvalWidth)) + (1 / (OvalHeight * OvalHeight)));

    private static readonly Linear SquareU = Gate((DemoShape.Circle, 0.5), (DemoShape.Oval, 0.5 / (OvalWidth * OvalWidth)));
    private static readonly Linear SquareV = Gate((DemoShape.Circle, 0.5), (DemoShape.Oval, 0.5 / (OvalHeight * OvalHeight)));
    private static readonly Linear AbsoluteU = Gate((DemoShape.Diamond, 1), (DemoShape.Column, 1), (DemoShape.Cross, 1));
    private static readonly Linear AbsoluteV = Gate((DemoShape.Diamond, 1), (DemoShape.Band, 1), (DemoShape.Cross, 1));
    private static readonly Linear Maximum = Gate((DemoShape.Square, 1), (DemoShape.Cross, -1));
    private static readonly Linear WideMaximum = Gate((DemoShape.Rectangle, 1));

    private static readonly Linear Smoothing = Gate(
        (DemoShape.Circle, -SmoothingExcess), (DemoShape.Oval, -SmoothingExcess * OvalSmoothing));

    // Half-widths are chosen so that all shapes look about equally large.
    private static readonly Linear Constant = Gate(
        (DemoShape.Circle, -0.5 - ChordExcess), (DemoShape.Oval, -0.5 - (ChordExcess * OvalSmoothing)),
        (DemoShape.Square, -0.85), (DemoShape.Rectangle, -0.85), (DemoShape.Diamond, -1.15),
        (DemoShape.Band, -0.45), (DemoShape.Column, -0.45), (DemoShape.Cross, -0.3));

    /// <summary>Writes the distance at all four latent pixels.</summary>
    internal static void Write(DenoiserFeedForward feedForward)
    {
        for (var half = 0; half < 2; half++)
        {
            // Two pixels share a u and two share a v; pixel = 2 × lower half + right half.
            AddOneCoordinate(feedForward, Shifted(U, half), SquareU, AbsoluteU, [Distance + half, Distance + 2 + half]);
            AddOneCoordinate(feedForward, Shifted(V, half), SquareV, AbsoluteV, [Distance + (2 * half), Distance + (2 * half) + 1]);
        }
        for (var pixel = 0; pixel < 4; pixel++)
        {
            var (u, v) = (Shifted(U, pixel % 2), Shifted(V, pixel / 2));
            AddMaximum(feedForward, u, v, Maximum, Distance + pixel);
            AddMaximum(feedForward, u.Times(1 / RectangleWidth), v.Times(1 / RectangleHeight), WideMaximum, Distance + pixel);
        }
        feedForward.Line(Constant, (Distance, 1), (Distance + 1, 1), (Distance + 2, 1), (Distance + 3, 1));
        AddSmoothingCorrection(feedForward);
    }

    // Takes off what smoothing adds to a curved distance, in proportion to the square of a latent pixel in radii; a small circle would else
    // shrink.
    private static void AddSmoothingCorrection(DenoiserFeedForward feedForward)
    {
        var inverse = new Linear(0, (InverseRadius, 1));
        for (var knot = 0; knot < InverseRadiusKnotCount; knot++)
        {
            double bend = knot == 0 ? 1 : 2;
            feedForward.Ramp(
                inverse.Plus(-knot), Steepness, Smoothing,
                (Distance, bend), (Distance + 1, bend), (Distance + 2, bend), (Distance + 3, bend));
        }
    }

    // The coordinate of the left or right (upper or lower) pixels, in radii.
    private static Linear Shifted(int coordinate, int half) =>
        new(0, (coordinate, 1), (InverseRadius, half == 0 ? -PixelShift : PixelShift));

    private static void AddOneCoordinate(
        DenoiserFeedForward feedForward, Linear coordinate, Linear squareGate, Linear absoluteGate, ReadOnlySpan<int> to)
    {
        foreach (var side in (ReadOnlySpan<double>)[1, -1])
        {
            var distance = coordinate.Times(side);
            feedForward.Ramp(distance, Steepness, absoluteGate, (to[0], 1), (to[1], 1));
            for (var i = 0; i < SquareKnotCount; i++)
            {
                // The chord of x² from knot k to k + 1 has the slope (2k + 1)·step: one step at first, two more at every knot.
                var bend = i == 0 ? SquareKnots : 2 * SquareKnots;
                feedForward.Ramp(distance.Plus(-i * SquareKnots), Steepness, squareGate, (to[0], bend), (to[1], bend));
            }
        }
    }

    private static void AddMaximum(DenoiserFeedForward feedForward, Linear u, Linear v, Linear gate, int to)
    {
        foreach (var sign in (ReadOnlySpan<double>)[1, -1])
        {
            var diagonal = u.Plus(v.Times(sign));
            feedForward.Ramp(diagonal, Steepness, gate, (to, 0.5));
            feedForward.Ramp(diagonal.Times(-1), Steepness, gate, (to, 0.5));
        }
    }

    private static Linear Gate(params ReadOnlySpan<(DemoShape Shape, double Weight)> shapes)
    {
        var terms = new (int, double)[shapes.Length];
        for (var i = 0; i < shapes.Length; i++) terms[i] = (Shape + (int)shapes[i].Shape, shapes[i].Weight);
        return new Linear(0, terms);
    }
}
