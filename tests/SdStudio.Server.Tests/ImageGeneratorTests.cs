using Microsoft.Extensions.AI;
using SdCpp.Interop;

namespace SdStudio.Server.Tests;

/// <summary>A running server as an IImageGenerator of Microsoft.Extensions.AI.</summary>
public sealed class ImageGeneratorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-generator").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_running_server_generates_edits_and_refuses_by_name()
    {
        await using StudioServer studio = await StudioServer.StartAsync(_folder, "--SdStudio:Security:ApiKey=a-key-for-tests");
        studio.Http.DefaultRequestHeaders.Add("Authorization", "Bearer a-key-for-tests");
        using var generator = new StudioImageGenerator(studio.Http, "demo");
        var options = new ImageGenerationOptions { ImageSize = new(32, 32), Count = 2, AdditionalProperties = new() { ["steps"] = 2, ["seed"] = 7 } };
        ImageGenerationResponse made = await generator.GenerateImagesAsync("a red circle", options, Cancellation);
        Assert.Equal(2, made.Contents.Count);
        var first = Assert.IsType<DataContent>(made.Contents[0]);
        Assert.Equal(32, new PngFile(first.Data.ToArray()).Width);

        options.ResponseFormat = ImageGenerationResponseFormat.Uri;
        options.MediaType = "image/webp";
        var linked = Assert.IsType<UriContent>((await generator.GenerateImagesAsync("a red circle", options, Cancellation)).Contents[0]);
        using HttpResponseMessage webp = await studio.Http.GetAsync(linked.Uri, Cancellation);
        Assert.Equal("image/webp", webp.Content.Headers.ContentType!.MediaType);

        ImageGenerationResponse edited = await generator.EditImageAsync(
            first, "a green circle", new ImageGenerationOptions { AdditionalProperties = new() { ["strength"] = 0.5, ["steps"] = 4 } }, Cancellation);
        Assert.IsType<DataContent>(Assert.Single(edited.Contents));

        HttpRequestException unknown = await Assert.ThrowsAsync<HttpRequestException>(
            () => generator.GenerateImagesAsync("a", new ImageGenerationOptions { ModelId = "nobody" }, Cancellation));
        Assert.Contains("nobody", unknown.Message, StringComparison.Ordinal);
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => generator.GenerateImagesAsync("a", new ImageGenerationOptions { AdditionalProperties = new() { ["stps"] = 3 } }, Cancellation));
        Assert.Contains("stps", refused.Message, StringComparison.Ordinal);
        await studio.StopAsync();
    }
}
