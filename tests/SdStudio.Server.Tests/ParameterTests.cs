using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Tests;

/// <summary>The table of parameters, and what walks it.</summary>
public sealed class ParameterTests(Workshop studio)
{
    private static JsonElement.ArrayEnumerator Rows(JsonElement body) => body.GetProperty("parameters").EnumerateArray();

    private static JsonElement Row(JsonElement body, string name) => Rows(body).Single(row => row.GetProperty("name").GetString() == name);

    [Fact]
    public void No_range_is_wider_than_the_engines()
    {
        var now = new ParameterLimits(ImageBuffer.MaxSide, ImageBuffer.MaxPixels, ImageRequest.MaxSteps, ImageRequest.MaxBatchCount, ImageRequest.MaxPromptBytes);
        IReadOnlyDictionary<string, SdLimit> engine = SdEngine.Load().Limits;
        Dictionary<string, string> properties = new()
        {
            ["prompt"] = "prompt bytes", ["negative_prompt"] = "prompt bytes", ["n"] = "BatchCount", ["steps"] = "Steps", ["cfg_scale"] = "CfgScale", ["strength"] = "Strength", ["eta"] = "Eta",
            ["flow_shift"] = "FlowShift", ["guidance"] = "Guidance", ["image_cfg_scale"] = "ImageCfgScale", ["slg_scale"] = "SkipLayers.Scale", ["hires_scale"] = "Hires.Scale",
            ["hires_strength"] = "Hires.Strength", ["hires_steps"] = "Steps", ["hires_width"] = "Width", ["hires_height"] = "Height", ["hires_cfg_scale"] = "CfgScale", ["target_width"] = "Width",
            ["target_height"] = "Height",
        };
        foreach ((string name, string property) in properties)
        {
            (double min, double max) = Parameters.Get(name).Range!(now);
            Assert.True(engine.TryGetValue(property, out SdLimit limit), $"the bridge has no limit {property}: it has {string.Join(", ", engine.Keys)}");
            Assert.True(min >= limit.Low && max <= limit.High, $"{name} is {min} to {max}; {property} of the bridge {limit.Low} to {limit.High}");
        }

        // Seeds are what every JSON reader keeps exactly, -1 a random one; clip_skip has -1 as other tools have it.
        Assert.True(Parameters.MaxSeed <= engine["Seed"].High && Parameters.Get("clip_skip").Range!(now).Max <= engine["ClipSkip"].High);
    }

    [Fact]
    public async Task The_list_of_parameters_tells_types_ranges_defaults_and_help()
    {
        (_, JsonElement all) = await studio.Server.GetAsync("/api/parameters");
        (_, JsonElement upscale) = await studio.Server.GetAsync("/api/parameters?type=upscale");
        (HttpStatusCode wrong, _) = await studio.Server.GetAsync("/api/parameters?type=dance");

        JsonElement steps = Row(all, "steps");
        Assert.Equal(("integer", 1, 150), (steps.GetProperty("type").GetString(), steps.GetProperty("minimum").GetDouble(), steps.GetProperty("maximum").GetDouble()));
        Assert.Equal("sample_steps", Assert.Single(steps.GetProperty("aliases").EnumerateArray()).GetString());
        Assert.Equal("SdStudio:Limits:MaxSteps", steps.GetProperty("limited_by").GetString());
        Assert.True(steps.GetProperty("model_default").GetBoolean());
        Assert.Equal(["generate", "edit", "variation", "video"], steps.GetProperty("job_types").EnumerateArray().Select(type => type.GetString()));
        Assert.Contains(Row(all, "sampler").GetProperty("values").EnumerateArray(), value => value.GetString() == "euler_a");
        Assert.Equal(0.75, Row(all, "strength").GetProperty("default").GetDouble());
        Assert.Equal(["generate", "edit", "video"], Row(all, "prompt").GetProperty("required_by").EnumerateArray().Select(type => type.GetString()));
        Assert.Equal(["sd1", "sd2", "sdxl"], Row(all, "clip_skip").GetProperty("families").EnumerateArray().Select(family => family.GetString()));
        Assert.DoesNotContain("sdxl", Row(all, "flow_shift").GetProperty("families").EnumerateArray().Select(family => family.GetString()));
        Assert.Equal(JsonValueKind.Null, steps.GetProperty("families").ValueKind);
        Assert.True(steps.GetProperty("forwarded").GetBoolean());
        Assert.All(Rows(all), row => Assert.True(row.GetProperty("help").GetString()!.Length > 4, row.ToString()));
        Assert.DoesNotContain(Rows(upscale), row => row.GetProperty("name").GetString() == "steps");
        Assert.Contains(Rows(upscale), row => row.GetProperty("name").GetString() == "upscale_factor");
        Assert.Equal(HttpStatusCode.BadRequest, wrong);
    }

    [Fact]
    public async Task Description_list_and_reading_have_the_limits_of_the_settings()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=3", "--SdStudio:Limits:MaxImages=2");
        (_, JsonElement list) = await server.GetAsync("/api/parameters");
        (_, JsonElement description) = await server.GetAsync("/openapi/v1.json");
        JsonElement body = description.GetProperty("components").GetProperty("schemas").GetProperty("GenerateBody").GetProperty("properties");

        Assert.Equal(3, Row(list, "steps").GetProperty("maximum").GetDouble());
        Assert.Equal(3, body.GetProperty("steps").GetProperty("maximum").GetDouble());
        Assert.Equal(2, body.GetProperty("n").GetProperty("maximum").GetDouble());
        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":3}""");
        (HttpStatusCode status, JsonElement error) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":4}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("steps is '4'; allowed is a whole number from 1 to 3", Shape.Error(error));
    }

    [Fact]
    public async Task Json_and_forms_have_schemas_of_their_own()
    {
        (_, JsonElement description) = await studio.Server.GetAsync("/openapi/v1.json");
        JsonElement Content(string path) => description.GetProperty("paths").GetProperty(path).GetProperty("post").GetProperty("requestBody").GetProperty("content");
        JsonElement schemas = description.GetProperty("components").GetProperty("schemas");
        string? Format(string schema, string field) => schemas.GetProperty(schema).GetProperty("properties").GetProperty(field).GetProperty("format").GetString();

        // One kind of body each: of two, NSwag makes a method with the parameters of both.
        foreach (string type in JobType.WithImages)
        {
            Assert.Equal("application/json", Assert.Single(Content($"/api/{type}").EnumerateObject()).Name);
            Assert.Equal("application/json", Assert.Single(Content($"/api/queue/{type}").EnumerateObject()).Name);
        }

        Assert.Equal("#/components/schemas/EditBody", Content("/api/edit").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Equal("#/components/schemas/OpenAiEditForm", Assert.Single(Content("/v1/images/edits").EnumerateObject()).Value.GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Equal(("byte", "byte"), (Format("EditBody", "image"), Format("EditBody", "mask")));
        Assert.Equal(("binary", "binary"), (Format("OpenAiEditForm", "image"), Format("OpenAiEditForm", "mask")));
        Assert.Equal(["prompt"], schemas.GetProperty("EditBody").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        // A preset has any of the settings and needs none.
        JsonElement preset = schemas.GetProperty("PresetBody");
        Assert.False(preset.TryGetProperty("required", out _));
        Assert.True(preset.GetProperty("properties").TryGetProperty("prompt", out _) && preset.GetProperty("properties").TryGetProperty("upscale_factor", out _));
        Assert.False(preset.GetProperty("properties").TryGetProperty("image", out _) || preset.GetProperty("properties").TryGetProperty("control_image", out _));
        // The clients' surfaces have the rows of the table under their own names.
        JsonElement steps = schemas.GetProperty("OpenAiGenerationBody").GetProperty("properties").GetProperty("steps");
        Assert.Equal((1, 150), (steps.GetProperty("minimum").GetInt32(), steps.GetProperty("maximum").GetInt32()));
        Assert.True(schemas.GetProperty("A1111TextToImageBody").GetProperty("properties").TryGetProperty("flow_shift", out _));
        Assert.False(schemas.GetProperty("A1111TextToImageBody").GetProperty("properties").TryGetProperty("image_cfg_scale", out _));
    }

    [Fact]
    public void Names_are_unique_and_every_row_can_do_what_it_says()
    {
        string[] names = [.. Parameters.All.SelectMany(parameter => parameter.Names)];
        Assert.Equal(names.Length, names.Distinct().Count());
        foreach (Parameter parameter in Parameters.All)
        {
            Assert.True(parameter.Get is not null || (parameter.Label is null && parameter.Engine is null && !parameter.Forwarded), $"{parameter.Name} has no value to write");
            Assert.True(parameter.Kind != ParameterKind.Choice || parameter.Choices is not null, $"{parameter.Name} has no choices");
            Assert.NotEqual(JobTypes.None, parameter.Jobs);
            Assert.Equal(parameter.Required, parameter.Required & parameter.Jobs);
        }
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("1", true)]
    [InlineData("YES", true)]
    [InlineData("on", true)]
    [InlineData("false", false)]
    [InlineData("FALSE", false)]
    [InlineData("0", false)]
    [InlineData("no", false)]
    [InlineData("Off", false)]
    public async Task Switches_are_read_by_one_rule_in_bodies_forms_and_queries(string text, bool expected)
    {
        using MultipartFormDataContent form = StudioServer.Form(null, ("model", "demo"), ("prompt", "a red circle"), ("size", "16x16"), ("steps", "1"), ("tiling", text));
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/generate", form);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        (_, JsonElement parameters) = await studio.Server.GetAsync($"/api/images/{body.GetProperty("data")[0].GetProperty("id").GetString()}/parameters");
        Assert.Equal(expected, parameters.GetProperty("tiling").GetBoolean());

        (HttpStatusCode inQuery, JsonElement progress) = await studio.Server.GetAsync($"/sdapi/v1/progress?skip_current_image={text}");
        Assert.True(inQuery == HttpStatusCode.OK, progress.ToString());
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("2")]
    [InlineData("truee")]
    public async Task A_switch_that_is_none_is_refused(string text)
    {
        (HttpStatusCode inBody, JsonElement body) = await studio.Server.GenerateAsync($$"""{"model":"demo","prompt":"a red circle","tiling":"{{text}}"}""");
        (HttpStatusCode inQuery, JsonElement query) = await studio.Server.SendAsync(HttpMethod.Delete, $"/api/generations?delete_files={text}");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (inBody, inQuery));
        Assert.Equal($"tiling is '{text}'; allowed is true or false", Shape.Error(body));
        Assert.Equal($"delete_files is '{text}'; allowed is true or false", Shape.Error(query));
    }

    [Theory]
    [InlineData("""{"model":"demo","prompt":"x","scheduler":"ays"}""", "scheduler 'ays' has no steps for the model demo")]
    [InlineData("""{"model":"demo","prompt":"x","scheduler":"karras","steps":1}""", "scheduler 'karras' needs 2 steps or more")]
    [InlineData("""{"model":"demo","prompt":"x","scheduler":"exponential","steps":1}""", "scheduler 'exponential' needs 2 steps or more")]
    [InlineData("""{"model":"demo","prompt":"x","scheduler":"gits","steps":1}""", "scheduler 'gits' needs 2 steps or more")]
    [InlineData("""{"model":"demo","prompt":"x","scheduler":"karras","hires_scale":2,"size":"32x32","hires_steps":1}""", "scheduler 'karras' needs 2 steps or more")]
    [InlineData("""{"model":"demo","prompt":"x","flow_shift":0}""", "flow_shift is '0'; allowed is a number from 0.001 to 100")]
    [InlineData("""{"model":"demo","prompt":"x","flow_shift":1e-30}""", "flow_shift is '1e-30'; allowed is a number from 0.001 to 100")]
    [InlineData("""{"model":"odd","prompt":"x"}""", "'dowsing'; allowed is one of: euler")]
    public async Task What_the_engine_refuses_is_refused_before_a_job_is_made_of_it(string json, string reason)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/generate", StudioServer.Json(json));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_is_all_that_a_new_setting_needs()
    {
        const string Fields = "\"slg_scale\":2.5,\"skip_layers\":[7,8,9]";
        (_, string[] images) = await studio.Server.GenerateImagesAsync($$"""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1,{{Fields}}}""");
        (_, JsonElement parameters) = await studio.Server.GetAsync($"/api/images/{images[0]}/parameters");
        (_, JsonElement description) = await studio.Server.GetAsync("/openapi/v1.json");
        (_, JsonElement a1111) = await studio.Server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json($$"""{"prompt":"a red circle","width":16,"height":16,"steps":1,{{Fields}}}"""));
        (HttpStatusCode refused, JsonElement error) = await studio.Server.GenerateAsync("""{"model":"demo","prompt":"x","skip_layers":"7,1001","slg_scale":101}""");

        Assert.Equal((2.5, "[7,8,9]"), (parameters.GetProperty("slg_scale").GetDouble(), parameters.GetProperty("skip_layers").GetRawText()));
        Assert.Contains("SLG scale: 2.5, Skip layers: \"7,8,9\", ", parameters.GetProperty("infotext").GetString(), StringComparison.Ordinal);
        Assert.Equal("array", description.GetProperty("components").GetProperty("schemas").GetProperty("GenerateBody").GetProperty("properties").GetProperty("skip_layers").GetProperty("type")[1].GetString());
        Assert.Contains("SLG scale: 2.5", a1111.GetProperty("info").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, refused);
        Assert.Contains("skip_layers is '7,1001'; allowed is a list of at most 100 whole numbers from 0 to 1000", Shape.Error(error), StringComparison.Ordinal);
        Assert.Contains("slg_scale is '101'", Shape.Error(error), StringComparison.Ordinal);
        SdCliArguments arguments = SdCliArguments.Parse(["-m", "a.gguf", "--skip-layers", "[7,8]", "--slg-scale", "3"], "/data");
        Assert.Equal([7, 8], Assert.IsType<IReadOnlyList<int>>(arguments.Defaults["skip_layers"], exactMatch: false));
        Assert.Equal(3.0, arguments.Defaults["slg_scale"]);
    }
}
