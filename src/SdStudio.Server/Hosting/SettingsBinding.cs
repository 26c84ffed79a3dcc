using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Hosting;

/// <summary>Reads the settings. A value of the wrong type is told as one out of range is: the setting, its value and what is allowed, all of them at once.</summary>
internal static partial class SettingsBinding
{
    /// <summary>The section of the configuration that they are in.</summary>
    public const string Section = "SdStudio";

    // Below every range.
    private const string OutOfRange = "-2147483648";

    /// <exception cref="OptionsValidationException">Values cannot be read.</exception>
    public static void Bind(IConfiguration configuration, StudioOptions options)
    {
        if (TryBind(configuration, options) is { } wrong)
            throw new OptionsValidationException(Options.DefaultName, typeof(StudioOptions), Problems(configuration, wrong));
    }

    private static List<string> Problems(IConfiguration configuration, WrongValue? wrong)
    {
        List<string> problems = [];
        Dictionary<string, string?> replaced = new(StringComparer.OrdinalIgnoreCase);
        var options = new StudioOptions();
        while (wrong is not null && replaced.TryAdd(wrong.Setting, wrong.Replacement))
        {
            if (wrong.Allowed is { } allowed)
                problems.Add($"{wrong.Setting} is {configuration[wrong.Setting]}; allowed is {allowed}");
            options = new StudioOptions();
            wrong = TryBind(new ConfigurationBuilder().AddConfiguration(configuration).AddInMemoryCollection(replaced).Build(), options);
        }

        // Of numbers the check of ranges speaks, with what was written in place of the number that stands in for it.
        problems.AddRange((new StudioOptionsValidator().Validate(Options.DefaultName, options).Failures ?? []).Select(
            problem => problem.Replace($" {OutOfRange};", $" {configuration[problem.Split(' ')[0]]};", StringComparison.Ordinal)));
        return problems;
    }

    private static WrongValue? TryBind(IConfiguration configuration, StudioOptions options)
    {
        try
        {
            configuration.GetSection(Section).Bind(options);
            return null;
        }
        catch (InvalidOperationException exception) when (Conversion().Match(exception.Message) is { Success: true } found)
        {
            string setting = found.Groups["setting"].Value, type = found.Groups["type"].Value;
            return type == typeof(int).FullName ? new WrongValue(setting, OutOfRange, Allowed: null)
                : type == typeof(PreviewSetting).FullName ? new WrongValue(setting, nameof(PreviewSetting.Auto), StudioOptions.PreviewWords)
                : new WrongValue(setting, bool.FalseString, "true or false");
        }
    }

    [GeneratedRegex("^Failed to convert configuration value .* ?at '(?<setting>[^']*)' to type '(?<type>[^']*)'", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Conversion();

    /// <param name="Setting">Its full name.</param>
    /// <param name="Replacement">A value that can be read.</param>
    /// <param name="Allowed">What is allowed; null for numbers, whose ranges are checked afterwards.</param>
    private sealed record WrongValue(string Setting, string Replacement, string? Allowed);
}
