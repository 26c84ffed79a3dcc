namespace SdCpp.Interop;

/// <summary>
/// Teaches the denoiser's time embedding the functions of the noise level σ it needs.
/// </summary>
/// <remarks>
/// <para><b>What is needed.</b> The sampler mixes image and noise as x = (1 − σ)·x₀ + σ·ε and asks for the velocity ε − x₀. If every
/// value of x₀ is normally distributed about a target μ with a small width τ, the best guess of x₀ is E[x₀|x] = μ + a·(x − (1 − σ)·μ), a =
/// (1 − σ)τ²/d, d = (1 − σ)²τ² + σ², and the velocity (x − E[x₀|x])/σ becomes g₁·x − g₂·μ with g₁ = (1 − a)/σ = (σ − (1 − σ)τ²)/d and g₂ =
/// σ/d, both finite at σ = 0. So a network that knows μ needs two functions of σ for each τ. The final layer multiplies each channel by 1 +
/// scale(σ): there they go.</para>
/// <para><b>How a network gets functions of σ.</b> The engine feeds t = 1000·(1 − σ) as cos(f·t) and sin(f·t) for 128 frequencies f =
/// 10⁴^(−i/128). For a slow f the sine is nearly f·t, and three of them cancel the cubic and fifth-power terms
/// (<see cref="LinearWeights"/>): τ = t/1000 = 1 − σ. From it the first layer makes 256 hinges silu(βⱼ·(κⱼ − σ)), which vanish for σ above
/// their knot κⱼ. Their weighted sum is a broken line with a knot at every κⱼ, rounded by silu, with weights found by least squares.</para>
/// </remarks>
internal static class DemoSigmaFit
{
    internal const int Units = 256;

    /// <summary>Frequencies of the time embedding; the cosines come first, then as many sines.</summary>
    internal const int Frequencies = Units / 2;

    /// <summary>What the engine calls the end of time: t = TimeScale·(1 − σ).</summary>
    internal const double TimeScale = 1000;

    // Knots are spaced as σ + Crowding: the functions bend within a few hundredths of 0 and are flat beyond.
    private const double Crowding = 0.01;

    // ln(1 + 1/Crowding) is where σ = 1 lies on that scale. The last knots lie beyond, so that the broken line is as free there as
    // elsewhere.
    private const double SampleEnd = 4.61512051684125945;
    private const double KnotEnd = 4.75;

    // Hinge steepness times knot distance: below 1 neighbours grow alike, above 4 the line between knots is not rounded.
    private const double Steepness = 2;

    private const int Samples = 1024;

    // Keeps the weights small where the hinges can replace each other; relative to the mean square of a hinge.
    private const double Ridge = 1e-12;

    // Errors count in proportion to the value, but below this size as they are.
    private const double ErrorFloor = 0.5;

    // Frequencies i for the straight line: f·1000 is 0.107, 0.221 and 0.454.
    private static readonly int[] SlowFrequencies = [127, 117, 107];

    /// <summary>g₁: how strongly the velocity follows the noisy value.</summary>
    internal static double InputGain(double sigma, double width) =>
        (sigma - ((1 - sigma) * width * width)) / Denominator(sigma, width);

    /// <summary>g₂: how strongly the velocity points away from the target.</summary>
    internal static double TargetGain(double sigma, double width) => sigma / Denominator(sigma, width);

    /// <summary>The angle per unit of t of one frequency of the time embedding.</summary>
    internal static double Frequency(int index)
    {
        const double LogOfTenThousand = 9.21034037197618274;
        return DemoMath.Exp(-LogOfTenThousand * index / Frequencies);
    }

    /// <summary>The first layer: 256 rows of weights on the time embedding, and its biases.</summary>
    internal static (Tensor Weight, Tensor Bias) FirstLayer()
    {
        var line = LinearWeights();
        var weight = new Tensor(Units, Units);
        var bias = new Tensor(Units);
        for (var unit = 0; unit < Units; unit++)
        {
            // β·(κ − σ) = β·(1 − σ) + β·(κ − 1), the first being the straight line.
            var (knot, slope) = Hinge(unit);
            for (var i = 0; i < line.Length; i++) weight[unit, Frequencies + SlowFrequencies[i]] = (float)(slope * line[i]);
            bias[unit] = (float)(slope * (knot - 1));
        }
        return (weight, bias);
    }

    /// <summary>The σ that the fit looks at, spaced as the knots are.</summary>
    internal static double Sample(double position) => Crowding * (DemoMath.Exp(position * SampleEnd) - 1);

    /// <summary>The error of a fitted value as it counts: relative for large values.</summary>
    internal static double WeightedError(double fitted, double wanted) => Math.Abs(fitted - wanted) * ErrorWeight(wanted);

    /// <summary>Fits a function of σ: the weights on the hinges, then the constant.</summary>
    internal static double[] Fit(Func<double, double> function)
    {
        const int N = Units + 1;
        var normal = new double[N * N];
        var solution = new double[N];
        var row = new double[N];
        for (var s = 0; s < Samples; s++)
        {
            var sigma = Sample(s / (Samples - 1.0));
            var weight = ErrorWeight(function(sigma));
            for (var i = 0; i < Units; i++) row[i] = weight * Feature(i, sigma);
            row[Units] = weight;
            Accumulate(normal, solution, row, weight * function(sigma));
        }
        for (var i = 0; i < N; i++) normal[(i * N) + i] *= 1 + Ridge;
        DemoMath.SolvePositive(normal, solution);
        return solution;
    }

    private static void Accumulate(double[] normal, double[] right, double[] row, double value)
    {
        for (var i = 0; i < row.Length; i++)
        {
            // Only the lower half is used; a hinge is exactly zero far above its knot.
            if (row[i] == 0) continue;
            var target = normal.AsSpan(i * row.Length, i + 1);
            for (var j = 0; j < target.Length; j++) target[j] += row[i] * row[j];
            right[i] += row[i] * value;
        }
    }

    // The time embedding passes SiLU twice: once inside, once before the final layer.
    private static double Feature(int unit, double sigma)
    {
        var (knot, slope) = Hinge(unit);
        return DemoMath.Silu(DemoMath.Silu(slope * (knot - sigma)));
    }

    private static (double Knot, double Slope) Hinge(int unit)
    {
        const double Step = KnotEnd / (Units - 1);
        var growth = DemoMath.Exp(Step);
        var knot = Crowding * (DemoMath.Exp(Step * unit) - 1);
        return (knot, Steepness / ((knot + Crowding) * (growth - 1)));
    }

    private static double Denominator(double sigma, double width) =>
        ((1 - sigma) * (1 - sigma) * width * width) + (sigma * sigma);

    private static double ErrorWeight(double wanted) => 1 / Math.Max(Math.Abs(wanted), ErrorFloor);

    /// <summary>
    /// Weights a with Σ aᵢ·sin(θᵢ·τ) = τ but for the seventh power, θᵢ = 1000·fᵢ. With wᵢ = aᵢ·θᵢ that asks Σ wᵢ = 1, Σ wᵢθᵢ² = 0, Σ wᵢθᵢ⁴
    /// = 0: Richardson's extrapolation to θ² = 0, wᵢ = Π_{j≠i} θⱼ² / (θⱼ² − θᵢ²). What is left is below 10⁻⁷.
    /// </summary>
    private static double[] LinearWeights()
    {
        var angles = Array.ConvertAll(SlowFrequencies, i => TimeScale * Frequency(i));
        return Array.ConvertAll(angles, angle =>
        {
            var weight = 1 / angle;
            foreach (var other in angles)
                if (other != angle) weight *= other * other / ((other * other) - (angle * angle));
            return weight;
        });
    }
}
