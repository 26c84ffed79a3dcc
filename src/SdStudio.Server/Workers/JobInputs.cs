using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;

namespace SdStudio.Server.Workers;

/// <summary>Reads the input images of jobs, in the sizes that they are generated from.</summary>
internal sealed class JobInputs(ImageFiles files)
{
    private const string What = "the job's input";

    /// <param name="settings">Of the job.</param>
    /// <param name="isReference">Whether the model looks at the input image rather than beginning from it.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<GenerationInputs> ReadAsync(GenerationSettings settings, bool isReference, CancellationToken cancellation)
    {
        (int width, int height) = settings.Hires is { } hires ? (hires.Width, hires.Height) : (settings.Width, settings.Height);
        var inputs = new GenerationInputs { IsReference = isReference };
        try
        {
            if (settings.InputImage is { } image)
            {
                using ImageBuffer sent = await ReadAsync(image, cancellation).ConfigureAwait(false);
                if (settings.Inpaint is { } inpaint)
                    inputs.Canvas = await CanvasAsync(sent, settings.MaskImage, inpaint, new ImageSize(width, height), cancellation).ConfigureAwait(false);
                else
                    inputs.Input = ImageDecoder.Cover(sent, width, height);
            }

            if (settings.Control is { } control)
            {
                using ImageBuffer sent = await ReadAsync(control.Image, cancellation).ConfigureAwait(false);
                (inputs.Control, inputs.Followed) = (control, inputs.Canvas?.SamePartOf(sent) ?? ImageDecoder.Cover(sent, sent.Width, sent.Height));
            }

            foreach (string seen in settings.Identity?.Images ?? [])
                inputs.Identity.Add(await ReadAsync(seen, cancellation).ConfigureAwait(false));
            foreach (string reference in settings.ReferenceImages ?? [])
                inputs.References.Add(await ReadAsync(reference, cancellation).ConfigureAwait(false));
            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    private async Task<InpaintCanvas> CanvasAsync(ImageBuffer image, string? path, InpaintSetting inpaint, ImageSize size, CancellationToken cancellation)
    {
        using ImageBuffer? mask = path is null ? null : ImageDecoder.ReadMask(await files.BytesAsync(path, cancellation).ConfigureAwait(false), What, ImageBuffer.MaxPixels);
        return InpaintCanvas.Of(image, mask, inpaint, size);
    }

    private async Task<ImageBuffer> ReadAsync(string relative, CancellationToken cancellation) =>
        ImageDecoder.Read(await files.BytesAsync(relative, cancellation).ConfigureAwait(false), What, ImageBuffer.MaxPixels);
}

/// <summary>What a job's images are generated from beside the text.</summary>
internal sealed class GenerationInputs : IDisposable
{
    /// <summary>The whole input image, in the size of the first pass; null for none, and where a part of one is generated.</summary>
    public ImageBuffer? Input { get; set; }

    /// <summary>The input image of which a part is generated; null for none.</summary>
    public InpaintCanvas? Canvas { get; set; }

    /// <summary>What the model begins from, or looks at; null for nothing.</summary>
    public ImageBuffer? Image => Canvas?.Image ?? Input;

    /// <summary>Whether the model looks at it rather than beginning from it.</summary>
    public bool IsReference { get; init; }

    /// <summary>How <see cref="Followed"/> is followed; null for no ControlNet.</summary>
    public ControlSetting? Control { get; set; }

    /// <summary>What a ControlNet follows; null for nothing.</summary>
    public ImageBuffer? Followed { get; set; }

    /// <summary>What a ControlNet follows, in the size of a pass; null for nothing. Whoever asks disposes of it.</summary>
    public ControlImage? ControlAt(int width, int height)
    {
        if (Control is not { } control)
            return null;
        ImageBuffer image = ImageDecoder.Cover(Followed!, width, height);
        using (image)
            return new ControlImage(ControlImages.Preprocessed(image, control), (float)control.Weight);
    }

    /// <summary>Whom or what the result looks like.</summary>
    public List<ImageBuffer> Identity { get; } = [];

    /// <summary>More images that the model looks at.</summary>
    public List<ImageBuffer> References { get; } = [];

    /// <summary>Everything that the model looks at.</summary>
    public IReadOnlyList<ImageBuffer> Seen => IsReference && Image is { } image ? [image, .. References] : References;

    public void Dispose()
    {
        Input?.Dispose();
        Canvas?.Dispose();
        Followed?.Dispose();
        Identity.ForEach(image => image.Dispose());
        References.ForEach(reference => reference.Dispose());
    }
}
