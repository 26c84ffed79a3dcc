using System.Net.Sockets;
using System.Text;

namespace SdStudio.Load;

/// <summary>
/// A connection that sends the same request again and again and reads no more of an answer than its status and where it ends: on a machine
/// whose cores the client shares with the server, what the client takes is missing there.
/// </summary>
internal sealed class PlainConnection : IDisposable
{
    private readonly byte[] _received = new byte[16 * 1024];
    private readonly Uri _address;
    private readonly Socket _socket;
    private (string Path, string Body, byte[] Bytes)? _request;

    private PlainConnection(Uri address, Socket socket) => (_address, _socket) = (address, socket);

    private static ReadOnlySpan<byte> HeadersEnd => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> LastChunk => "\r\n0\r\n\r\n"u8;

    public static async Task<PlainConnection> OpenAsync(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        return new PlainConnection(address, socket);
    }

    /// <summary>Sends JSON and waits for the whole answer.</summary>
    /// <exception cref="InvalidOperationException">It is none of success.</exception>
    public async ValueTask PostAsync(string path, string body)
    {
        if (_request is not { } request || (request.Path, request.Body) != (path, body))
        {
            string text = $"POST {path} HTTP/1.1\r\nHost: {_address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
            _request = request = (path, body, Encoding.UTF8.GetBytes(text));
        }

        await _socket.SendAsync(request.Bytes);
        int count = 0;
        do
        {
            int more = await _socket.ReceiveAsync(_received.AsMemory(count));
            if (more == 0 || count + more == _received.Length)
                throw new InvalidOperationException("The connection ended before the answer did, or the answer is too long.");
            count += more;
        }
        while (!IsWhole(_received.AsSpan(0, count)));
        if (!_received.AsSpan().StartsWith("HTTP/1.1 2"u8))
            throw new InvalidOperationException(Encoding.UTF8.GetString(_received, 0, count));
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        int headers = answer.IndexOf(HeadersEnd);
        if (headers < 0)
            return false;
        int length = answer[..headers].IndexOf("Content-Length: "u8);
        if (length < 0)
            return answer.EndsWith(LastChunk);
        ReadOnlySpan<byte> number = answer[(length + "Content-Length: ".Length)..];
        return answer.Length == headers + HeadersEnd.Length + int.Parse(number[..number.IndexOf((byte)'\r')], System.Globalization.CultureInfo.InvariantCulture);
    }
}
