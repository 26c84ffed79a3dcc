namespace SdStudio.GpuCheck.Checks;

/// <summary>Compares the images that the timing left: of the CPU and of the card.</summary>
internal sealed class CompareCheck(CheckModel model)
    : Check($"compare-{TimingCheck.NameOf(model)}", $"compare CPU and card: {TimingCheck.TitleOf(model)}", TimeSpan.FromSeconds(20))
{
    // A device's rounding moves the circle's edge by a part of a pixel; random weights, guided, blow it up.
    private const double LeastPsnr = 20;
    private const double MostMean = 3;

    public override string? LeftOut(Sizes sizes) => new TimingCheck(model, onCard: true).LeftOut(sizes);

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        string[] paths = [TimingCheck.ImagePath(context.Work, model, onCard: false), TimingCheck.ImagePath(context.Work, model, onCard: true)];
        if (paths.FirstOrDefault(path => !File.Exists(path)) is { } missing)
            return new CheckAnswer(CheckOutcome.Skipped($"there is no {Path.GetFileName(missing)}: see its timing"));
        byte[][] images = [await File.ReadAllBytesAsync(paths[0]), await File.ReadAllBytesAsync(paths[1])];
        ImageDifference difference = ImageDifference.Of(images[0], images[1]);
        Dictionary<string, double> figures = new() { ["side_pixels"] = context.Sizes.OnProcessor[model].Side };
        difference.AddTo(figures);
        return new CheckAnswer(CheckOutcome.Judge(
            figures,
            difference.Psnr < LeastPsnr ? FormattableString.Invariant($"the PSNR is {difference.Psnr:F1} dB, at least {LeastPsnr} are expected") : null,
            model == CheckModel.Demo && difference.Mean > MostMean ? FormattableString.Invariant($"the mean difference is {difference.Mean:F1}, at most {MostMean} is expected") : null,
            ImageDifference.IsFlat(images[0]) ? "the CPU's image is of one colour" : null,
            ImageDifference.IsFlat(images[1]) ? "the card's image is of one colour" : null));
    }
}
