using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Adding models, LoRAs, VAEs and upscalers: from a hub, from an address, and in parts.</summary>
public sealed class AddModelTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private byte[] Lora()
    {
        string path = Path.Combine(studio.Server.Folder, $"made-{Guid.NewGuid():N}.safetensors");
        TestLora.Write(path, new Dictionary<string, string> { ["modelspec.trigger_phrase"] = "added" });
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    private byte[] Weights(string file) => File.ReadAllBytes(Path.Combine(studio.Server.Folder, "models", file));

    private static async Task<JsonElement> AddAsync(StudioServer server, string json, HttpStatusCode expected = HttpStatusCode.OK)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/models/add", StudioServer.Json(json));
        Assert.True(status == expected, $"{status}: {body}");
        return body;
    }

    private static async Task<JsonElement> EndAsync(StudioServer server, JsonElement added)
    {
        JsonElement download;
        do
        {
            download = (await server.GetAsync($"/api/models/download/{added.GetProperty("download_id").GetString()}")).Body;
            await Task.Delay(5, Cancellation);
        }
        while (download.GetProperty("status").GetString() == "downloading");
        return download;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(StudioServer server, string url, long offset, byte[] part) =>
        await server.SendAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"{url}?offset={offset}"), new ByteArrayContent(part));

    private static string?[] Names(JsonElement body) => [.. body.GetProperty("loras").EnumerateArray().Select(lora => lora.GetProperty("name").GetString())];

    [Fact]
    public async Task A_lora_and_an_upscaler_come_from_a_repository_and_are_used_at_once()
    {
        byte[] lora = Lora();
        await using StandInHub hub = await StandInHub.StartAsync(
            ("someone/loras/ink.safetensors", lora), ("someone/loras/README.md", "words"u8.ToArray()), ("someone/many/a.safetensors", lora), ("someone/many/b.safetensors", lora),
            ("someone/up/x2.gguf", Weights("demo-upscaler-x2.gguf")));
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), $"--SdStudio:Downloads:HubAddress={hub.Address}");

        // The only file of weights need not be named.
        JsonElement added = await AddAsync(server, """{"kind":"lora","repository":"someone/loras"}""");
        Assert.Equal(("downloading", "loras/ink.safetensors"), (added.GetProperty("status").GetString(), added.GetProperty("file").GetString()));
        JsonElement done = await EndAsync(server, added);
        Assert.Equal(("completed", "loras/ink.safetensors"), (done.GetProperty("status").GetString(), done.GetProperty("model").GetString()));
        Assert.Equal(["ink"], Names((await server.GetAsync("/api/loras?model=demo&fitting=true")).Body));
        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle<lora:ink:1>","size":"32x32","steps":1}""");
        Assert.Contains("name one of: a.safetensors, b.safetensors", (await AddAsync(server, """{"kind":"lora","repository":"someone/many"}""", HttpStatusCode.BadRequest)).GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("The file loras/ink.safetensors already exists", (await AddAsync(server, """{"kind":"lora","repository":"someone/loras"}""", HttpStatusCode.Conflict)).GetProperty("error").GetString(), StringComparison.Ordinal);

        Assert.Equal("completed", (await EndAsync(server, await AddAsync(server, """{"kind":"upscaler","repository":"someone/up","file":"x2.gguf"}"""))).GetProperty("status").GetString());
        JsonElement upscaler = (await server.GetAsync("/api/upscalers")).Body.GetProperty("upscalers").EnumerateArray().Single(one => one.GetProperty("id").GetString() == "x2");
        Assert.Equal(2, upscaler.GetProperty("scale").GetInt32());
        (HttpStatusCode status, JsonElement answer) = await server.SendAsync(HttpMethod.Post, "/api/upscale", StudioServer.Form(SampleImages.Good("png"), ("upscaler", "x2"), ("upscale_factor", "2")));
        Assert.True(status == HttpStatusCode.OK, answer.ToString());
    }

    [Fact]
    public async Task What_is_something_else_than_it_is_added_as_is_refused_and_leaves_nothing()
    {
        await using StandInHub hub = await StandInHub.StartAsync(("someone/odd/vae.safetensors", Lora()), ("someone/odd/old.pth", "x"u8.ToArray()));
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), $"--SdStudio:Downloads:HubAddress={hub.Address}");
        JsonElement failed = await EndAsync(server, await AddAsync(server, """{"kind":"vae","repository":"someone/odd","file":"vae.safetensors"}"""));
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("vae.safetensors is a LoRA; as vae there can be a VAE or a tiny autoencoder", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Folder, "vae")));
        // What to do with the usual files of upscalers is said before anything is fetched.
        int asked = hub.Keys.Count;
        string? refusal = (await AddAsync(server, """{"kind":"upscaler","repository":"someone/odd","file":"old.pth"}""", HttpStatusCode.BadRequest)).GetProperty("error").GetString();
        Assert.Contains("PyTorch file, which can carry a program", refusal, StringComparison.Ordinal);
        Assert.Contains("safetensors.torch.save_file", refusal, StringComparison.Ordinal);
        Assert.Equal(asked, hub.Keys.Count);
        foreach ((string json, string words) in new[]
        {
            ("""{"kind":"lora"}""", "Say where the file comes from"),
            ("""{"kind":"poem","repository":"a/b"}""", "allowed is one of: model, lora"),
            ("""{"repository":"nobody"}""", "allowed is OWNER/NAME"),
            ("""{"repository":"../../x/y"}""", "allowed is OWNER/NAME"),
            ("""{"repository":"a/b","file":"x.safetensors","name":"../x.safetensors"}""", "no name for a file"),
            ("""{"repository":"a/b","file":"x.txt"}""", "allowed are .safetensors and .gguf"),
            ("""{"bytes":5}""", "Missing required field: name"),
            ("""{"name":"x.gguf","bytes":5,"sha256":"12"}""", "64 hexadecimal digits"),
            ("""{"kind":"lora","repository":"someone/nothing"}""", "has no .safetensors or .gguf file"),
        })
        {
            Assert.Contains(words, (await AddAsync(server, json, HttpStatusCode.BadRequest)).GetProperty("error").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Addresses_are_those_of_allowed_hosts_and_redirects_lead_nowhere_else()
    {
        byte[] lora = Lora();
        await using StandInHub store = await StandInHub.StartAsync(("someone/loras/ink.safetensors", lora), ("someone/loras/plain.bin", lora));
        string address = $"{store.Address}/someone/loras/resolve/main/ink.safetensors", sha256 = Convert.ToHexStringLower(SHA256.HashData(lora));
        await using (StudioServer closed = await StudioServer.StartAsync(studio.NewDataFolder()))
        {
            Assert.Contains("is not in SdStudio:Downloads:AllowedHosts; that setting is empty", (await AddAsync(closed, $$"""{"kind":"lora","url":"{{address}}"}""", HttpStatusCode.BadRequest)).GetProperty("error").GetString(), StringComparison.Ordinal);
            Assert.Contains("no http or https", (await AddAsync(closed, """{"kind":"lora","url":"file:///etc/passwd"}""", HttpStatusCode.BadRequest)).GetProperty("error").GetString(), StringComparison.Ordinal);
            Assert.Empty(store.Keys);
        }

        // With its port it is this one host; large files are on another port.
        string authority = new Uri(store.Address).Authority;
        await using (StudioServer one = await StudioServer.StartAsync(studio.NewDataFolder(), $"--SdStudio:Downloads:AllowedHosts:0={authority}", "--SdStudio:Downloads:Token=secret"))
        {
            JsonElement failed = await EndAsync(one, await AddAsync(one, $$"""{"kind":"lora","url":"{{address}}"}"""));
            Assert.Contains("redirects ink.safetensors: the host 127.0.0.1:", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        }

        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Downloads:AllowedHosts:0=127.0.0.1", "--SdStudio:Downloads:Token=secret");
        JsonElement wrong = await EndAsync(server, await AddAsync(server, $$"""{"kind":"lora","url":"{{address}}","sha256":"{{new string('a', 64)}}"}"""));
        Assert.Contains("but it should be aaaa", wrong.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Folder, "loras")));
        JsonElement done = await EndAsync(server, await AddAsync(server, $$"""{"kind":"lora","url":"{{address}}","sha256":"{{sha256}}","name":"mine.safetensors"}"""));
        Assert.True(done.GetProperty("status").GetString() == "completed", done.ToString());
        Assert.Equal(["mine"], Names((await server.GetAsync("/api/loras")).Body));
        // The hub's token is the hub's alone.
        Assert.All(store.Keys, key => Assert.Null(key.Key));
    }

    [Fact]
    public async Task An_upload_in_parts_survives_a_restart_and_is_a_lora_when_it_is_whole()
    {
        byte[] lora = Lora();
        string folder = studio.NewDataFolder(), url;
        int half = lora.Length / 2;
        await using (StudioServer first = await StudioServer.StartAsync(folder))
        {
            JsonElement upload = (await AddAsync(first, $$"""{"kind":"lora","name":"sent.safetensors","bytes":{{lora.Length}},"sha256":"{{Convert.ToHexStringLower(SHA256.HashData(lora))}}"}""")).GetProperty("upload");
            url = upload.GetProperty("url").GetString()!;
            Assert.Equal(half, (await PutAsync(first, url, 0, lora[..half])).Body.GetProperty("received").GetInt32());
            Assert.Empty(Names((await first.GetAsync("/api/loras")).Body));
        }

        await using StudioServer server = await StudioServer.StartAsync(folder);
        Assert.Equal(half, (await server.GetAsync(url)).Body.GetProperty("received").GetInt32());
        Assert.Equal(1, (await server.GetAsync("/api/models/uploads")).Body.GetArrayLength());
        (HttpStatusCode status, JsonElement conflict) = await PutAsync(server, url, 0, lora[..half]);
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains($"{half} bytes have come", conflict.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(server, url, half, [.. lora[half..], 1])).Status);
        int received = (await server.GetAsync(url)).Body.GetProperty("received").GetInt32();
        (status, JsonElement whole) = await PutAsync(server, url, received, lora[received..]);
        Assert.True(status == HttpStatusCode.OK, whole.ToString());
        Assert.Equal("completed", whole.GetProperty("status").GetString());
        JsonElement kept = (await server.GetAsync("/api/loras?model=demo")).Body.GetProperty("loras")[0];
        Assert.True(kept.GetProperty("fits").GetBoolean());
        Assert.Equal(lora, await File.ReadAllBytesAsync(Path.Combine(folder, "loras", "sent.safetensors"), Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync(url)).Status);
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.Combine(folder, "loras")));
    }

    [Fact]
    public async Task A_wrong_upload_leaves_nothing_and_there_are_not_many_at_a_time()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        foreach ((byte[] bytes, string more, string words) in new[]
        {
            (Encoding.UTF8.GetBytes("This is no model at all."), "", "is not a model file"),
            (Lora(), $",\"sha256\":\"{new string('b', 64)}\"", "but bbbb"),
            (Weights("demo-taesd.gguf"), "", "x.safetensors is a tiny autoencoder; as lora there can be a LoRA"),
        })
        {
            JsonElement upload = (await AddAsync(server, $$"""{"kind":"lora","name":"x.safetensors","bytes":{{bytes.Length}}{{more}}}""")).GetProperty("upload");
            (HttpStatusCode status, JsonElement refused) = await PutAsync(server, upload.GetProperty("url").GetString()!, 0, bytes);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(words, refused.GetProperty("error").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain(server.Folder, refused.ToString(), StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Folder, "loras")));
        }

        Assert.Contains("PyTorch", (await AddAsync(server, """{"kind":"upscaler","name":"4x.pth","bytes":9}""", HttpStatusCode.BadRequest)).GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("are free on the disk", (await AddAsync(server, """{"name":"x.gguf","bytes":1000000000000}""", HttpStatusCode.Conflict)).GetProperty("error").GetString(), StringComparison.Ordinal);
        string last = "";
        for (int open = 0; open < 16; open++)
            last = (await AddAsync(server, $$"""{"kind":"lora","name":"{{open}}.safetensors","bytes":9}""")).GetProperty("upload").GetProperty("url").GetString()!;
        Assert.Contains("16 uploads are not complete", (await AddAsync(server, """{"kind":"lora","name":"more.safetensors","bytes":9}""", HttpStatusCode.Conflict)).GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, last)).Status);
        Assert.Equal("uploading", (await AddAsync(server, """{"kind":"lora","name":"more.safetensors","bytes":9}""")).GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/models/uploads/..%2F..%2Fsecrets")).Status);
    }
}
