namespace SdStudio.GpuCheck;

/// <summary>How far two images of the same size are apart.</summary>
/// <param name="Mean">The mean difference of a channel, 0 to 255.</param>
/// <param name="Largest">The largest difference of a channel.</param>
/// <param name="Psnr">Peak signal-to-noise ratio, dB; 100 for equal images.</param>
internal sealed record ImageDifference(double Mean, int Largest, double Psnr)
{
    public static ImageDifference Of(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one.Length != other.Length || one.Length == 0)
            throw new InvalidOperationException($"The images have {one.Length} and {other.Length} values.");
        double sum = 0, squares = 0;
        int largest = 0;
        for (int i = 0; i < one.Length; i++)
        {
            int difference = Math.Abs(one[i] - other[i]);
            sum += difference;
            squares += (double)difference * difference;
            largest = Math.Max(largest, difference);
        }

        double psnr = squares == 0 ? 100 : Math.Min(100, 10 * Math.Log10(255.0 * 255 * one.Length / squares));
        return new ImageDifference(sum / one.Length, largest, psnr);
    }

    /// <summary>Whether an image is all of one colour, as one of NaNs is.</summary>
    public static bool IsFlat(ReadOnlySpan<byte> pixels)
    {
        for (int i = 3; i < pixels.Length; i++)
        {
            if (Math.Abs(pixels[i] - pixels[i % 3]) > 2)
                return false;
        }

        return true;
    }

    public void AddTo(Dictionary<string, double> figures)
    {
        figures["mean_difference"] = Mean;
        figures["largest_difference"] = Largest;
        figures["psnr_db"] = Psnr;
    }
}
