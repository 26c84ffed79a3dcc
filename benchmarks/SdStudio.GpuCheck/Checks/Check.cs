namespace SdStudio.GpuCheck.Checks;

/// <summary>One of the checks. Each runs in a process of its own: whatever ends it leaves the others alone.</summary>
/// <param name="name">Its name.</param>
/// <param name="title">What it does, for people.</param>
/// <param name="limit">How long it may take.</param>
internal abstract class Check(string name, string title, TimeSpan limit)
{
    public string Name => name;

    public string Title => title;

    public TimeSpan Limit => limit;

    /// <summary>Whether it can be done without a graphics device.</summary>
    public virtual bool NeedsCard => true;

    /// <summary>The check that must be ok before; null for none.</summary>
    public virtual string? After => null;

    /// <summary>The device it runs on.</summary>
    /// <param name="device">The device that is checked.</param>
    public virtual string? DeviceOf(string device) => device;

    /// <summary>Why it is left out at these sizes; null when it is not.</summary>
    public virtual string? LeftOut(Sizes sizes) => null;

    /// <summary>Does it.</summary>
    public abstract Task<CheckAnswer> RunAsync(CheckContext context);

    /// <summary>All of them, in their order: the quick ones and those that say most first.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        new DevicesCheck(), new SelfTestCheck(), new ModelsCheck(),
        .. Enum.GetValues<CheckModel>().SelectMany(model => new Check[] { new TimingCheck(model, onCard: true), new TimingCheck(model, onCard: false), new CompareCheck(model) }),
        new CancelCheck(), new TilingCheck(), new WeightsInRamCheck(), new EvictionCheck(),
    ];
}
