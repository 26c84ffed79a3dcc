using static SdCpp.Interop.DenoiserChannel;

namespace SdCpp.Interop;

/// <summary>
/// One feed-forward layer of the denoiser, written unit by unit. A unit computes silu(a)·b, a and b being weighted sums of channels with a
/// constant. With a steep a this is max(a, 0)·b, a broken line that b switches on, and with a constant a it is b.
/// </summary>
internal sealed class DenoiserFeedForward
{
    internal const int Units = 768;

    // silu(20) is 20 to eight digits.
    private const double Saturated = 20;

    // Keeps the results small beside the stabiliser, as in the attention.
    private const double OutputGain = 0.02;

    private readonly DenoiserBlock _block;
    private int _used;

    /// <summary>Takes over an empty layer.</summary>
    internal DenoiserFeedForward(DenoiserBlock block)
    {
        _block = block;
        block.FeedForwardOutputNorm.Data.AsSpan().Clear();
        var one = AddUnit(new Linear(Saturated), new Linear(1));
        for (var i = 0; i < StabiliserCount; i++) block.Down[Stabiliser + i, one] = (float)(1 / Saturated);
    }

    /// <summary>Adds gain × max(input, 0) × gate to channels. The corner is rounded over about 1/steepness.</summary>
    internal void Ramp(Linear input, double steepness, Linear gate, params ReadOnlySpan<(int Channel, double Gain)> to)
    {
        var unit = AddUnit(input.Times(steepness), gate);
        foreach (var (channel, gain) in to) Output(channel, unit, gain / steepness);
    }

    /// <summary>Adds gain × value to a channel.</summary>
    internal void Line(Linear value, params ReadOnlySpan<(int Channel, double Gain)> to)
    {
        var unit = AddUnit(new Linear(Saturated), value);
        foreach (var (channel, gain) in to) Output(channel, unit, gain / Saturated);
    }

    /// <summary>Adds gain × a × b to a channel: max(a, 0)·b − max(−a, 0)·b.</summary>
    internal void Product(Linear a, double steepness, Linear b, int to)
    {
        Ramp(a, steepness, b, (to, 1));
        Ramp(a.Times(-1), steepness, b, (to, -1));
    }

    private int AddUnit(Linear activated, Linear gate)
    {
        var unit = _used++;
        Fill(_block.Gate, unit, activated);
        Fill(_block.Up, unit, gate);
        return unit;
    }

    // The layer sees the stream divided by Norm.
    private static void Fill(Tensor weights, int row, Linear sum)
    {
        foreach (var (channel, weight) in sum.Terms) weights[row, channel] += (float)(weight * DemoDenoiser.Norm);
        weights[row, One] += (float)(sum.Constant * DemoDenoiser.Norm / DemoDenoiser.Level);
    }

    private void Output(int channel, int unit, double gain)
    {
        _block.Down[channel, unit] += (float)(gain * OutputGain);
        _block.FeedForwardOutputNorm[channel] = (float)(DemoDenoiser.StabiliserNorm / OutputGain);
    }
}

/// <summary>A weighted sum of channels and a constant.</summary>
internal readonly record struct Linear(double Constant, params (int Channel, double Weight)[] Terms)
{
    internal Linear Times(double factor) =>
        new(Constant * factor, Array.ConvertAll(Terms, term => (term.Channel, term.Weight * factor)));

    internal Linear Plus(double constant) => this with { Constant = Constant + constant };

    internal Linear Plus(Linear other) => new(Constant + other.Constant, [.. Terms, .. other.Terms]);
}
