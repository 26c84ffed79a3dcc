using SdCpp.Interop.Tests.Vulkan;

// The engine is loaded once a process, so drawing with another backend needs another process: this program again.
return args is [VulkanProgram.Verb, string folder]
    ? await VulkanProgram.RunAsync(folder)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
