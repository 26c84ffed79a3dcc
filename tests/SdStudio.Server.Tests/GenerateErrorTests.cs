using System.Net;
using System.Text.Json;
using SdCpp.Interop;

namespace SdStudio.Server.Tests;

public sealed class GenerateErrorTests(Workshop studio)
{
    [Theory]
    [InlineData("size", "\"big\"", "WIDTHxHEIGHT")]
    [InlineData("size", "\"7x64\"", "8 to 2048")]
    [InlineData("size", "\"64x2049\"", "8 to 2048")]
    [InlineData("size", "\"64x-64\"", "WIDTHxHEIGHT")]
    [InlineData("size", "\"64x64x64\"", "WIDTHxHEIGHT")]
    [InlineData("size", "{}", "text")]
    [InlineData("n", "0", "1 to 10")]
    [InlineData("n", "11", "1 to 10")]
    [InlineData("n", "1.5", "whole number")]
    [InlineData("n", "true", "whole number")]
    [InlineData("n", "[1]", "whole number")]
    [InlineData("quality", "\"best\"", "auto, low, medium, high, hd, standard")]
    [InlineData("style", "\"wild\"", "vivid, natural")]
    [InlineData("seed", "\"seven\"", "whole number")]
    [InlineData("seed", "-2", "from -1")]
    [InlineData("seed", "1e300", "whole number")]
    [InlineData("steps", "0", "1 to 150")]
    [InlineData("steps", "151", "1 to 150")]
    [InlineData("sample_steps", "\"many\"", "1 to 150")]
    [InlineData("cfg_scale", "\"NaN\"", "0 to 100")]
    [InlineData("cfg_scale", "-1", "0 to 100")]
    [InlineData("cfg_scale", "1e999", "0 to 100")]
    [InlineData("sampler", "\"dowsing\"", "euler_a")]
    [InlineData("sampling_method", "\"dowsing\"", "euler_a")]
    [InlineData("scheduler", "\"tuesday\"", "karras")]
    [InlineData("clip_skip", "13", "-1 to 12")]
    [InlineData("prompt", "{\"text\":1}", "text")]
    [InlineData("prompt", "true", "text")]
    [InlineData("prompt", "\"\\ud800\"", "Unicode")]
    [InlineData("loras", "[{\"name\":\"\\udc00x\"}]", "Unicode")]
    [InlineData("somebodys_own", "{\"\\ud800\":1}", "Unicode")]
    [InlineData("prompt", "\"a\\u0000b\"", "zero character")]
    [InlineData("negative_prompt", "[]", "text")]
    public async Task A_bad_value_is_refused_with_the_field_the_value_and_what_is_allowed(string field, string value, string allowed)
    {
        string prompt = field == "prompt" ? "" : ""","prompt":"a red circle" """;
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync($$"""{"model":"demo"{{prompt}},"{{field}}":{{value}}}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        string error = Shape.Error(body);
        Assert.StartsWith(field, error, StringComparison.Ordinal);
        Assert.Contains(allowed, error, StringComparison.Ordinal);
        if (value.Trim('"') is var plain && !plain.Contains('\\', StringComparison.Ordinal))
            Assert.Contains(plain, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_whose_edges_fit_is_not_decoded_in_tiles()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync(
            """{"model":"demo","prompt":"a red circle","size":"64x64","tiling":true,"vae_tiling":true}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("vae_tiling and tiling are both set", body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_answer_names_every_field_that_is_wrong()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync("""{"model":"demo","size":"x","n":99,"steps":-1,"seed":"a"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        string[] problems = Shape.Error(body).Split("; ");
        Assert.Contains("Missing required field: prompt", problems);
        foreach (string field in new[] { "size", "n", "steps", "seed" })
            Assert.Contains(problems, problem => problem.StartsWith(field + " is ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"prompt":"a red circle"}""", "Missing required field: model")]
    [InlineData("""{"model":"demo"}""", "Missing required field: prompt")]
    [InlineData("""{"model":"demo","prompt":"  "}""", "Missing required field: prompt")]
    [InlineData("""{"model":"demo","prompt":null}""", "Missing required field: prompt")]
    public async Task What_is_required_must_be_there(string json, string expected)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync(json);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(expected, Shape.Error(body));
    }

    [Fact]
    public async Task An_unknown_model_is_refused_with_the_ones_there_are()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync("""{"model":"zzz","prompt":"a red circle"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("Invalid model: zzz", Shape.Error(body));
        Assert.Equal(
            "Model 'zzz' not found in configuration. Available models: demo, tiny, missing, black, odd", body.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("prompt")]
    [InlineData("negative_prompt")]
    public async Task A_prompt_has_a_limit_in_bytes(string field)
    {
        string tooLong = new('ä', 4001);
        string prompt = field == "prompt" ? "" : ""","prompt":"a red circle" """;
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync($$"""{"model":"demo"{{prompt}},"{{field}}":"{{tooLong}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal($"{field} has 8002 bytes; allowed are at most 8000", Shape.Error(body));
    }

    [Fact]
    public async Task A_size_within_the_sides_may_still_have_too_many_pixels()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxPixels=4096");

        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle","size":"65x64"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("at most 4096 pixels", Shape.Error(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "The body is empty; send a JSON object")]
    [InlineData(" \r\n", "The body is empty; send a JSON object")]
    [InlineData("{\n\"model\":demo}", "not valid JSON (line 2, byte 9)")]
    [InlineData("{\"model\":\"demo\",}", "not valid JSON")]
    [InlineData("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]", "more than 64 deep")]
    [InlineData("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]", "not valid JSON")]
    [InlineData("model=demo", "not valid JSON")]
    [InlineData("{\"\\ud800\":1}", "not valid JSON")]
    [InlineData("[]", "must be a JSON object")]
    [InlineData("null", "must be a JSON object")]
    [InlineData("7", "must be a JSON object")]
    public async Task What_is_no_json_object_is_refused(string text, string expected)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync(text);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(expected, Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_content_type_is_refused()
    {
        using HttpResponseMessage response = await studio.Server.PostAsync("{}", TestContext.Current.CancellationToken, "text/plain");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Contains("application/json", Shape.Error(body.RootElement), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/generate")]
    [InlineData("/api/queue/generate")]
    [InlineData("/v1/images/generations")]
    [InlineData("/sdapi/v1/txt2img")]
    public async Task A_model_without_its_files_is_refused_with_the_file_and_what_to_do_before_a_job_is_made_of_it(string path)
    {
        string prompt = $"no file for {path}";

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, StudioServer.Json($$"""{"model":"missing","prompt":"{{prompt}}"}"""));

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("models/not-there.gguf", body.ToString(), StringComparison.Ordinal);
        Assert.Contains("POST /api/models/download", body.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(studio.Server.Folder, body.ToString(), StringComparison.Ordinal);
        Assert.Null(StudioServer.Query(studio.Server.Folder, "SELECT id FROM jobs WHERE json_extract(settings, '$.prompt') = $value", prompt));
    }

    [Fact]
    public async Task An_image_whose_model_has_lost_its_files_is_not_reproduced_and_no_job_is_made_of_it()
    {
        string folder = studio.NewDataFolder();
        await using StudioServer server = await StudioServer.StartAsync(folder);
        (_, string[] images) = await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""");
        File.Delete(Path.Combine(folder, "models", "demo-taesd.gguf"));

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, $"/api/images/{images[0]}/reproduce");

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("demo-taesd.gguf", Shape.Error(body), StringComparison.Ordinal);
        Assert.Equal(1L, StudioServer.Query(folder, "SELECT count(*) FROM jobs WHERE id <> $value", ""));
    }

    [Fact]
    public async Task A_damaged_model_file_fails_the_job_and_the_server_goes_on()
    {
        string folder = studio.NewDataFolder(
            """
            models:
              torn:
                name: "Torn"
                args: ["--diffusion-model", "models/torn.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
              demo:
                name: "Demo"
                args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]

            """);
        byte[] whole = File.ReadAllBytes(Path.Combine(folder, "models", "demo-diffusion.gguf"));
        File.WriteAllBytes(Path.Combine(folder, "models", "torn.gguf"), whole[..(whole.Length / 2)]);
        await using StudioServer server = await StudioServer.StartAsync(folder);

        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync("""{"model":"torn","prompt":"a red circle"}""");

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("torn.gguf", Shape.Error(body), StringComparison.Ordinal);
        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1,"cfg_scale":1}""");
    }

    [Fact]
    public async Task An_all_black_image_is_a_failed_job()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync("""{"model":"black","prompt":"a red circle","size":"32x32","steps":1}""");

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("all-black image", Shape.Error(body), StringComparison.Ordinal);
        Assert.DoesNotContain("tried", Shape.Error(body), StringComparison.Ordinal);
        // Where a remedy is known, it is generated once more with it.
        (status, body) = await studio.Server.GenerateAsync("""{"model":"black","prompt":"a red circle","size":"32x32","steps":1,"vae_tiling":true}""");
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.EndsWith("(tried: vae_tiling_off)", Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_of_one_colour_is_tried_again_where_a_remedy_is_known_and_delivered_with_a_note()
    {
        string folder = studio.NewDataFolder(
            """models: { grey: { name: Grey, args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/grey-taesd.gguf"], generation_params: { cfg_scale: 1 } } }""");
        WriteGrey(Path.Combine(folder, "models", "demo-taesd.gguf"), Path.Combine(folder, "models", "grey-taesd.gguf"));
        await using StudioServer server = await StudioServer.StartAsync(folder);

        (string id, string[] images) = await server.GenerateImagesAsync("""{"model":"grey","prompt":"a red circle","size":"32x32","steps":1,"n":2,"seed":5}""");
        JsonElement job = await server.GenerationAsync(id);
        Assert.Equal(2, images.Length);
        Assert.Equal(0, job.GetProperty("adjustments").GetArrayLength());
        Assert.Equal(2, job.GetProperty("notes").GetArrayLength());
        Assert.Matches("^Image 2 \\(seed 6\\) is of one colour, #[0-9a-f]{6}: another weight type", job.GetProperty("notes")[1].GetString());

        (id, _) = await server.GenerateImagesAsync("""{"model":"grey","prompt":"a red circle","size":"32x32","steps":1,"n":2,"seed":5,"vae_tiling":true}""");
        job = await server.GenerationAsync(id);
        Assert.Equal(["vae_tiling_off"], job.GetProperty("adjustments").EnumerateArray().Select(adjustment => adjustment.GetString()));
        Assert.Equal(2, job.GetProperty("notes").GetArrayLength());
        // An image of several colours has neither.
        (id, _) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":2,"seed":5,"vae_tiling":true}""");
        job = await studio.Server.GenerationAsync(id);
        Assert.Equal((0, 0), (job.GetProperty("notes").GetArrayLength(), job.GetProperty("adjustments").GetArrayLength()));
    }

    // A decoder whose weights are nothing but a colour at the end.
    private static void WriteGrey(string from, string to)
    {
        byte[] decoder = File.ReadAllBytes(from);
        long at = decoder.Length - ModelFile.Inspect(from).Tensors.Sum(tensor => (tensor.Bytes + 31) / 32 * 32);
        decoder.AsSpan((int)at).Clear();
        foreach (ModelTensor tensor in ModelFile.Inspect(from).Tensors)
        {
            if (tensor.Name.StartsWith("decoder.", StringComparison.Ordinal) && tensor.Name.EndsWith(".bias", StringComparison.Ordinal) && tensor.Shape is [3])
            {
                Span<byte> bias = decoder.AsSpan((int)at, (int)tensor.Bytes);
                for (int i = 0; i < 3; i++)
                    _ = tensor.Type == "f16" ? BitConverter.TryWriteBytes(bias[(2 * i)..], (Half)0.4f) : BitConverter.TryWriteBytes(bias[(4 * i)..], 0.4f);
            }

            at += (tensor.Bytes + 31) / 32 * 32;
        }

        File.WriteAllBytes(to, decoder);
    }

    [Fact]
    public async Task What_the_engine_refuses_is_the_requests_fault()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GenerateAsync("""{"model":"odd","prompt":"a red circle","size":"32x32","steps":1}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("dowsing", Shape.Error(body), StringComparison.Ordinal);
    }
}
