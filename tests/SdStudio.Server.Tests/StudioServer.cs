using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Tests;

/// <summary>A real server with a data directory of its own, and what the tests say to it over HTTP.</summary>
internal sealed class StudioServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StudioServer(WebApplication app, string folder)
    {
        _app = app;
        Folder = folder;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromMinutes(15) };
    }

    public string Folder { get; }

    public HttpClient Http { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<StudioServer> StartAsync(string folder, params string[] settings)
    {
        WebApplication app = StudioHost.Build(
            ["--urls=http://127.0.0.1:0", $"--SdStudio:DataDirectory={folder}", "--SdStudio:Threads=1", "--SdStudio:Backend=cpu", "--Logging:LogLevel:Default=Critical", .. settings]);
        try
        {
            await app.StartAsync(Cancellation);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new StudioServer(app, folder);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    public Task StopAsync() => _app.StopAsync(Cancellation);

    /// <summary>A part of the server, for what no client can see.</summary>
    internal T Part<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path)
    {
        using HttpResponseMessage response = await Http.GetAsync(path, Cancellation);
        return (response.StatusCode, await BodyAsync(response));
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> GenerateAsync(string json)
    {
        using HttpResponseMessage response = await PostAsync(json, Cancellation);
        return (response.StatusCode, await BodyAsync(response));
    }

    public async Task<HttpResponseMessage> PostAsync(string json, CancellationToken cancellation, string type = "application/json")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json)) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        return await Http.PostAsync("/api/generate", content, cancellation);
    }

    /// <summary>Sends anything.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        return (response.StatusCode, await BodyAsync(response));
    }

    /// <summary>A form with files and fields.</summary>
    public static MultipartFormDataContent Form(byte[]? image, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent();
        if (image is not null)
            form.Add(new ByteArrayContent(image), "image", "image.png");
        foreach ((string name, string value) in fields)
            form.Add(new StringContent(value), name);
        return form;
    }

    /// <summary>Puts a job into the queue.</summary>
    public async Task<string> QueueAsync(string json, params (string Name, string Value)[] headers)
    {
        (HttpStatusCode status, JsonElement body) = await SendAsync(HttpMethod.Post, "/api/queue/generate", Json(json), headers);
        Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
        Shape.Has(body, ("job_id", Shape.Text), ("status", Shape.Text));
        return body.GetProperty("job_id").GetString()!;
    }

    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    public async Task<JsonElement> JobAsync(string id)
    {
        (HttpStatusCode status, JsonElement body) = await GetAsync($"/api/queue/{id}");
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }

    /// <summary>Generates, expecting success.</summary>
    /// <returns>The job's id and its images' ids.</returns>
    public async Task<(string Id, string[] Images)> GenerateImagesAsync(string json)
    {
        (HttpStatusCode status, JsonElement body) = await GenerateAsync(json);
        Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
        return (body.GetProperty("id").GetString()!, [.. body.GetProperty("data").EnumerateArray().Select(image => image.GetProperty("id").GetString()!)]);
    }

    public async Task<PngFile> ImageAsync(string imageId) => new(await Http.GetByteArrayAsync($"/api/images/{imageId}", Cancellation));

    public async Task<PngFile> GenerateOneAsync(string json) => await ImageAsync(Assert.Single((await GenerateImagesAsync(json)).Images));

    public async Task<JsonElement> GenerationAsync(string id)
    {
        (HttpStatusCode status, JsonElement body) = await GetAsync($"/api/generations/{id}");
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }

    /// <summary>Asks until the job is in one of the states.</summary>
    public async Task<JsonElement> WaitForAsync(string id, params string[] states)
    {
        while (true)
        {
            JsonElement generation = await GenerationAsync(id);
            if (states.Contains(generation.GetProperty("status").GetString()))
                return generation;
            await Task.Delay(10, Cancellation);
        }
    }

    /// <summary>The id of the newest job; waits until there is one with this prompt.</summary>
    public async Task<string> JobOfAsync(string prompt)
    {
        while (true)
        {
            if (Query(Folder, "SELECT id FROM jobs WHERE json_extract(settings, '$.prompt') = $value", prompt) is string id)
                return id;
            await Task.Delay(10, Cancellation);
        }
    }

    /// <summary>One value out of a data directory's database.</summary>
    public static object? Query(string folder, string sql, string value)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "sdstudio.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$value", value);
        return command.ExecuteScalar();
    }

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        return document.RootElement.Clone();
    }
}
