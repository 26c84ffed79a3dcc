using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>The range of a setting that is a whole number. What is wrong is said with the setting's full name and its value.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AllowedAttribute(int min, int max) : RangeAttribute(min, max)
{
    /// <summary>A setting as people write it: <c>SdStudio:Devices:0:Workers</c>.</summary>
    /// <param name="context">Its path as the generated check has it, e.g. <c>StudioOptions.Devices[0].Workers</c>.</param>
    /// <param name="name">In place of the last part of the path; null for that itself.</param>
    public static string SettingOf(ValidationContext context, string? name = null)
    {
        string[] parts = context.DisplayName.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.');
        return string.Join(':', ["SdStudio", .. parts[1..^1], name ?? parts[^1]]);
    }

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) => base.IsValid(value)
        ? ValidationResult.Success
        : new ValidationResult($"{SettingOf(validationContext)} is {value}; allowed is {Minimum} to {Maximum}");
}
