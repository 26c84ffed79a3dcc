using System.Globalization;
using SdCpp.Interop;

// SdCpp.OneImage FOLDER SIDE STEPS OUT.png: loads the demo model, generates one image, saves it and ends, as a child process of a server does.
// Without arguments it does nothing: what starting .NET costs.
if (args is not [var folder, var side, var steps, var image])
    return;

await using DiffusionModel model = await DiffusionModel.LoadAsync(DemoModel.Write(folder).ToOptions());
using GenerationResult result = await model.TextToImageAsync(new TextToImageRequest
{
    Prompt = "a red circle on a blue background",
    Width = int.Parse(side, CultureInfo.InvariantCulture),
    Height = int.Parse(side, CultureInfo.InvariantCulture),
    Steps = int.Parse(steps, CultureInfo.InvariantCulture),
    CfgScale = 1,
    Seed = 7,
});
result.Images[0].Image.Save(image);
