namespace SdCpp.Interop.Native;

/// <summary>Requests and buffers in the shapes of the bridge.</summary>
internal static unsafe class RequestMarshaller
{
    public static NativeImageParams ToNative(ImageRequest request, Utf8Arena arena)
    {
        EngineOptions options = RequestOptions.Of(request);
        List<(string Name, ImageBuffer Image)> pictures = PicturesOf(request);
        return new NativeImageParams
        {
            Size = (uint)sizeof(NativeImageParams),
            Width = request.Width,
            Height = request.Height,
            Steps = request.Steps,
            Seed = request.Seed ?? Random.Shared.NextInt64(1L << 32),
            BatchCount = request.BatchCount,
            ClipSkip = request.ClipSkip,
            CfgScale = request.CfgScale,
            Prompt = arena.Add(request.Prompt, nameof(request.Prompt)),
            NegativePrompt = arena.Add(request.NegativePrompt, nameof(request.NegativePrompt)),
            Sampler = arena.Add(request.Sampler, nameof(request.Sampler)),
            Scheduler = arena.Add(request.Scheduler, nameof(request.Scheduler)),
            Loras = ToNative(request.Loras, arena),
            LoraCount = (uint)request.Loras.Count,
            Options = arena.AddOptions(options),
            OptionCount = (nuint)options.Count,
            Pictures = ToNative(pictures, arena),
            PictureCount = (nuint)pictures.Count,
        };
    }

    public static NativeImage ToNative(ImageBuffer image) => new()
    {
        Width = (uint)image.Width,
        Height = (uint)image.Height,
        Channels = (uint)image.Channels,
        Data = (byte*)image.Address,
    };

    /// <summary>One buffer an image of the request; throws before it rents when the request cannot be.</summary>
    public static ImageBuffer[] RentResults(ImageRequest request)
    {
        if (request.BatchCount is < 1 or > ImageRequest.MaxBatchCount)
        {
            throw new SdException(
                SdError.InvalidArgument, $"BatchCount is {request.BatchCount}; allowed is 1 to {ImageRequest.MaxBatchCount}");
        }

        (int width, int height) = SizeOf(request);
        var images = new ImageBuffer[request.BatchCount];
        try
        {
            for (int i = 0; i < images.Length; i++)
                images[i] = ImageBuffer.Create(width, height);
        }
        catch (SdException)
        {
            foreach (ImageBuffer? image in images)
                image?.Dispose();
            throw;
        }

        return images;
    }

    public static NativeResult ToNative(ImageBuffer[] images, Utf8Arena arena)
    {
        var pointers = (byte**)arena.Block((nuint)(images.Length * sizeof(byte*)));
        for (int i = 0; i < images.Length; i++)
            pointers[i] = (byte*)images[i].Address;
        return new NativeResult
        {
            Size = (uint)sizeof(NativeResult),
            ImageCount = (uint)images.Length,
            Images = pointers,
            ImageBytes = (nuint)images[0].Length,
        };
    }

    /// <summary>The finished images, with their seeds; the buffers of the others go back.</summary>
    public static GeneratedImage[] ToImages(ImageBuffer[] pixels, int finished, long firstSeed)
    {
        foreach (ImageBuffer rest in pixels.AsSpan(finished))
            rest.Dispose();
        var images = new GeneratedImage[finished];
        for (int i = 0; i < finished; i++)
            images[i] = new GeneratedImage(pixels[i], firstSeed + i);
        return images;
    }

    // As the bridge computes it: what is not possible gets the request's own size here and the bridge's refusal later.
    private static (int Width, int Height) SizeOf(ImageRequest request) => request.Hires switch
    {
        { Width: { } width, Height: { } height } => (width, height),
        { Scale: >= 1 and <= 16 } hires => (Scaled(request.Width, hires.Scale), Scaled(request.Height, hires.Scale)),
        _ => (request.Width, request.Height),
    };

    private static int Scaled(int side, float scale) => (int)Math.Round(side * (double)scale, MidpointRounding.AwayFromZero);

    private static List<(string Name, ImageBuffer Image)> PicturesOf(ImageRequest request)
    {
        List<(string, ImageBuffer)> pictures = [.. request.ReferenceImages.Select(image => ("ref_images", image))];
        if (request.Control is { } control)
            pictures.Add(("control_image", control.Image));
        if (request.IpAdapter is { } adapter)
            pictures.Add(("ip_adapter_image", adapter.Image));
        if (request.PhotoMaker is { Images.Count: 0 })
            throw new SdException(SdError.InvalidArgument, "PhotoMaker: Images is empty; it needs one photograph of the person or more.");
        if (request.PhotoMaker is { } person)
            pictures.AddRange(person.Images.Select(image => ("pm_params.id_images", image)));
        return pictures;
    }

    private static NativePicture* ToNative(List<(string Name, ImageBuffer Image)> pictures, Utf8Arena arena)
    {
        if (pictures.Count == 0)
            return null;
        var to = (NativePicture*)arena.Block((nuint)(pictures.Count * sizeof(NativePicture)));
        for (int i = 0; i < pictures.Count; i++)
            to[i] = new NativePicture { Name = arena.Add(pictures[i].Name, "a picture's name"), Image = ToNative(pictures[i].Image) };
        return to;
    }

    private static NativeLora* ToNative(IReadOnlyList<LoraReference> loras, Utf8Arena arena)
    {
        if (loras.Count == 0)
            return null;
        var to = (NativeLora*)arena.Block((nuint)(loras.Count * sizeof(NativeLora)));
        for (int i = 0; i < loras.Count; i++)
            to[i] = new NativeLora { Path = arena.Add(loras[i].Path, "a LoRA path"), Multiplier = loras[i].Multiplier, HighNoise = loras[i].HighNoise ? 1u : 0u };
        return to;
    }
}
