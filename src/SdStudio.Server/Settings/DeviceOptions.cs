using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>An entry of <c>SdStudio:Devices</c>.</summary>
public sealed class DeviceOptions : IValidatableObject
{
    /// <summary>The engine's name of the device, e.g. <c>CUDA0</c>, <c>Vulkan1</c> or <c>CPU</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>Memory that models may take on it, MiB; 0 for what is free.</summary>
    [Allowed(0, 16 * 1024 * 1024)]
    public int MemoryMiB { get; set; }

    /// <summary>How many jobs run on it at the same time; each has models of its own, and an equal part of memory and threads.</summary>
    [Allowed(1, 64)]
    public int Workers { get; set; } = 1;

    /// <summary>CPU threads of each worker; 0 for an equal part of the cores.</summary>
    [Allowed(0, 1024)]
    public int Threads { get; set; }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrWhiteSpace(Name))
            yield return new($"{AllowedAttribute.SettingOf(validationContext, nameof(Name))} is empty; name a device of the engine, or CPU");
    }
}
