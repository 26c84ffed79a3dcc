using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace SdStudio.Tests;

/// <summary>Somebody who is told of jobs: answers as the test says, and checks signatures as Standard Webhooks describes them.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    /// <summary>What its messages are signed with.</summary>
    public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly HttpListener _listener = new();
    private readonly Lock _lock = new();
    private readonly List<(string Id, string Body, bool IsSigned)> _received = [];
    private readonly Task _receiving;

    public WebhookReceiver()
    {
        Address = $"http://127.0.0.1:{FreePort.Find()}/hook/";
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _receiving = ReceiveAsync();
    }

    public string Address { get; }

    /// <summary>What it answers.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Every message as often as it came.</summary>
    public IReadOnlyList<(string Id, string Body, bool IsSigned)> Received
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    public async Task<IReadOnlyList<(string Id, string Body, bool IsSigned)>> WaitForAsync(int count, CancellationToken cancellation)
    {
        while (Received.Count < count)
            await Task.Delay(20, cancellation);
        return Received;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _receiving;
    }

    private async Task ReceiveAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
                string body = await reader.ReadToEndAsync();
                string id = context.Request.Headers["webhook-id"] ?? "";
                byte[] signed = Encoding.UTF8.GetBytes($"{id}.{context.Request.Headers["webhook-timestamp"]}.{body}");
                string expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), signed));
                lock (_lock)
                    _received.Add((id, body, context.Request.Headers["webhook-signature"] == expected));
                context.Response.StatusCode = Status;
                context.Response.Close();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // It was closed.
            }
        }
    }
}
