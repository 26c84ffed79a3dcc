using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class ModelsTests(Workshop studio)
{
    [Fact]
    public async Task The_list_has_the_documents_shape()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/models");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("demo", body.GetProperty("default").GetString());
        Assert.Equal("demo", body.GetProperty("default_models").GetProperty("text_to_image").GetString());
        Assert.Equal("tiny", body.GetProperty("default_models").GetProperty("image_to_image").GetString());
        foreach (JsonElement model in body.GetProperty("models").EnumerateArray())
        {
            Shape.Has(
                model, ("id", Shape.Text), ("name", Shape.Text), ("description", Shape.TextOrNull), ("capabilities", Shape.List),
                ("exec_mode", Shape.Text), ("execMode", Shape.Text), ("mode", Shape.Text), ("port", Shape.NumberOrNull), ("status", Shape.Text),
                ("fileStatus", Shape.Object), ("huggingface", Shape.ObjectOrNull), ("default_size", Shape.Text), ("generation_params", Shape.Object));
            Shape.Has(model.GetProperty("fileStatus"), ("allFilesExist", Shape.Flag), ("files", Shape.List));
            Shape.Has(
                model.GetProperty("generation_params"), ("cfg_scale", Shape.Number), ("sample_steps", Shape.Number), ("sampling_method", Shape.TextOrNull));
            foreach (JsonElement file in model.GetProperty("fileStatus").GetProperty("files").EnumerateArray())
                Shape.Has(file, ("fileName", Shape.Text), ("exists", Shape.Flag), ("filePath", Shape.Text));
        }
    }

    [Fact]
    public async Task A_model_is_listed_as_the_catalogue_writes_it()
    {
        JsonElement tiny = await ModelAsync("tiny");

        Assert.Equal("Tiny", tiny.GetProperty("name").GetString());
        Assert.Equal(["text-to-image"], tiny.GetProperty("capabilities").EnumerateArray().Select(value => value.GetString()));
        Assert.Equal("auto", tiny.GetProperty("exec_mode").GetString());
        Assert.Equal("on_demand", tiny.GetProperty("mode").GetString());
        Assert.Equal(1400, tiny.GetProperty("port").GetInt32());
        Assert.Equal("48x32", tiny.GetProperty("default_size").GetString());
        Assert.Equal("someone/tiny", tiny.GetProperty("huggingface").GetProperty("repo").GetString());
        Assert.True(tiny.GetProperty("supports_negative_prompt").GetBoolean());
        Assert.Equal("z_image", tiny.GetProperty("family").GetString());
        JsonElement parameters = tiny.GetProperty("generation_params");
        Assert.Equal(1.5, parameters.GetProperty("cfg_scale").GetDouble());
        Assert.Equal(3, parameters.GetProperty("sample_steps").GetInt32());
        Assert.Equal("euler_a", parameters.GetProperty("sampling_method").GetString());
        JsonElement files = tiny.GetProperty("fileStatus");
        Assert.True(files.GetProperty("allFilesExist").GetBoolean());
        Assert.Equal("./models/demo-diffusion.gguf", files.GetProperty("files")[0].GetProperty("filePath").GetString());
        Assert.Equal("demo-diffusion.gguf", files.GetProperty("files")[0].GetProperty("fileName").GetString());
    }

    [Fact]
    public async Task An_id_may_have_slashes_spaces_and_percent_signs()
    {
        const string Entry = "    args: [\"--diffusion-model\", \"models/demo-diffusion.gguf\", \"--llm\", \"models/demo-text-encoder.gguf\", \"--taesd\", \"models/demo-taesd.gguf\"]\n";
        string[] ids = ["org/model v1", "a/b/c", "100%2F", "ünï/ä+b"];
        string models = "models:\n" + string.Concat(ids.Select((id, index) => $"  \"{id}\":\n    name: \"Model {index}\"\n{Entry}"));
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(models));

        foreach (string id in ids)
        {
            string path = "/api/models/" + Uri.EscapeDataString(id);
            foreach ((string method, string more) in new[] { ("GET", ""), ("GET", "/status"), ("GET", "/files/status"), ("POST", "/start"), ("POST", "/stop") })
            {
                (HttpStatusCode status, JsonElement body) = await server.SendAsync(new HttpMethod(method), path + more);
                Assert.True(status == HttpStatusCode.OK, $"{method} {path}{more}: {body}");
            }

            (_, JsonElement model) = await server.GetAsync("/v1/models/" + Uri.EscapeDataString(id));
            Assert.Equal(id, model.GetProperty("id").GetString());
        }

        (_, JsonElement plain) = await server.GetAsync("/v1/models/org/model%20v1");
        Assert.Equal("org/model v1", plain.GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/models/org%2Fother")).Status);
    }

    [Fact]
    public async Task A_missing_file_is_told_and_a_switched_off_model_is_not_listed()
    {
        JsonElement files = (await ModelAsync("missing")).GetProperty("fileStatus");
        (_, JsonElement all) = await studio.Server.GetAsync("/api/models");

        Assert.False(files.GetProperty("allFilesExist").GetBoolean());
        Assert.False(files.GetProperty("files")[0].GetProperty("exists").GetBoolean());
        Assert.DoesNotContain(all.GetProperty("models").EnumerateArray(), model => model.GetProperty("id").GetString() == "off");
    }

    [Fact]
    public async Task Entries_of_the_same_files_are_one_loaded_model()
    {
        await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");
        Assert.Equal("running", (await ModelAsync("demo")).GetProperty("status").GetString());
        Assert.Equal("running", (await ModelAsync("tiny")).GetProperty("status").GetString());

        (string id, _) = await studio.Server.GenerateImagesAsync("""{"model":"tiny","prompt":"a red circle","size":"32x32","steps":1}""");
        (_, JsonElement job) = await studio.Server.GetAsync($"/api/queue/{id}");
        Assert.Equal(0, job.GetProperty("model_loading_time_ms").GetInt64());
    }

    [Theory]
    [InlineData("""{"modelId":"demo","type":"q8_0"}""", HttpStatusCode.NotImplemented, "cannot convert models")]
    [InlineData("""{"modelId":"demo","type":"q77"}""", HttpStatusCode.BadRequest, "type is 'q77'; allowed is one of: f32")]
    [InlineData("""{"type":"q8_0"}""", HttpStatusCode.BadRequest, "Missing required field: modelId")]
    [InlineData("""{"modelId":"nobody","type":"q8_0"}""", HttpStatusCode.NotFound, "Model not found")]
    [InlineData("""{"modelId":"missing","type":"q8_0"}""", HttpStatusCode.BadRequest, "no file here that could be converted")]
    public async Task Converting_is_refused_with_the_reason(string json, HttpStatusCode expected, string reason)
    {
        using StringContent content = StudioServer.Json(json);
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/models/convert", content);
        Assert.Equal(expected, status);
        Assert.Contains(reason, body.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    private async Task<JsonElement> ModelAsync(string id)
    {
        (_, JsonElement body) = await studio.Server.GetAsync("/api/models");
        return body.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("id").GetString() == id);
    }
}
