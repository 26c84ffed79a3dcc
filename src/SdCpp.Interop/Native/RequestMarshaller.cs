namespace SdCpp.Interop.Native;

/// <summary>Requests and buffers in the shapes of the bridge.</summary>
internal static unsafe class RequestMarshaller
{
    /// <param name="request">With every value that the bridge needs: see <see cref="ModelDefaults.Complete(ImageRequest)"/>.</param>
    /// <param name="arena">Keeps the texts.</param>
    public static NativeImageParams ToNative(ImageRequest request, Utf8Arena arena)
    {
        EngineOptions options = RequestOptions.Of(request);
        (string? sampler, string? scheduler) = SamplerNames.Resolve(SdEngine.Load(), request.Sampler, request.Scheduler);
        List<(string Name, ImageBuffer Image)> images = ImagesOf(request);
        return new NativeImageParams
        {
            Size = (uint)sizeof(NativeImageParams),
            Width = request.Width!.Value,
            Height = request.Height!.Value,
            Steps = request.Steps!.Value,
            Seed = request.Seed ?? Random.Shared.NextInt64(1L << 32),
            BatchCount = request.BatchCount,
            ClipSkip = request.ClipSkip,
            CfgScale = request.CfgScale!.Value,
            Prompt = arena.Add(request.Prompt, nameof(request.Prompt)),
            NegativePrompt = arena.Add(request.NegativePrompt, nameof(request.NegativePrompt)),
            Sampler = arena.Add(sampler, nameof(request.Sampler)),
            Scheduler = arena.Add(scheduler, nameof(request.Scheduler)),
            Loras = ToNative(request.Loras, arena),
            LoraCount = (uint)request.Loras.Count,
            Options = arena.AddOptions(options),
            OptionCount = (nuint)options.Count,
            Images = ToNative(images, arena),
            ImageCount = (nuint)images.Count,
        };
    }

    /// <param name="request">With every value that the bridge needs: see <see cref="ModelDefaults.Complete(VideoRequest)"/>.</param>
    /// <param name="arena">Keeps the texts.</param>
    public static NativeVideoParams ToNative(VideoRequest request, Utf8Arena arena)
    {
        EngineOptions options = RequestOptions.Of(request);
        (string? sampler, string? scheduler) = SamplerNames.Resolve(SdEngine.Load(), request.Sampler, request.Scheduler);
        List<(string Name, ImageBuffer Image)> images = ImagesOf(request);
        return new NativeVideoParams
        {
            Size = (uint)sizeof(NativeVideoParams),
            Width = request.Width!.Value,
            Height = request.Height!.Value,
            Frames = request.Frames!.Value,
            Fps = request.Fps!.Value,
            Steps = request.Steps!.Value,
            Seed = request.Seed ?? Random.Shared.NextInt64(1L << 32),
            ClipSkip = request.ClipSkip,
            CfgScale = request.CfgScale!.Value,
            Prompt = arena.Add(request.Prompt, nameof(request.Prompt)),
            NegativePrompt = arena.Add(request.NegativePrompt, nameof(request.NegativePrompt)),
            Sampler = arena.Add(sampler, nameof(request.Sampler)),
            Scheduler = arena.Add(scheduler, nameof(request.Scheduler)),
            Loras = ToNative(request.Loras, arena),
            LoraCount = (uint)request.Loras.Count,
            Options = arena.AddOptions(options),
            OptionCount = (nuint)options.Count,
            Images = ToNative(images, arena),
            ImageCount = (nuint)images.Count,
        };
    }

    public static NativeImage ToNative(ImageBuffer image) => new()
    {
        Width = (uint)image.Width,
        Height = (uint)image.Height,
        Channels = (uint)image.Channels,
        Data = (byte*)image.EnteredAddress,
    };

    /// <summary>One buffer for each image of the request, as large as the bridge says; throws before it rents when the request cannot be.</summary>
    public static ImageBuffer[] RentResults(in NativeImageParams parameters)
    {
        uint width = 0, height = 0;
        NativeError error = NativeStatus.NewError();
        fixed (NativeImageParams* request = &parameters)
            NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_result_size(request, &width, &height, &error), error);
        return Rent(parameters.BatchCount, (int)width, (int)height);
    }

    /// <summary>One buffer for each frame of the request; throws before it rents when the request cannot be.</summary>
    public static ImageBuffer[] RentFrames(in NativeVideoParams parameters)
    {
        NativeError error = NativeStatus.NewError();
        fixed (NativeVideoParams* request = &parameters)
            NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_video_check(request, &error), error);
        return Rent(parameters.Frames, parameters.Width, parameters.Height);
    }

    public static NativeResult ToNative(ImageBuffer[] images, Utf8Arena arena) => new()
    {
        Size = (uint)sizeof(NativeResult),
        ImageCount = (uint)images.Length,
        Images = Addresses(images, arena),
        ImageBytes = (nuint)images[0].Length,
    };

    public static NativeVideoResult ToVideoResult(ImageBuffer[] frames, Utf8Arena arena) => new()
    {
        Size = (uint)sizeof(NativeVideoResult),
        FrameCount = (uint)frames.Length,
        Frames = Addresses(frames, arena),
        FrameBytes = (nuint)frames[0].Length,
    };

    /// <summary>The sound that the bridge delivered, in memory of ours; null for none.</summary>
    public static AudioClip? ToAudio(NativeAudio* audio)
    {
        if (audio is null)
            return null;
        var samples = new ReadOnlySpan<float>(audio->Samples, checked((int)(audio->SampleCount * audio->Channels)));
        return new AudioClip((int)audio->SampleRate, (int)audio->Channels, samples.ToArray());
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

    /// <summary>Every image that the request reads from.</summary>
    public static List<ImageBuffer> InputsOf(ImageRequest request)
    {
        List<ImageBuffer> inputs = [.. ImagesOf(request).Select(image => image.Image)];
        if (request is ImageToImageRequest from)
        {
            inputs.Add(from.Image);
            if (from.Mask is { } mask)
                inputs.Add(mask);
        }

        return inputs;
    }

    public static List<(string Name, ImageBuffer Image)> ImagesOf(VideoRequest request)
    {
        List<(string, ImageBuffer)> images = [];
        if (request.StartImage is { } start)
            images.Add(("init_image", start));
        if (request.EndImage is { } end)
            images.Add(("end_image", end));
        images.AddRange(request.ControlFrames.Select(frame => ("control_frames", frame)));
        return images;
    }

    private static ImageBuffer[] Rent(int count, int width, int height)
    {
        var images = new ImageBuffer[count];
        try
        {
            for (int i = 0; i < images.Length; i++)
                images[i] = ImageBuffer.Rent(width, height);
        }
        catch (SdException)
        {
            foreach (ImageBuffer? image in images)
                image?.Dispose();
            throw;
        }

        return images;
    }

    private static byte** Addresses(ImageBuffer[] images, Utf8Arena arena)
    {
        var pointers = (byte**)arena.Block((nuint)(images.Length * sizeof(byte*)));
        for (int i = 0; i < images.Length; i++)
            pointers[i] = (byte*)images[i].EnteredAddress;
        return pointers;
    }

    private static List<(string Name, ImageBuffer Image)> ImagesOf(ImageRequest request)
    {
        List<(string, ImageBuffer)> images = [.. request.ReferenceImages.Select(image => ("ref_images", image))];
        if (request.Control is { } control)
            images.Add(("control_image", control.Image));
        if (request.IpAdapter is { } adapter)
            images.Add(("ip_adapter_image", adapter.Image));
        if (request.PhotoMaker is { Images.Count: 0 })
            throw new SdException(SdError.InvalidArgument, "PhotoMaker: Images is empty; it needs one photograph of the person or more.") { Option = "PhotoMaker.Images" };
        if (request.PhotoMaker is { } person)
            images.AddRange(person.Images.Select(image => ("pm_params.id_images", image)));
        return images;
    }

    private static NativeNamedImage* ToNative(List<(string Name, ImageBuffer Image)> images, Utf8Arena arena)
    {
        if (images.Count == 0)
            return null;
        var to = (NativeNamedImage*)arena.Block((nuint)(images.Count * sizeof(NativeNamedImage)));
        for (int i = 0; i < images.Count; i++)
            to[i] = new NativeNamedImage { Name = arena.Add(images[i].Name, "an image's name"), Image = ToNative(images[i].Image) };
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
