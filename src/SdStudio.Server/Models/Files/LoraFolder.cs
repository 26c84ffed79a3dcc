using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Files;

/// <summary>The LoRAs that requests may name: the files of the folder <c>loras</c>.</summary>
internal sealed class LoraFolder(DataFolders folders) : NamedFiles(folders.Loras);

/// <summary>The ControlNets that requests may name: the files of the folder <c>controlnets</c>.</summary>
internal sealed class ControlNetFolder(DataFolders folders) : NamedFiles(Path.Combine(folders.Root, "controlnets"));
