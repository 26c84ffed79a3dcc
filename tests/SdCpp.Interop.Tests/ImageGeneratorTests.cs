using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SdCpp.Interop.Tests;

/// <summary>The model as an IImageGenerator of Microsoft.Extensions.AI.</summary>
public sealed class ImageGeneratorTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registered_model_generates_and_edits_through_logging_and_telemetry()
    {
        using var log = new Lines();
        var spans = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "image-tests", Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => spans.Add(activity.DisplayName),
        };
        ActivitySource.AddActivityListener(listener);
        await using ServiceProvider services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log))
            .AddSdCpp(options => (options.Model, options.LogEngine) = (demo.Files.ToOptions(threads: 1), false))
            .AddSdCppImageGenerator((provider, cancellation) => provider.GetRequiredService<SdCppModel>().GetAsync(cancellation), "demo")
            .BuildServiceProvider();
        using IImageGenerator generator = services.GetRequiredService<IImageGenerator>().AsBuilder()
            .UseOpenTelemetry(sourceName: "image-tests").UseLogging(services.GetRequiredService<ILoggerFactory>()).Build(services);

        var options = new ImageGenerationOptions
        {
            ImageSize = new(64, 64), Count = 2, AdditionalProperties = new() { ["steps"] = 4, ["seed"] = 7L, ["cfg_scale"] = 1.0, ["negative_prompt"] = "blur" },
        };
        ImageGenerationResponse made = await generator.GenerateImagesAsync("a red circle on a blue background", options, Cancellation);
        Assert.Equal(2, made.Contents.Count);
        var first = Assert.IsType<DataContent>(made.Contents[0]);
        Assert.Equal(("image/png", 7L), (first.MediaType, (long)first.AdditionalProperties!["seed"]!));
        using ImageBuffer image = ImageBuffer.Load(new MemoryStream(first.Data.ToArray()));
        Assert.Equal((64, 64), (image.Width, image.Height));

        ImageGenerationResponse edited = await generator.EditImageAsync(
            first, "a green circle", new ImageGenerationOptions { AdditionalProperties = new() { ["strength"] = 0.5, ["steps"] = 4 } }, Cancellation);
        Assert.False(Assert.IsType<DataContent>(Assert.Single(edited.Contents)).Data.Span.SequenceEqual(first.Data.Span));
        Assert.Equal(2, spans.Count);
        Assert.Contains(log.Said, line => line.Contains("GenerateAsync", StringComparison.Ordinal));
        Assert.Equal("demo", generator.GetService<ImageGeneratorMetadata>()?.DefaultModelId);
    }

    [Fact]
    public async Task What_it_does_not_know_is_refused_by_its_name()
    {
        using var generator = new SdCppImageGenerator(_ => throw new InvalidOperationException("no model is asked for"), "demo");
        Assert.Contains("style_of_hat", await RefusedAsync(new() { AdditionalProperties = new() { ["style_of_hat"] = "red" } }), StringComparison.Ordinal);
        Assert.Contains("steps is 'many'", await RefusedAsync(new() { AdditionalProperties = new() { ["steps"] = "many" } }, asksForModel: true), StringComparison.Ordinal);
        Assert.Contains("'other'", await RefusedAsync(new() { ModelId = "other" }), StringComparison.Ordinal);
        Assert.Contains("'image/tiff'", await RefusedAsync(new() { MediaType = "image/tiff" }), StringComparison.Ordinal);
        Assert.Contains("Uri", await RefusedAsync(new() { ResponseFormat = ImageGenerationResponseFormat.Uri }), StringComparison.Ordinal);
        Assert.Contains("Hosted", await RefusedAsync(new() { ResponseFormat = ImageGenerationResponseFormat.Hosted }), StringComparison.Ordinal);

        async Task<string> RefusedAsync(ImageGenerationOptions options, bool asksForModel = false)
        {
            using var own = new SdCppImageGenerator(_ => Task.FromResult<DiffusionModel>(null!), "demo");
            return (await Assert.ThrowsAsync<ArgumentException>(() => (asksForModel ? own : generator).GenerateImagesAsync("a", options, Cancellation))).Message;
        }
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public List<string> Said { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Said)
                Said.Add(formatter(state, exception));
        }
    }
}
