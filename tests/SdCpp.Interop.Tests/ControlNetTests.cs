namespace SdCpp.Interop.Tests;

/// <summary>A ControlNet with a model of its family: what its image changes, and exchanging it without loading the model again.</summary>
public sealed class ControlNetTests(Demo demo)
{
    private static readonly TextToImageRequest Request = Demo.Request with { Steps = 1 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_net_follows_its_image_and_is_exchanged_in_a_loaded_model()
    {
        string first = HollowSd1.WriteControlNet(demo.NewPath(".safetensors"), seed: 4), second = HollowSd1.WriteControlNet(demo.NewPath(".safetensors"), seed: 5);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(HollowSd1.Write(demo.NewPath(".sd1"), demo.Files.Taesd), null, Cancellation);
        using ImageBuffer left = Half(isLeft: true), right = Half(isLeft: false);
        byte[] plain = await GenerateAsync(model, Request);
        SdException without = await Assert.ThrowsAsync<SdException>(() => GenerateAsync(model, Request with { Control = new ControlImage(left) }));
        Assert.Contains("control_net_path", without.Message, StringComparison.Ordinal);

        await model.SetControlNetAsync(first, null, Cancellation);
        Assert.Equal(first, model.ControlNetPath);
        byte[] one = await GenerateAsync(model, Request with { Control = new ControlImage(left) });
        byte[] other = await GenerateAsync(model, Request with { Control = new ControlImage(right) });
        Assert.Equal(plain, await GenerateAsync(model, Request with { Control = new ControlImage(left, 0) }));
        Assert.Equal(plain, await GenerateAsync(model, Request));
        await model.SetControlNetAsync(second, null, Cancellation);
        byte[] exchanged = await GenerateAsync(model, Request with { Control = new ControlImage(left) });
        Assert.Equal(4, new[] { plain, one, other, exchanged }.Select(Convert.ToHexString).Distinct().Count());

        SdException wrong = await Assert.ThrowsAsync<SdException>(() => model.SetControlNetAsync(demo.Files.Taesd, null, Cancellation));
        Assert.Contains("is a tiny autoencoder; ControlNetPath needs a ControlNet", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(second, model.ControlNetPath);
        await model.SetControlNetAsync(null, null, Cancellation);
        Assert.Null(model.ControlNetPath);
        Assert.Equal(plain, await GenerateAsync(model, Request));
    }

    [Fact]
    public async Task A_net_of_another_family_is_a_sentence()
    {
        string net = HollowSd1.WriteControlNet(demo.NewPath(".safetensors"), seed: 4);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.SetControlNetAsync(net, null, Cancellation));
        Assert.Equal(SdError.ModelFileInvalid, refused.Code);
        Assert.Contains("is given as a ControlNet, which the engine has for Sd1, Sd2, Sdxl, but", refused.Message, StringComparison.Ordinal);
        Assert.Contains("is ZImage", refused.Message, StringComparison.Ordinal);
        await demo.GenerateAsync(Request);
    }

    [Fact]
    public void Edges_are_found_where_colours_change()
    {
        using ImageBuffer image = Half(isLeft: true);
        using ImageBuffer edges = demo.Engine.FindEdges(image), inverse = demo.Engine.FindEdges(image, new EdgeDetection { Inverse = true });
        bool[] columns = [.. Enumerable.Range(0, 64).Select(x => edges.Span[((32 * 64) + x) * 3] > 127)];
        Assert.Contains(true, columns[30..34]);
        Assert.DoesNotContain(true, columns[4..28]);
        Assert.DoesNotContain(true, columns[36..60]);
        Assert.Equal(255 - edges.Span[0], inverse.Span[0]);
        Assert.Equal(SdError.InvalidArgument, Assert.Throws<SdException>(() => demo.Engine.FindEdges(image, new EdgeDetection { HighThreshold = 2 })).Code);
    }

    private static ImageBuffer Half(bool isLeft)
    {
        ImageBuffer image = ImageBuffer.Create(64, 64);
        for (int i = 0; i < image.Length; i++)
            image.Span[i] = (byte)(i / 3 % 64 < 32 == isLeft ? 255 : 0);
        return image;
    }

    private static async Task<byte[]> GenerateAsync(DiffusionModel model, TextToImageRequest request)
    {
        using GenerationResult result = await model.TextToImageAsync(request, null, Cancellation);
        return result.Images[0].Image.Span.ToArray();
    }
}
