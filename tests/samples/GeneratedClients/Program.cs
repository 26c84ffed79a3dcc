// What the clients that Kiota and NSwag generate from the API's description do against a server. Arguments: its address and its key.
using Kiota = KiotaClient;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using NSwag = NSwagClient;

(string address, string key) = (args[0], args[1]);
using var http = new HttpClient { BaseAddress = new Uri(address), DefaultRequestHeaders = { { "X-API-Key", key } } };

// Kiota.
using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = address };
var kiota = new Kiota.KiotaStudio(adapter);
Kiota.Models.GenerateResponse generated = (await kiota.Api.Generate.PostAsync(
    new Kiota.Models.GenerateBody { Model = "demo", Prompt = "a red circle on a blue background", Size = "64x64", Steps = 2, Seed = 7 }))!;
byte[] first = await ReadAsync((await kiota.Api.Images[generated.Data![0].Id!].GetAsync())!);
Kiota.Models.GenerateResponse edited = (await kiota.Api.Edit.PostAsync(
    new Kiota.Models.EditBody { Model = "demo", Prompt = "a green circle", Size = "64x64", Steps = 2, Image = first, Strength = 0.5 }))!;
Check("Kiota's edit", await ReadAsync((await kiota.Api.Images[edited.Data![0].Id!].GetAsync())!));
Check("Kiota's thumbnail", await ReadAsync((await kiota.Api.Images[edited.Data[0].Id!].Thumbnail.GetAsync(query => query.QueryParameters.Size = 64))!), "RIFF"u8);
List<Kiota.Models.JobView> listed = (await kiota.Api.Generations.GetAsync(query => query.QueryParameters.Limit = 1))!;
Check("Kiota's list", listed is [{ Status: Kiota.Models.JobView_status.Completed, Type: Kiota.Models.JobView_type.Edit }]);
var form = new Microsoft.Kiota.Abstractions.MultipartBody();
form.AddOrReplacePart("image", "image/png", first, "first.png");
form.AddOrReplacePart("prompt", "text/plain", "a green circle");
form.AddOrReplacePart("size", "text/plain", "64x64");
Kiota.Models.OpenAiImagesAnswer variation = (await kiota.V1.Images.Edits.PostAsync(form))!;
Check("Kiota's form", Convert.FromBase64String(variation.Data![0].B64Json!));
try
{
    await kiota.Api.Generate.PostAsync(new Kiota.Models.GenerateBody { Model = "demo", Prompt = "a red circle", Steps = 0 });
    Check("Kiota's error", false);
}
catch (Kiota.Models.ErrorResponse error)
{
    Check($"Kiota's error: {error.Message}", error.Message.Contains("steps is '0'", StringComparison.Ordinal));
}

// NSwag.
var nswag = new NSwag.NSwagStudio(http);
NSwag.GenerateResponse upscaled = await nswag.UpscaleImageAsync(new NSwag.UpscaleBody { Image = first, Upscaler = "Lanczos", Upscale_factor = 2 });
using (NSwag.FileResponse file = await nswag.GetImageAsync(upscaled.Data.First().Id, format: null, quality: null, infotext: null, download: null))
    Check("NSwag's upscale", await ReadAsync(file.Stream));
NSwag.GenerateResponse again = await nswag.EditImageAsync(new NSwag.EditBody { Model = "demo", Prompt = "a green circle", Size = "64x64", Steps = 2, Image = first });
// NSwag numbers the enums of one name: the first format is that of a grid.
using (NSwag.FileResponse file = await nswag.GetImageAsync(again.Data.First().Id, NSwag.Format2.Webp, quality: 80, infotext: null, download: null))
    Check("NSwag's edit", await ReadAsync(file.Stream), "RIFF"u8);
NSwag.A1111ImagesAnswer painted = await nswag.A1111ImageToImageAsync(new NSwag.A1111ImageToImageBody
{
    Init_images = [Convert.ToBase64String(first)], Prompt = "a green circle", Width = 64, Height = 64, Steps = 2, Denoising_strength = 0.5,
});
Check("NSwag's img2img", Convert.FromBase64String(painted.Images.First()));
Check("NSwag's preset", (await nswag.PutPresetAsync("quick", new NSwag.PresetBody { Steps = 4 })).Name == "quick");
Check("NSwag's list", (await nswag.ListJobsAsync(NSwag.Status.Completed, type: null, model: null, q: null, limit: 2, offset: null, sort: null)).Jobs.Count == 2);
try
{
    await nswag.GenerateImageAsync(new NSwag.GenerateBody { Model = "demo", Prompt = "a red circle", Steps = 0 });
    Check("NSwag's error", false);
}
catch (NSwag.ApiException<NSwag.ErrorResponse> error)
{
    Check($"NSwag's error: {error.Result.Error}", error.Result.Error.Contains("steps is '0'", StringComparison.Ordinal) && error.StatusCode == 400);
}

Console.WriteLine("all steps passed");

static async Task<byte[]> ReadAsync(Stream stream)
{
    using var bytes = new MemoryStream();
    await stream.CopyToAsync(bytes);
    return bytes.ToArray();
}

static void Check(string what, object outcome, ReadOnlySpan<byte> signature = default)
{
    ReadOnlySpan<byte> expected = signature.IsEmpty ? "\u0089PNG"u8[1..] : signature;
    bool holds = outcome is byte[] bytes ? bytes.AsSpan().IndexOf(expected) is 0 or 1 : outcome is true;
    Console.WriteLine($"{(holds ? "ok" : "FAILED")}: {what}");
    if (!holds)
        Environment.Exit(1);
}
