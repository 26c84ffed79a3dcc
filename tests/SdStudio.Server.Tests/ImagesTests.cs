using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class ImagesTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_can_be_kept_for_ever_and_asked_for_in_parts()
    {
        string path = $"/api/images/{await NewImageAsync()}";
        using HttpResponseMessage whole = await studio.Server.Http.GetAsync(path, Cancellation);
        byte[] bytes = await whole.Content.ReadAsByteArrayAsync(Cancellation);

        Assert.Equal("image/png", whole.Content.Headers.ContentType?.MediaType);
        Assert.Contains("immutable", whole.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.True(whole.Headers.CacheControl.MaxAge > TimeSpan.FromDays(30));
        Assert.NotNull(whole.Headers.ETag);
        Assert.InRange(whole.Content.Headers.LastModified!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddSeconds(1));

        using var unchanged = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { whole.Headers.ETag } } };
        using HttpResponseMessage notModified = await studio.Server.Http.SendAsync(unchanged, Cancellation);
        Assert.Equal(HttpStatusCode.NotModified, notModified.StatusCode);

        using var part = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(8, 15) } };
        using HttpResponseMessage partial = await studio.Server.Http.SendAsync(part, Cancellation);
        Assert.Equal(HttpStatusCode.PartialContent, partial.StatusCode);
        Assert.Equal(bytes[8..16], await partial.Content.ReadAsByteArrayAsync(Cancellation));

        using var head = new HttpRequestMessage(HttpMethod.Head, path);
        using HttpResponseMessage headers = await studio.Server.Http.SendAsync(head, Cancellation);
        Assert.Equal(HttpStatusCode.OK, headers.StatusCode);
        Assert.Equal(bytes.Length, headers.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task An_unknown_image_is_not_found()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/images/..%2Fsdstudio.db");

        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("Image not found", Shape.Error(body));
    }

    [Fact]
    public async Task An_image_whose_file_is_gone_is_not_found()
    {
        string id = await NewImageAsync();
        File.Delete(Path.Combine(studio.Server.Folder, "images", $"{id}.png"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync($"/api/images/{id}");

        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("Image file not found on disk", Shape.Error(body));
    }

    private async Task<string> NewImageAsync() =>
        Assert.Single((await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""")).Images);
}
