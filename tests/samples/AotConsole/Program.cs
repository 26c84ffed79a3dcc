// Generates a prompt with the demo model. Ctrl+C stops the engine at its next step.
using SdCpp.Interop;

if (args is not [string file, string prompt])
{
    Console.Error.WriteLine("usage: AotConsole FILE.png PROMPT");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

try
{
    SdEngineInfo engine = SdEngine.Load().Info;
    Console.WriteLine($"{engine.Provider} {engine.Version} from {engine.NativeLibraryPath}");
    DemoModelFiles files = DemoModel.Write("models", stop.Token);
    // One thread: images of this size gain nothing from a second one.
    await using DiffusionModel model = await DiffusionModel.LoadAsync(files.ToOptions(threads: 1), cancellation: stop.Token);
    var request = new TextToImageRequest { Prompt = prompt, Width = 256, Height = 256, Steps = 8, CfgScale = 1, Seed = 7 };
    using GenerationResult result = await model.TextToImageAsync(request, cancellation: stop.Token);
    result.Images[0].Image.Save(file);
    Console.WriteLine($"{file}: seed {result.Images[0].Seed}");
    return 0;
}
catch (SdException failure)
{
    Console.Error.WriteLine($"{failure.Code}: {failure.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
