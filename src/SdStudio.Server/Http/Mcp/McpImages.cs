using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using SdStudio.Server.Gallery;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Mcp;

/// <summary>Images as resources, and the search for them.</summary>
internal sealed class McpImages(IGallery gallery, IJobQueries queries, ImageFiles files, VideoFiles videos)
{
    private const string Scheme = "sdstudio://images/";
    private const int PreviewSide = 256;
    private const int MaxPreviews = 4;
    private const int Listed = 20;
    private const int UsualLimit = 10;
    private const int MaxLimit = 50;
    private const int MaxWords = 1000;

    /// <summary>How an image is asked for.</summary>
    public static ResourceTemplate Template { get; } = new()
    {
        Name = "image", Title = "An image", UriTemplate = Scheme + "{id}", Description = "An image of this server in full size", MimeType = "image/png",
    };

    public static string UriOf(string imageId) => Scheme + imageId;

    /// <summary>Small images, and links to the whole ones.</summary>
    public async Task<IReadOnlyList<ContentBlock>> BlocksAsync(IReadOnlyList<JobImage> images, McpCall call)
    {
        List<ContentBlock> blocks = [];
        foreach (JobImage image in images.Take(MaxPreviews))
        {
            try
            {
                string small = image.Video is { } video
                    ? await VideosApi.StillAsync(image, video, PreviewSide, files, videos, call.Left)
                    : await files.ThumbnailAsync(image.Id, image.FilePath, PreviewSide, call.Left);
                blocks.Add(ImageContentBlock.FromBytes(await File.ReadAllBytesAsync(small, call.Left), "image/webp"));
            }
            catch (Exception exception) when (exception is FileNotFoundException or VideoException)
            {
                // It was deleted a moment ago, or needs a program that is gone; its link says so.
            }
        }

        blocks.AddRange(images.Select(image => new ResourceLinkBlock { Uri = UriOf(image.Id), Name = image.Id, MimeType = image.MimeType, Description = call.UrlOf(image.Id) }));
        return blocks;
    }

    public async Task<CallToolResult> SearchAsync(McpCall call)
    {
        var fields = new RequestFields(call.Arguments);
        string? words = fields.BoundedText("query", MaxWords);
        bool? starred = fields.Flag("starred");
        long limit = fields.Integer(1, MaxLimit, "limit") ?? UsualLimit;
        fields.ThrowIfRefused();
        IReadOnlyList<ListedImage> found = await gallery.ListAsync(
            new GalleryFilter(call.Scope) { Search = words, Starred = starred }, new GalleryPage(GallerySort.Newest, After: null, (int)limit), call.Left);
        var answer = new McpImagesAnswer([.. found.Select(image => McpImageAnswer.Of(image.Image, call) with { Prompt = image.Prompt, Model = image.Model, JobId = image.Image.JobId })]);
        string sentence = found.Count == 0 ? "No images match" : string.Join('\n', answer.Images.Select(image => $"{image.Id}: {image.Prompt} {image.Url}"));
        return new CallToolResult
        {
            StructuredContent = JsonSerializer.SerializeToElement(answer, ApiJson.Readable.McpImagesAnswer),
            Content = [new TextContentBlock { Text = sentence }, .. await BlocksAsync([.. found.Select(image => image.Image)], call)],
        };
    }

    /// <summary>The newest images.</summary>
    public async ValueTask<ListResourcesResult> ListAsync(HttpContext context, CancellationToken left) => new()
    {
        Resources =
        [
            .. from image in await gallery.ListAsync(new GalleryFilter(ApiKeys.ScopeOf(context)), new GalleryPage(GallerySort.Newest, After: null, Listed), left)
               select new Resource { Uri = UriOf(image.Image.Id), Name = image.Image.Id, Title = RequestFields.Shown(image.Prompt), MimeType = image.Image.MimeType },
        ],
    };

    public async ValueTask<ReadResourceResult> ReadAsync(string uri, HttpContext context, CancellationToken left)
    {
        string id = uri.StartsWith(Scheme, StringComparison.Ordinal) ? uri[Scheme.Length..] : "";
        JobImage image = await queries.FindImageAsync(id, ApiKeys.ScopeOf(context), left)
            ?? throw new McpProtocolException($"There is no image {RequestFields.Shown(uri)}", McpErrorCode.InvalidParams);
        try
        {
            return new ReadResourceResult { Contents = [BlobResourceContents.FromBytes(await files.BytesAsync(image.FilePath, left), uri, image.MimeType)] };
        }
        catch (FileNotFoundException)
        {
            throw new McpProtocolException($"The file of image {image.Id} is gone", McpErrorCode.InvalidParams);
        }
    }
}
