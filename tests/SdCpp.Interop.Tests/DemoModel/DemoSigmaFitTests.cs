namespace SdCpp.Interop.Tests;

public sealed class DemoSigmaFitTests
{
    private const double AllowedError = 0.001;

    [Theory]
    [InlineData(DemoDenoiser.DistanceWidth, true)]
    [InlineData(DemoDenoiser.DistanceWidth, false)]
    [InlineData(DemoDenoiser.ColourWidth, true)]
    [InlineData(DemoDenoiser.ColourWidth, false)]
    public void The_stored_network_gives_the_functions_of_the_noise_level(double width, bool isInputGain)
    {
        double Wanted(double sigma) => isInputGain ? DemoSigmaFit.InputGain(sigma, width) : DemoSigmaFit.TargetGain(sigma, width);
        var fit = Array.ConvertAll(DemoSigmaFit.Fit(Wanted), value => (double)(float)value);
        var worst = 0.0;
        // Not the points the fit has seen.
        for (var i = 0; i < 3000; i++)
        {
            var sigma = DemoSigmaFit.Sample((i + 0.37) / 3000);
            var features = Features(sigma);
            var sum = fit[^1];
            for (var j = 0; j < features.Length; j++) sum += fit[j] * features[j];
            worst = Math.Max(worst, DemoSigmaFit.WeightedError(sum, Wanted(sigma)));
        }
        Assert.True(worst <= AllowedError, $"The largest error is {worst}.");
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.06)]
    public void The_gains_are_those_of_the_best_guess(double width)
    {
        foreach (var sigma in (double[])[0.01, 0.1, 0.5, 0.9, 1])
        {
            // The guess of x0 for x = (1 − σ)·x0 + σ·ε by the rule for two normal distributions.
            const double Target = 0.7, Noisy = -0.3;
            var gain = (1 - sigma) * width * width / (((1 - sigma) * (1 - sigma) * width * width) + (sigma * sigma));
            var guess = Target + (gain * (Noisy - ((1 - sigma) * Target)));
            var velocity = (DemoSigmaFit.InputGain(sigma, width) * Noisy) - (DemoSigmaFit.TargetGain(sigma, width) * Target);
            Assert.Equal((Noisy - guess) / sigma, velocity, 1e-9);
        }
    }

    [Fact]
    public void The_exponential_is_that_of_the_platform()
    {
        for (var x = -50.0; x < 50; x += 0.37) Assert.Equal(1, DemoMath.Exp(x) / Math.Exp(x), 1e-13);
        Assert.Equal(0, DemoMath.Exp(-1000));
    }

    [Fact]
    public void Cholesky_solves_and_refuses()
    {
        double[] right = [2, 5];
        DemoMath.SolvePositive([4, 0, 2, 3], right);
        Assert.Equal(-0.5, right[0], 1e-12);
        Assert.Equal(2, right[1], 1e-12);
        Assert.Throws<ArithmeticException>(() => DemoMath.SolvePositive([1, 0, 2, 1], new double[2]));
    }

    // As the engine computes them: sines of t = 1000·(1 − σ), the stored weights, SiLU twice.
    private static double[] Features(double sigma)
    {
        var (weight, bias) = DemoSigmaFit.FirstLayer();
        var features = new double[DemoSigmaFit.Units];
        var time = DemoSigmaFit.TimeScale * (1 - sigma);
        Span<double> embedding = stackalloc double[DemoSigmaFit.Units];
        for (var i = 0; i < DemoSigmaFit.Frequencies; i++)
        {
            var angle = time * Math.Exp(-Math.Log(10000) * i / DemoSigmaFit.Frequencies);
            (embedding[i], embedding[DemoSigmaFit.Frequencies + i]) = (Math.Cos(angle), Math.Sin(angle));
        }
        for (var unit = 0; unit < features.Length; unit++)
        {
            double sum = bias[unit];
            for (var i = 0; i < embedding.Length; i++) sum += weight[unit, i] * embedding[i];
            features[unit] = DemoMath.Silu(DemoMath.Silu(sum));
        }
        return features;
    }
}
