using System.Text.Json.Serialization;

namespace SdStudio.GpuCheck;

/// <summary>What came of a check.</summary>
internal enum CheckStatus
{
    /// <summary>It did what it should.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>It did not; the reason says what.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>It was not done; the reason says why.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,
}

/// <summary>A check's result.</summary>
/// <param name="Status">What came of it.</param>
/// <param name="Reason">Why it failed or was skipped; null when it is ok.</param>
/// <param name="Figures">What was measured; each name ends with its unit.</param>
internal sealed record CheckOutcome(CheckStatus Status, string? Reason, IReadOnlyDictionary<string, double> Figures)
{
    private static readonly Dictionary<string, double> None = [];

    public static CheckOutcome Failed(string reason) => new(CheckStatus.Failed, reason, None);

    public static CheckOutcome Skipped(string reason) => new(CheckStatus.Skipped, reason, None);

    /// <summary>Ok when nothing is wrong.</summary>
    public static CheckOutcome Judge(IReadOnlyDictionary<string, double> figures, params IEnumerable<string?> problems)
    {
        string wrong = string.Join("; ", problems.Where(problem => problem is not null));
        return new CheckOutcome(wrong.Length == 0 ? CheckStatus.Ok : CheckStatus.Failed, wrong.Length == 0 ? null : wrong, figures);
    }
}

/// <summary>A check as the report has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What it does, for people.</param>
/// <param name="Device">The engine's name of the device it ran on; null for none or several.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Reason">Why it failed or was skipped.</param>
/// <param name="Seconds">How long it took, its process included.</param>
/// <param name="Figures">What was measured.</param>
internal sealed record CheckEntry(
    string Name, string Title, string? Device, CheckStatus Status, string? Reason, double Seconds, IReadOnlyDictionary<string, double> Figures);

/// <summary>A device of the engine.</summary>
/// <param name="Name">The engine's name.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="TotalMib">All of its memory; null when the engine does not tell.</param>
/// <param name="FreeMib">What was free at the beginning.</param>
internal sealed record DeviceEntry(string Name, string Description, double? TotalMib, double? FreeMib);

/// <summary>The machine.</summary>
/// <param name="System">The operating system.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="Cores">Its logical cores.</param>
/// <param name="MemoryMib">Memory of the machine.</param>
/// <param name="Driver">The graphics driver, where it tells.</param>
internal sealed record MachineEntry(string System, string Processor, int Cores, double MemoryMib, string? Driver);

/// <summary>The engine as it was loaded.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Backend">What models compute on when they name no device.</param>
/// <param name="BackendReason">Why.</param>
/// <param name="Devices">Its devices.</param>
internal sealed record EngineEntry(string Version, string Backend, string BackendReason, IReadOnlyList<DeviceEntry> Devices);

/// <summary>Everything: <c>gpu-check.json</c>.</summary>
/// <param name="Passed">Whether no check failed and a graphics device was checked.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Seconds">How long all of it took.</param>
/// <param name="Sizes">The sizes that were asked for.</param>
/// <param name="Device">The device that was checked; null when there is none.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Engine">The engine; null when it could not be loaded.</param>
/// <param name="Checks">The checks in their order.</param>
internal sealed record GpuReport(
    bool Passed, DateTimeOffset StartedAt, double Seconds, string Sizes, string? Device, MachineEntry Machine, EngineEntry? Engine, IReadOnlyList<CheckEntry> Checks);

/// <summary>What a check's process is given.</summary>
/// <param name="Check">The check's name.</param>
/// <param name="Device">The device that is checked; empty before it is known.</param>
/// <param name="Sizes">The sizes.</param>
/// <param name="Work">The folder of the models.</param>
/// <param name="Out">The folder of the results.</param>
/// <param name="Seconds">How long it may take.</param>
internal sealed record CheckRequest(string Check, string Device, string Sizes, string Work, string Out, double Seconds);

/// <summary>What a check's process leaves.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Engine">The engine as it was loaded, from the check that lists the devices.</param>
internal sealed record CheckAnswer(CheckOutcome Outcome, EngineEntry? Engine = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(GpuReport))]
[JsonSerializable(typeof(CheckRequest))]
[JsonSerializable(typeof(CheckAnswer))]
internal sealed partial class CheckJson : JsonSerializerContext;
