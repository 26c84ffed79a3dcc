using SdStudio.GpuCheck;

// SdStudio.GpuCheck [options]                     all checks, each in a process of its own; gpu-check.sh passes its options on
// SdStudio.GpuCheck check REQUEST.json ANSWER.json  what such a process does
if (args is ["check", var request, var answer])
    return await CheckProcess.RunAsync(request, answer);
(CheckOptions? options, string? problem) = CheckOptions.Parse(args);
if (options is null)
{
    await Console.Error.WriteLineAsync($"{problem}\n{CheckOptions.Usage}");
    return 2;
}

return await new CheckRun(options).RunAsync() ? 0 : 1;
