using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Writes a job's images.</summary>
internal sealed class ImageSaver(ImageFiles images)
{
    public JobImage Save(string jobId, int index, ImageBuffer pixels, GenerationSettings settings, long seed)
    {
        string id = ImageId.Of(jobId, index);
        string path = images.Save(id, pixels, Infotext.Of(settings, seed));
        return new JobImage(id, jobId, index, path, "image/png", pixels.Width, pixels.Height, seed);
    }

    /// <summary>An input image or mask of a job, in the size of what is generated from it.</summary>
    public ImageBuffer ReadInput(string relative, int width, int height, Func<byte[], string, int, ImageBuffer> read)
    {
        using ImageBuffer image = read(images.Bytes(relative), "the job's input", ImageBuffer.MaxPixels);
        return ImageDecoder.Cover(image, width, height);
    }

    /// <summary>An input image as it was sent.</summary>
    public ImageBuffer ReadInput(string relative) => ImageDecoder.Read(images.Bytes(relative), "the job's input", ImageBuffer.MaxPixels);
}
