using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The server under /studio/ behind nginx, HAProxy and Caddy as Debian has them, with TLS in front, whether they take the path off or not.</summary>
public sealed class ProxyTests : IDisposable
{
    private const string Path = "/studio";
    private readonly string _folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;
    private readonly int _port = FreePort.Find();
    private string _certificate = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("nginx", true)]
    [InlineData("nginx", false)]
    [InlineData("haproxy", true)]
    [InlineData("haproxy", false)]
    [InlineData("caddy", true)]
    [InlineData("caddy", false)]
    public async Task Page_links_events_and_sockets_are_right_behind_a_proxy(string proxy, bool strips)
    {
        string program = Program(proxy);
        using ServerProcess server = await ServerProcess.StartAsync(
            System.IO.Path.Combine(_folder, "data"), ("SdStudio__PathBase", Path), ("SdStudio__Security__Proxies__0", "127.0.0.1"),
            ("SdStudio__Security__ApiKey", "a-key-for-tests"));
        WriteCertificate();
        int port = server.Client.BaseAddress!.Port;
        using Process running = Start(program, proxy switch
        {
            "nginx" => Nginx(port, strips),
            "haproxy" => HaProxy(port, strips),
            _ => Caddy(port, strips),
        });
        try
        {
            using var handler = new HttpClientHandler { AllowAutoRedirect = false, ServerCertificateCustomValidationCallback = (_, certificate, _, _) => IsOurs(certificate) };
            using var client = new HttpClient(handler) { BaseAddress = new Uri($"https://localhost:{_port}") };
            client.DefaultRequestHeaders.Add("X-Api-Key", "a-key-for-tests");
            await WaitForAsync(client, running);
            await PageAndRedirectAsync(client);
            await LinksAsync(client);
            await CookieAsync(client);
            await EventsAsync(client);
            await SocketAsync();
        }
        finally
        {
            running.Kill(entireProcessTree: true);
        }
    }

    private static async Task PageAndRedirectAsync(HttpClient client)
    {
        using HttpResponseMessage folder = await client.GetAsync(Path, Cancellation);
        Assert.InRange((int)folder.StatusCode, 301, 308);
        Assert.EndsWith(Path + "/", folder.Headers.Location!.ToString(), StringComparison.Ordinal);
        foreach (string address in new[] { "/", "/app.js", "/api/health", "/health/live", "/docs", "/openapi/v1.json", "/sdapi/v1/samplers" })
        {
            using var head = new HttpRequestMessage(HttpMethod.Head, Path + address);
            using HttpResponseMessage answer = await client.SendAsync(head, Cancellation);
            // The reference page is a folder, too.
            Assert.True(answer.StatusCode == HttpStatusCode.OK || (address == "/docs" && answer.Headers.Location is not null), $"HEAD {address}: {answer.StatusCode}");
        }
    }

    private async Task LinksAsync(HttpClient client)
    {
        using var request = new StringContent(
            """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","response_format":"url"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(Path + "/v1/images/generations", request, Cancellation);
        JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
        string link = answer.GetProperty("data")[0].GetProperty("url").GetString()!;
        Assert.StartsWith($"https://localhost:{_port}{Path}/api/images/", link, StringComparison.Ordinal);
        Assert.True(RedCircle.IsOn(await client.GetByteArrayAsync(new Uri(link), Cancellation)));
        JsonElement config = await client.GetFromJsonAsync(Path + "/api/config", JsonContext.Default.JsonElement, Cancellation);
        Assert.Equal($"https://localhost:{_port}{Path}/api", config.GetProperty("sdApiEndpoint").GetString());
        JsonElement description = await client.GetFromJsonAsync(Path + "/openapi/v1.json", JsonContext.Default.JsonElement, Cancellation);
        Assert.Equal($"https://localhost:{_port}{Path}", description.GetProperty("servers")[0].GetProperty("url").GetString());
    }

    private static async Task CookieAsync(HttpClient client)
    {
        using var key = new StringContent("""{"api_key":"a-key-for-tests"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(Path + "/api/login", key, Cancellation);
        string cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Contains($"path={Path}/;", cookie, StringComparison.Ordinal);
        Assert.Contains("secure", cookie, StringComparison.Ordinal);
    }

    private static async Task EventsAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path + "/api/events");
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.NotNull(await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
    }

    private async Task SocketAsync()
    {
        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = IsOurs;
        // As a browser does: the page's own origin is allowed, which the server knows through the proxy.
        socket.Options.SetRequestHeader("Origin", $"https://localhost:{_port}");
        await socket.ConnectAsync(new Uri($"wss://localhost:{_port}{Path}/ws?api_key=a-key-for-tests"), Cancellation);
        var buffer = new byte[4096];
        WebSocketReceiveResult message = await socket.ReceiveAsync(buffer, Cancellation);
        Assert.Contains("connected", Encoding.UTF8.GetString(buffer, 0, message.Count), StringComparison.Ordinal);
    }

    private bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors problems) => IsOurs(certificate);

    private bool IsOurs(X509Certificate? certificate) => certificate?.GetCertHashString() == _certificate;

    private static async Task WaitForAsync(HttpClient client, Process proxy)
    {
        while (true)
        {
            Assert.False(proxy.HasExited, "The proxy has ended.");
            try
            {
                using HttpResponseMessage response = await client.GetAsync(Path + "/api/health", Cancellation);
                if (response.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(20, Cancellation);
        }
    }

    private string[] Nginx(int server, bool strips)
    {
        string configuration = System.IO.Path.Combine(_folder, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            pid {{_folder}}/nginx.pid;
            error_log {{_folder}}/error.log;
            daemon off;
            events { }
            http {
              access_log off;
              client_body_temp_path {{_folder}}/body; proxy_temp_path {{_folder}}/proxy; fastcgi_temp_path {{_folder}}/f; uwsgi_temp_path {{_folder}}/u; scgi_temp_path {{_folder}}/s;
              map $http_upgrade $connection_upgrade { default upgrade; '' close; }
              server {
                listen 127.0.0.1:{{_port}} ssl;
                ssl_certificate {{_folder}}/both.pem; ssl_certificate_key {{_folder}}/both.pem;
                location = {{Path}} { return 301 {{Path}}/; }
                location {{Path}}/ {
                  proxy_pass http://127.0.0.1:{{server}}{{(strips ? "/" : "")}};
                  proxy_http_version 1.1;
                  proxy_set_header Host $http_host;
                  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                  proxy_set_header X-Forwarded-Proto $scheme;
                  proxy_set_header Upgrade $http_upgrade;
                  proxy_set_header Connection $connection_upgrade;
                }
              }
            }
            """);
        return ["-p", _folder, "-c", configuration, "-e", $"{_folder}/error.log"];
    }

    private string[] HaProxy(int server, bool strips)
    {
        string configuration = System.IO.Path.Combine(_folder, "haproxy.cfg");
        File.WriteAllText(configuration, $"""
            defaults
              mode http
              option forwardfor
              timeout connect 5s
              timeout client 60s
              timeout server 600s
              timeout tunnel 1h
            frontend front
              bind 127.0.0.1:{_port} ssl crt {_folder}/both.pem
              http-request set-header X-Forwarded-Proto https
              {(strips ? $"http-request set-header X-Forwarded-Prefix {Path}" : "")}
              http-request redirect location {Path}/ if {"{"} path {Path} {"}"}
              {(strips ? $"http-request replace-path ^{Path}/(.*) /\\1" : "")}
              default_backend studio
            backend studio
              server one 127.0.0.1:{server}

            """);
        return ["-db", "-f", configuration];
    }

    // As somebody writes it: it forwards addresses, sockets and events by itself.
    private string[] Caddy(int server, bool strips)
    {
        string configuration = System.IO.Path.Combine(_folder, "Caddyfile");
        File.WriteAllText(configuration, $$"""
            {
              admin off
              auto_https disable_redirects
              storage file_system {{_folder}}/caddy
              servers {
                protocols h1 h2
              }
            }
            https://localhost:{{_port}} {
              bind 127.0.0.1
              tls {{_folder}}/both.pem {{_folder}}/both.pem
              redir {{Path}} {{Path}}/
              {{(strips ? "handle_path" : "handle")}} {{Path}}/* {
                reverse_proxy 127.0.0.1:{{server}}
              }
            }

            """);
        return ["run", "--config", configuration, "--adapter", "caddyfile"];
    }

    private void WriteCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _certificate = certificate.GetCertHashString();
        File.WriteAllText(System.IO.Path.Combine(_folder, "both.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static string Program(string name)
    {
        string program = $"/usr/{(name == "caddy" ? "bin" : "sbin")}/{name}";
        string? problem = File.Exists(program) ? null : DebianPackages.Install(name == "nginx" ? "nginx-light" : name);
        Assert.SkipUnless(File.Exists(program), $"{name} cannot be installed: {problem}");
        return program;
    }

    private static Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments))!;
}
