using System.CommandLine;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio health</c>: whether the server of these settings is ready, by the exit code; for containers, which have no curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static Command Make()
    {
        var command = new Command("health", "Asks the server of this machine and these settings whether it is ready; exit code 0 or 1");
        command.SetAction(async (_, cancellation) =>
        {
            string address = StudioHost.Addresses(StudioHost.EarlySettings([])).First();
            var uri = new UriBuilder(address.Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal)) { Path = "/health/ready" };
            if (uri.Host is "0.0.0.0" or "[::]")
                uri.Host = "localhost";
            // Its certificate is for the name that others use.
            using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
            using var http = new HttpClient(handler) { Timeout = Patience };
            try
            {
                using HttpResponseMessage response = await http.GetAsync(uri.Uri, cancellation);
                Console.WriteLine(await response.Content.ReadAsStringAsync(cancellation));
                return response.IsSuccessStatusCode ? 0 : 1;
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
            {
                await Console.Error.WriteLineAsync($"No server answers at {uri.Uri}: {exception.Message}");
                return 1;
            }
        });
        return command;
    }
}
