using System.Net;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A message to a webhook outlives the process.</summary>
public sealed class WebhookTests : IDisposable
{
    private readonly string _data = ServerProcess.NewFolder();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_message_that_nobody_took_is_sent_again_after_a_kill()
    {
        await using var receiver = new WebhookReceiver { Status = 503 };
        (string, string)[] settings =
        [
            ("SdStudio__Webhooks__shop__Url", receiver.Address), ("SdStudio__Webhooks__shop__Secret", WebhookReceiver.Secret), ("SdStudio__Webhooks__shop__AllowPrivateAddresses", "true"),
        ];
        using (ServerProcess server = await ServerProcess.StartAsync(_data, settings))
        {
            Assert.Equal(HttpStatusCode.OK, (await server.GenerateAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""")).Status);
            await receiver.WaitForAsync(1, Cancellation);
            await server.SignalAsync("KILL");
        }

        int before = receiver.Received.Count;
        receiver.Status = 200;
        using ServerProcess again = await ServerProcess.StartAsync(_data, settings);
        IReadOnlyList<(string Id, string Body, bool IsSigned)> received = await receiver.WaitForAsync(before + 1, Cancellation);
        Assert.Single(received.Select(message => message.Id).Distinct());
        Assert.All(received, message => Assert.True(message.IsSigned));
    }
}
