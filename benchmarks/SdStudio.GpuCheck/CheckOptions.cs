namespace SdStudio.GpuCheck;

/// <summary>The command line.</summary>
/// <param name="Out">Where the results go.</param>
/// <param name="Work">Where models are written; null for a folder that is removed again.</param>
/// <param name="Device">The engine's name of the device to check; null for its first graphics device.</param>
/// <param name="Sizes">How large everything is.</param>
/// <param name="Limit">How long all of it may take.</param>
internal sealed record CheckOptions(string Out, string? Work, string? Device, Sizes Sizes, TimeSpan Limit)
{
    public const string Usage =
        """
        Usage: gpu-check.sh [--out DIR] [--work DIR] [--device NAME] [--sizes full|small] [--seconds N]
          --out DIR       where gpu-check.json and gpu-check.md go; gpu-check-results unless given
          --work DIR      where the models are written, 10 GB for full sizes; a temporary folder unless given
          --device NAME   the device to check, as the engine names it (Vulkan0); its first graphics device unless given
          --sizes SIZES   full for a graphics card, small for a software device; full unless given
          --seconds N     how long all of it may take, 30 to 3600; 230 unless given
        """;

    /// <summary>The options, or what is wrong with them.</summary>
    public static (CheckOptions? Options, string? Problem) Parse(IReadOnlyList<string> args)
    {
        var options = new CheckOptions("gpu-check-results", null, null, Sizes.Full, TimeSpan.FromSeconds(230));
        for (int i = 0; i < args.Count; i += 2)
        {
            if (i + 1 == args.Count)
                return (null, $"{args[i]} has no value.");
            string value = args[i + 1];
            CheckOptions? changed = args[i] switch
            {
                "--out" => options with { Out = value },
                "--work" => options with { Work = value },
                "--device" => options with { Device = value },
                "--sizes" when Sizes.Find(value) is { } sizes => options with { Sizes = sizes },
                "--seconds" when int.TryParse(value, out int seconds) && seconds is >= 30 and <= 3600 => options with { Limit = TimeSpan.FromSeconds(seconds) },
                _ => null,
            };
            if (changed is null)
                return (null, $"{args[i]} {value} is not understood.");
            options = changed;
        }

        return (options, null);
    }
}
