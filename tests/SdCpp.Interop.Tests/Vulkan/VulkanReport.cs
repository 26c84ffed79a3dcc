using System.Text.Json.Serialization;

namespace SdCpp.Interop.Tests.Vulkan;

/// <summary>What <see cref="VulkanProgram"/> saw.</summary>
/// <param name="Info">The engine of that process.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Memory">The Vulkan device's memory.</param>
/// <param name="ProcessorImage">RGB of the image, generated on the CPU while the other was generated.</param>
/// <param name="VulkanImage">RGB of the same image, generated on the Vulkan device.</param>
/// <param name="StoppedAtStep">The last step that a cancelled image reported, of 100.</param>
/// <param name="SelfTest">The self-test on the Vulkan device.</param>
internal sealed record VulkanReport(
    SdEngineInfo Info, SdDevice[] Devices, SdDeviceMemory? Memory, byte[] ProcessorImage, byte[] VulkanImage, int StoppedAtStep,
    SelfTestResult SelfTest);

[JsonSerializable(typeof(VulkanReport))]
internal sealed partial class VulkanJson : JsonSerializerContext;
