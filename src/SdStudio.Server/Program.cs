using Microsoft.Extensions.Options;
using SdStudio.Server;
using SdStudio.Server.Hosting;

try
{
    StudioHost.Build(args).Run();
    return 0;
}
catch (Exception exception) when (exception is CannotStartException or OptionsValidationException or InvalidOperationException or IOException or UnauthorizedAccessException)
{
    // What the person at the terminal can mend: said in one line, without a stack.
    await Console.Error.WriteLineAsync($"SdStudio cannot start: {exception.Message}");
    return 1;
}
