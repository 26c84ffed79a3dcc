using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Hosting;

/// <summary>Prints where the server listens and how to generate the first image.</summary>
internal sealed class StartupBanner(IServer server, IHostApplicationLifetime lifetime, DataFolders folders, IOptions<StudioOptions> options) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(Write);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Write()
    {
        string address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() + options.Value.PathBase;
        string host = address.Replace("//[::]", "//localhost", StringComparison.Ordinal).Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal);
        Console.WriteLine(
            $$"""

              SdStudio {{StudioVersion.Text}} listens on {{address}}
              Everything it writes is in {{folders.Root}}

              Open {{host}} in a browser, or generate an image from here:
                curl -s {{host}}/api/generate -H 'content-type: application/json' -d '{"model":"demo","prompt":"a red circle on a blue background","size":"256x256","seed":"7"}'
              and fetch it by the image id in the answer:
                curl -s {{host}}/api/images/IMAGE_ID -o image.png

            """);
    }
}
