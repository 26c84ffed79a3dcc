using System.Net;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>A server that anybody in the network could use is not started by accident.</summary>
internal static class ListenAddressGuard
{
    /// <exception cref="FormatException">An address cannot be read.</exception>
    /// <exception cref="InvalidOperationException">It would listen beyond this machine without a key.</exception>
    public static void Refuse(IConfiguration configuration, StudioOptions options)
    {
        List<string> addresses = [.. Addresses(configuration)];
        if (addresses.Find(address => BindingAddress.Parse(address).Port is < 0 or > ushort.MaxValue) is { } wrong)
            throw new FormatException($"Invalid port in '{wrong}'");
        if (options.Security.HasKeys || options.Security.AllowOpenAccess)
            return;
        if (addresses.Find(address => !IsLoopback(address)) is { } open)
        {
            throw new InvalidOperationException(
                $"it would listen on {open}, where others can reach it, without an API key. Set SdStudio:Security:ApiKey " +
                "(SdStudio__Security__ApiKey=…), or SdStudio:Security:AllowOpenAccess=true if that is what you want.");
        }
    }

    /// <summary>The addresses that the settings name.</summary>
    public static IEnumerable<string> Addresses(IConfiguration configuration)
    {
        static string[] Split(string? list) => list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        foreach (IConfigurationSection endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
            yield return endpoint["Url"] ?? "";
        foreach (string url in Split(configuration[WebHostDefaults.ServerUrlsKey]))
            yield return url;
        // Ports alone are those of every address.
        foreach (string port in Split(configuration[WebHostDefaults.HttpPortsKey]).Concat(Split(configuration[WebHostDefaults.HttpsPortsKey])))
            yield return $"http://*:{port}";
    }

    private static bool IsLoopback(string address)
    {
        BindingAddress binding = BindingAddress.Parse(address);
        return binding.IsUnixPipe || binding.IsNamedPipe || binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(binding.Host.Trim('[', ']'), out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }
}
