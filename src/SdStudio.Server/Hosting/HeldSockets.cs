using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SdStudio.Server.Hosting;

/// <summary>
/// The sockets that the watcher opens and its servers listen on, one after the other: a client that connects between two of them waits
/// in the system's line and is not refused. Not on Windows, where each server opens its own.
/// </summary>
internal sealed class HeldSockets : IDisposable
{
    public const string Variable = "SDSTUDIO_SOCKETS";

    private readonly List<(IPEndPoint EndPoint, Socket Socket, int Copy)> _held = [];

    /// <param name="addresses">As ASP.NET Core has them: <c>http://localhost:3000</c>.</param>
    public HeldSockets(IEnumerable<string> addresses)
    {
        if (OperatingSystem.IsWindows())
            return;
        foreach (IPEndPoint endPoint in addresses.SelectMany(EndPoints))
        {
            try
            {
                Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
                // .NET's own descriptors are closed in processes that are started; a copy is not.
                _held.Add((endPoint, socket, Duplicate((int)socket.Handle)));
            }
            catch (SocketException)
            {
                // The server tries it, too, and says what is wrong with the address.
            }
        }
    }

    public void Dispose() => _held.ForEach(held => held.Socket.Dispose());

    /// <summary>For the environment of a server: which descriptor is which address.</summary>
    public override string ToString() => string.Join(';', _held.Select(held => string.Create(CultureInfo.InvariantCulture, $"{held.EndPoint}={held.Copy}")));

    /// <summary>Opens a socket for Kestrel: the watcher's where it holds one for that address.</summary>
    public static Socket Open(EndPoint endPoint)
    {
        string wanted = endPoint + "=";
        string? held = Environment.GetEnvironmentVariable(Variable)?.Split(';').FirstOrDefault(held => held.StartsWith(wanted, StringComparison.Ordinal));
        return held is null
            ? SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint)
            : new Socket(new SafeSocketHandle(int.Parse(held.AsSpan(wanted.Length), CultureInfo.InvariantCulture), ownsHandle: true));
    }

    // What Kestrel listens on for an address.
    private static IEnumerable<IPEndPoint> EndPoints(string address)
    {
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            // The server says what is wrong with it.
            yield break;
        }

        if (binding.IsUnixPipe || binding.IsNamedPipe || binding.Port is < 0 or > ushort.MaxValue)
            yield break;
        if (binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            yield return new IPEndPoint(IPAddress.Loopback, binding.Port);
            yield return new IPEndPoint(IPAddress.IPv6Loopback, binding.Port);
        }
        else
        {
            yield return new IPEndPoint(IPAddress.TryParse(binding.Host.Trim('[', ']'), out IPAddress? ip) ? ip : IPAddress.IPv6Any, binding.Port);
        }
    }

    [DllImport("libc", EntryPoint = "dup", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Duplicate(int descriptor);
}
