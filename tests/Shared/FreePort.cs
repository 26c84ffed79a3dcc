using System.Net;
using System.Net.Sockets;

namespace SdStudio.Tests;

/// <summary>Ports of this machine.</summary>
internal static class FreePort
{
    /// <summary>One that nobody listens on.</summary>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
