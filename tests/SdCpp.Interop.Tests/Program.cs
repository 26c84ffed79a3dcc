using SdCpp.Interop.Tests;
using SdCpp.Interop.Tests.Vulkan;

// The engine is loaded once a process, so generating with another backend needs another process: this program again.
return args switch
{
    [VulkanProgram.Generate, string folder] => await VulkanProgram.GenerateAsync(folder),
    [VulkanProgram.Load, string folder, string backend] => VulkanProgram.LoadEngine(folder, backend),
    [ThreadProgram.Command, string folder] => await ThreadProgram.RunAsync(folder),
    [ThreadProgram.Count] => ThreadProgram.CountThreads(),
    [FaultProgram.Command, string folder, string crashFile] => await FaultProgram.RunAsync(folder, crashFile),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
