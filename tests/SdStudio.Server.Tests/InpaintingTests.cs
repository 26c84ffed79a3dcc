using System.Globalization;
using System.Net;
using System.Text.Json;
using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;

namespace SdStudio.Server.Tests;

/// <summary>What the mask does not show stays as it was, to the byte, on every surface; and what happens where it shows something.</summary>
public sealed class InpaintingTests(Workshop studio)
{
    // Noise: no pixel is like its neighbours, so that nothing is kept by chance.
    private static byte[] Noise(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(width + height).NextBytes(pixels);
        using ImageBuffer image = ImageBuffer.FromPixels(pixels, width, height);
        return image.ToArray();
    }

    // A rectangle in the second third, as each surface's clients send it.
    private static byte[] Mask(string kind, int width, int height)
    {
        using Image black = Image.Black(width, height).Cast(Enums.BandFormat.Uchar);
        using Image white = black.Mutate(image => image.DrawRect([255], width / 3, height / 3, width / 3, height / 3, fill: true));
        return kind switch
        {
            "white" => white.PngsaveBuffer(),
            "soft" => white.Gaussblur(1.5).PngsaveBuffer(),
            "holes" => black.Bandjoin([black, black]).Copy(interpretation: Enums.Interpretation.Srgb).Bandjoin(white.Invert()).PngsaveBuffer(),
            "jpeg" => white.JpegsaveBuffer(q: 100),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    private static (int Outside, int Inside) Changed(ReadOnlySpan<byte> before, PngFile after, Func<int, int, bool> isOutside)
    {
        (int outside, int inside) = (0, 0);
        for (int y = 0; y < after.Height; y++)
        {
            for (int x = 0; x < after.Width; x++)
            {
                int at = ((y * after.Width) + x) * 3;
                if (before.Slice(at, 3).SequenceEqual(after.Pixels.AsSpan(at, 3)))
                    continue;
                if (isOutside(x, y))
                    outside++;
                else
                    inside++;
            }
        }

        return (outside, inside);
    }

    private async Task<(JsonElement Answer, PngFile Image)> EditAsync(byte[] image, byte[]? mask, params (string Name, string Value)[] fields)
    {
        using MultipartFormDataContent form = StudioServer.Form(image, [("model", "demo"), ("prompt", "a red circle"), ("steps", "1"), ("seed", "5"), .. fields]);
        if (mask is not null)
            form.Add(new ByteArrayContent(mask), "mask", "mask.png");
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/edit", form);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return (body, await studio.Server.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!));
    }

    private async Task<(JsonElement Info, PngFile Image)> ImageToImageAsync(byte[] image, byte[]? mask, string more)
    {
        string masked = mask is null ? "" : $"\"mask\":\"{Convert.ToBase64String(mask)}\",";
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/img2img", StudioServer.Json(
            $$"""{"init_images":["{{Convert.ToBase64String(image)}}"],{{masked}}"prompt":"a red circle","steps":1,"seed":5,{{more}}}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return (info.RootElement.Clone(), new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()));
    }

    [Theory]
    [InlineData("white", 64, 64, 0, false)]
    [InlineData("white", 61, 45, 3, false)]
    [InlineData("soft", 96, 40, 0, false)]
    [InlineData("holes", 64, 48, 1.5, false)]
    [InlineData("jpeg", 64, 64, 0, false)]
    [InlineData("white", 96, 64, 2, true)]
    [InlineData("holes", 90, 121, 0, true)]
    public async Task Outside_the_mask_every_byte_is_the_inputs(string kind, int width, int height, double blur, bool onlyMasked)
    {
        byte[] image = Noise(width, height);
        (JsonElement answer, PngFile result) = await EditAsync(
            image, Mask(kind, width, height), ("strength", "1"), ("mask_blur", blur.ToString(CultureInfo.InvariantCulture)),
            ("inpaint_area", onlyMasked ? "masked" : "whole"), ("inpaint_padding", "4"), ("size", onlyMasked ? "64x64" : $"{width}x{height}"));

        Assert.Equal((width, height), (result.Width, result.Height));
        // Beyond four times the blur nothing of the mask is left; JPEG is grey around a white edge.
        int soft = (int)Math.Ceiling(4 * blur) + (kind is "soft" or "jpeg" ? 8 : 0);
        (int outside, int inside) = Changed(new PngFile(image).Pixels, result, (x, y) =>
            x < (width / 3) - soft || x >= (width / 3 * 2) + soft || y < (height / 3) - soft || y >= (height / 3 * 2) + soft);
        Assert.Equal(0, outside);
        Assert.InRange(inside, width / 3 * (height / 3) * 9 / 10, int.MaxValue);
        Assert.Equal(0, answer.GetProperty("outside_mask_changed").GetInt32());
        Assert.Equal(0, (await studio.Server.GenerationAsync(answer.GetProperty("id").GetString()!)).GetProperty("outside_mask_changed").GetInt32());
    }

    [Fact]
    public async Task An_input_of_another_size_keeps_the_bytes_that_it_has_in_the_results_size()
    {
        byte[] image = Noise(130, 90);
        using ImageBuffer read = ImageDecoder.Read(image, "image", ImageBuffer.MaxPixels);
        using ImageBuffer covered = ImageDecoder.Cover(read, 64, 64);

        (JsonElement answer, PngFile result) = await EditAsync(image, Mask("white", 64, 64), ("size", "64x64"), ("strength", "1"));

        (int outside, int inside) = Changed(covered.Span, result, (x, y) => x is < 21 or >= 42 || y is < 21 or >= 42);
        Assert.Equal((0, 0), (outside, answer.GetProperty("outside_mask_changed").GetInt32()));
        Assert.InRange(inside, 300, 441);
    }

    [Fact]
    public async Task A_mask_without_an_image_is_named_on_every_surface()
    {
        string rest = $$"""
            "model":"demo","prompt":"a red circle","size":"16x16","steps":1,"mask":"{{Convert.ToBase64String(Mask("white", 16, 16))}}"
            """;
        (_, JsonElement answer) = await studio.Server.GenerateAsync($"{{{rest}}}");
        Assert.Equal(["mask was ignored: generate does not take it"], Notes(answer));
        (_, answer) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json($"{{{rest}}}"));
        Assert.Equal(["mask was ignored: these images begin from none; POST /v1/images/edits takes both"], Notes(answer));
        (_, answer) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json($"{{{rest},\"width\":16,\"height\":16}}"));
        Assert.Equal(["mask is left out: txt2img begins from no image, img2img takes both"], Notes(JsonElement.Parse(answer.GetProperty("info").GetString()!)));
        (_, answer) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/grid", StudioServer.Json($"{{\"base\":{{{rest}}},\"x\":{{\"field\":\"steps\",\"values\":[1,2]}}}}"));
        Assert.Equal(["mask was ignored: generate does not take it"], Notes(await studio.Server.GenerationAsync(answer.GetProperty("job_id").GetString()!)));

        static string[] Notes(JsonElement of) => [.. of.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!)];
    }

    [Fact]
    public async Task An_inverted_mask_and_a_replay_keep_the_same_half()
    {
        byte[] image = Noise(64, 64);
        (JsonElement answer, PngFile result) = await EditAsync(image, Mask("white", 64, 64), ("mask_invert", "true"), ("strength", "1"), ("mask_blur", "1"));

        (int inMiddle, int around) = Changed(new PngFile(image).Pixels, result, (x, y) => x is > 25 and < 38 && y is > 25 and < 38);
        Assert.Equal(0, inMiddle);
        Assert.InRange(around, 3000, 4096);
        string id = answer.GetProperty("data")[0].GetProperty("id").GetString()!;
        (_, JsonElement again) = await studio.Server.SendAsync(HttpMethod.Post, $"/api/images/{id}/reproduce");
        Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());
        (_, JsonElement parameters) = await studio.Server.GetAsync($"/api/images/{id}/parameters");
        Assert.Equal((true, 1.0), (parameters.GetProperty("mask_invert").GetBoolean(), parameters.GetProperty("mask_blur").GetDouble()));
        Assert.Contains("Mask blur: 1, Mask inverted: true, ", parameters.GetProperty("infotext").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_small_area_is_generated_large_and_put_back()
    {
        // A red circle on blue of 48 pixels in the middle of a noisy image of 144.
        PngFile start = await studio.Server.GenerateOneAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"128x128","steps":8,"seed":1}""");
        byte[] image = Noise(144, 144);
        (JsonElement answer, PngFile result) = await EditAsync(
            image, Mask("white", 144, 144), ("prompt", "a red circle on a blue background"), ("steps", "8"), ("strength", "1"), ("size", "128x128"),
            ("inpaint_area", "masked"), ("inpaint_padding", "0"));

        Assert.Equal((144, 144), (result.Width, result.Height));
        Assert.Equal(0, answer.GetProperty("outside_mask_changed").GetInt32());
        start.ShowsAt(.5, .5, (219, 26, 31));
        result.ShowsAt(.5, .5, (219, 26, 31));
        // In the corner of the area, not of the image: the circle has the area's size.
        result.ShowsAt(.35, .35, (31, 71, 219));
        Assert.Contains("Inpaint area: Only masked, Masked area padding: 0, ", result.Infotext().Text, StringComparison.Ordinal);
    }

    [Theory]
    // The area of the mask is 20 × 20; with the padding 28 × 28.
    [InlineData(100, 100, 40, 40, 64, 64, 36, 36, 28, 28)]
    [InlineData(100, 100, 40, 40, 128, 64, 22, 36, 56, 28)]
    [InlineData(100, 100, 40, 40, 64, 128, 36, 22, 28, 56)]
    // At the border it is moved inside.
    [InlineData(100, 100, 0, 40, 128, 64, 0, 36, 56, 28)]
    [InlineData(100, 100, 80, 80, 64, 64, 76, 76, 24, 24)]
    // It cannot grow beyond the image.
    [InlineData(40, 100, 10, 40, 128, 32, 0, 36, 40, 28)]
    public void The_area_has_the_results_shape_and_stays_inside(int width, int height, int left, int top, int wide, int high, int x, int y, int areaWidth, int areaHeight)
    {
        using ImageBuffer image = ImageBuffer.Load(new MemoryStream(Noise(width, height))), mask = ImageBuffer.Create(width, height, 1);
        mask.Span.Clear();
        for (int row = top; row < Math.Min(height, top + 20); row++)
            mask.Span.Slice((row * width) + left, Math.Min(20, width - left)).Fill(255);

        using InpaintCanvas canvas = InpaintCanvas.Of(image, mask, new InpaintSetting { OnlyMasked = true, Padding = 4 }, new ImageSize(wide, high));

        Assert.Equal((wide, high, wide, high), (canvas.Image.Width, canvas.Image.Height, canvas.Mask.Width, canvas.Mask.Height));
        Assert.Equal(new System.Drawing.Rectangle(x, y, areaWidth, areaHeight), canvas.Area);
        // What goes in comes out: nothing was generated, nothing changes outside, and little where it was scaled there and back.
        using ImageBuffer back = canvas.PutBack(canvas.Image);
        Assert.Equal(0, canvas.CountChangedOutside(back));
        back.Span[0] ^= 1;
        Assert.Equal(mask.Span[0] == 0 ? 1 : 0, canvas.CountChangedOutside(back));
    }

    [Fact]
    public void A_masked_area_begins_from_what_was_asked_for()
    {
        using ImageBuffer image = ImageBuffer.Create(64, 64), mask = ImageBuffer.Create(64, 64, 1);
        for (int i = 0; i < image.Length; i++)
            image.Span[i] = (byte)(i / 3 % 64 < 32 ? 40 : 200);
        mask.Span.Clear();
        for (int row = 16; row < 48; row++)
        {
            mask.Span.Slice((row * 64) + 16, 32).Fill(255);
            for (int x = 16; x < 48; x++)
                image.Span.Slice(((row * 64) + x) * 3, 3).Fill(255);
        }

        byte[] At(string content, int x)
        {
            using InpaintCanvas canvas = InpaintCanvas.Of(image, mask, new InpaintSetting { Content = content }, new ImageSize(64, 64));
            return canvas.Image.Span.Slice(((32 * 64) + x) * 3, 3).ToArray();
        }

        Assert.Equal([255, 255, 255], At(InpaintSetting.Original, 32));
        Assert.Equal([127, 127, 127], At(InpaintSetting.Nothing, 32));
        Assert.NotEqual(At(InpaintSetting.Noise, 30), At(InpaintSetting.Noise, 31));
        Assert.Equal(At(InpaintSetting.Noise, 30), At(InpaintSetting.Noise, 30));
        // The colours of the nearer side.
        Assert.InRange(At(InpaintSetting.Fill, 18)[0], 30, 90);
        Assert.InRange(At(InpaintSetting.Fill, 45)[0], 150, 210);
        Assert.Equal([40, 40, 40], At(InpaintSetting.Fill, 5));
    }

    [Theory]
    [InlineData("form")]
    [InlineData("json")]
    [InlineData("list")]
    [InlineData("openai")]
    [InlineData("a1111")]
    public async Task An_image_is_extended_and_keeps_every_byte(string kind)
    {
        byte[] image = Noise(64, 40);
        const string Sides = """{"left":16,"right":"8","bottom":24}""";
        PngFile result;
        if (kind == "json")
        {
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/edit", StudioServer.Json(
                $$"""{"model":"demo","prompt":"a red circle","steps":1,"image":"{{Convert.ToBase64String(image)}}","extend":{{Sides}}}"""));
            Assert.True(status == HttpStatusCode.OK, body.ToString());
            result = await studio.Server.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!);
        }
        else if (kind == "openai")
        {
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/edits", StudioServer.Json(
                $$"""{"model":"demo","prompt":"a red circle","steps":1,"images":[{"image_url":"data:image/png;base64,{{Convert.ToBase64String(image)}}"}],"extend":{{Sides}}}"""));
            Assert.True(status == HttpStatusCode.OK, body.ToString());
            result = new PngFile(body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64());
        }
        else if (kind == "a1111")
        {
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/img2img", StudioServer.Json(
                $$"""{"prompt":"a red circle","steps":1,"init_images":["{{Convert.ToBase64String(image)}}"],"extend":{{Sides}}}"""));
            Assert.True(status == HttpStatusCode.OK, body.ToString());
            result = new PngFile(body.GetProperty("images")[0].GetBytesFromBase64());
        }
        else
        {
            (JsonElement answer, result) = await EditAsync(image, null, ("extend", kind == "form" ? Sides : "16,0,8,24"));
            Assert.Equal(0, answer.GetProperty("outside_mask_changed").GetInt32());
        }

        Assert.Equal((88, 64), (result.Width, result.Height));
        byte[] before = new PngFile(image).Pixels;
        for (int y = 0; y < 40; y++)
            Assert.Equal(before.AsSpan(y * 64 * 3, 64 * 3), result.Pixels.AsSpan(((y * 88) + 16) * 3, 64 * 3));
        Assert.Contains("Extend: \"16,0,8,24\", ", result.Infotext().Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("extend", """{"left":-1}""", "extend is '{\"left\":-1}'; allowed is {\"left\": …")]
    [InlineData("extend", """{"sideways":1}""", "allowed is {\"left\": …")]
    [InlineData("extend", "1,2,3", "each a whole number from 0 to 2048")]
    [InlineData("extend", "2048,0,0,0", "extend makes the image of 64x40 pixels 2112x40")]
    [InlineData("mask_blur", "-1", "a number from 0 to 256")]
    [InlineData("inpaint_area", "half", "one of: whole, masked")]
    [InlineData("inpaint_fill", "4", "one of: original, fill, noise, nothing")]
    [InlineData("inpaint_padding", "x", "a whole number from 0 to 1024")]
    public async Task What_makes_no_sense_is_refused(string field, string value, string reason)
    {
        using MultipartFormDataContent form = StudioServer.Form(Noise(64, 40), ("model", "demo"), ("prompt", "x"), (field, value));
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/edit", form);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Automatic1111s_fields_mean_what_they_mean_there()
    {
        byte[] image = Noise(128, 96), mask = Mask("white", 128, 96);
        byte[] before = new PngFile(image).Pixels;
        // Only the masked area is its default, and the image keeps its size.
        (JsonElement info, PngFile only) = await ImageToImageAsync(image, mask, "\"width\":64,\"height\":64,\"mask_blur\":0,\"inpaint_full_res_padding\":8");
        Assert.Equal((128, 96), (only.Width, only.Height));
        Assert.Equal(0, Changed(before, only, (x, y) => x is < 42 or >= 84 || y is < 32 or >= 64).Outside);
        Assert.Equal(0, info.GetProperty("outside_mask_changed").GetInt32());
        Assert.Equal("Only masked", info.GetProperty("extra_generation_params").GetProperty("Inpaint area").GetString());
        Assert.Equal("8", info.GetProperty("extra_generation_params").GetProperty("Masked area padding").GetString());

        (info, PngFile whole) = await ImageToImageAsync(image, mask, "\"width\":64,\"height\":64,\"inpaint_full_res\":0,\"inpainting_fill\":1");
        Assert.Equal((64, 64), (whole.Width, whole.Height));
        Assert.Equal("4", info.GetProperty("extra_generation_params").GetProperty("Mask blur").GetString());
        Assert.DoesNotContain("Not supported", info.GetProperty("notes").ToString(), StringComparison.Ordinal);

        (_, PngFile inverted) = await ImageToImageAsync(image, mask, "\"mask_blur\":0,\"inpainting_mask_invert\":1,\"inpaint_full_res\":false,\"width\":128,\"height\":96");
        Assert.Equal(0, Changed(before, inverted, (x, y) => x is >= 42 and < 84 && y is >= 32 and < 64).Outside);
        // Each content is another beginning.
        List<string> contents = [];
        foreach (int fill in (int[])[0, 1, 2, 3])
        {
            (info, PngFile filled) = await ImageToImageAsync(image, mask, $"\"inpaint_full_res\":false,\"width\":128,\"height\":96,\"denoising_strength\":0.2,\"inpainting_fill\":{fill}");
            contents.Add(Convert.ToHexString(filled.Pixels));
            Assert.Equal(fill > 1, info.GetProperty("notes").ToString().Contains($"inpainting_fill {fill}", StringComparison.Ordinal));
        }

        Assert.Equal(4, contents.Distinct().Count());
        // Without a mask these fields say nothing.
        (info, _) = await ImageToImageAsync(image, null, "\"inpaint_full_res\":true,\"inpainting_fill\":2,\"width\":32,\"height\":32");
        Assert.Equal(0, info.GetProperty("notes").GetArrayLength());
        Assert.False(info.TryGetProperty("outside_mask_changed", out _));
    }

    [Fact]
    public async Task Openais_edits_keep_what_is_opaque_to_the_byte()
    {
        byte[] image = Noise(64, 64);
        using MultipartFormDataContent form = StudioServer.Form(image, ("model", "demo"), ("prompt", "a red circle"), ("steps", "1"), ("size", "64x64"));
        form.Add(new ByteArrayContent(Mask("holes", 64, 64)), "mask", "mask.png");
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/edits", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        var result = new PngFile(body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64());
        (int outside, int inside) = Changed(new PngFile(image).Pixels, result, (x, y) => x is < 21 or >= 42 || y is < 21 or >= 42);
        Assert.Equal(0, outside);
        Assert.InRange(inside, 400, 441);
        Assert.Equal(0, body.GetProperty("outside_mask_changed").GetInt32());
    }

    [Fact]
    public async Task Another_servers_model_changes_nothing_outside_the_mask_either()
    {
        await using StudioServer asking = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{studio.Server.Http.BaseAddress}}", api_model: demo, capabilities: ["image-to-image"] } }"""));
        byte[] image = Noise(64, 48);
        using MultipartFormDataContent form = StudioServer.Form(image, ("model", "far"), ("prompt", "a red circle"), ("steps", "1"), ("size", "64x64"), ("inpaint_area", "masked"));
        form.Add(new ByteArrayContent(Mask("white", 64, 48)), "mask", "mask.png");
        (HttpStatusCode status, JsonElement body) = await asking.SendAsync(HttpMethod.Post, "/api/edit", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        PngFile result = await asking.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!);
        (int outside, int inside) = Changed(new PngFile(image).Pixels, result, (x, y) => x is < 21 or >= 42 || y is < 16 or >= 32);
        Assert.Equal((0, 0), (outside, body.GetProperty("outside_mask_changed").GetInt32()));
        Assert.InRange(inside, 300, 336);
    }
}
