using System.Net;
using System.Text.Json;
using SdStudio.Server.Webhooks;
using SdStudio.Tests;

namespace SdStudio.Server.Tests;

/// <summary>Those who are told of jobs that end.</summary>
public sealed class WebhookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-webhooks").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_signed_message_is_tried_again_until_it_is_taken_also_after_a_restart()
    {
        await using var receiver = new WebhookReceiver { Status = 500 };
        string[] settings = [.. Settings("shop", receiver.Address), "--SdStudio:Webhooks:shop:AllowPrivateAddresses=true"];
        string job;
        await using (StudioServer studio = await StudioServer.StartAsync(_folder, settings))
        {
            (job, _) = await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");
            await receiver.WaitForAsync(1, Cancellation);
        }

        int before = receiver.Received.Count;
        receiver.Status = 204;
        await using (StudioServer studio = await StudioServer.StartAsync(_folder, settings))
        {
            IReadOnlyList<(string Id, string Body, bool IsSigned)> received = await receiver.WaitForAsync(before + 1, Cancellation);
            Assert.Single(received.Select(message => message.Id).Distinct());
            Assert.All(received, message => Assert.True(message.IsSigned));
            using JsonDocument body = JsonDocument.Parse(received[^1].Body);
            Assert.Equal("job.completed", body.RootElement.GetProperty("type").GetString());
            JsonElement data = body.RootElement.GetProperty("data");
            Assert.Equal((job, "completed"), (data.GetProperty("id").GetString(), data.GetProperty("status").GetString()));
            Assert.Single(data.GetProperty("images").EnumerateArray());
            while (StudioServer.Query(_folder, "SELECT count(*) FROM webhook_outbox WHERE $value = ''", "") is not 0L)
                await Task.Delay(20, Cancellation);
        }
    }

    [Fact]
    public async Task Each_hears_of_the_jobs_it_is_for_and_of_nothing_else()
    {
        await using var all = new WebhookReceiver();
        await using var anns = new WebhookReceiver();
        await using StudioServer studio = await StudioServer.StartAsync(
            _folder, [
                .. Settings("all", all.Address), "--SdStudio:Webhooks:all:AllowPrivateAddresses=true",
                .. Settings("anns", anns.Address), "--SdStudio:Webhooks:anns:AllowPrivateAddresses=true", "--SdStudio:Webhooks:anns:Key=ann",
                "--SdStudio:Security:ApiKeys:ann=a-key-for-ann", "--SdStudio:Security:ApiKeys:bob=a-key-for-bob",
            ]);
        foreach (string key in new[] { "a-key-for-bob", "a-key-for-ann" })
        {
            using HttpContent body = StudioServer.Json("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");
            Assert.Equal(HttpStatusCode.OK, (await studio.SendAsync(HttpMethod.Post, "/api/generate", body, ("X-Api-Key", key))).Status);
        }

        await all.WaitForAsync(2, Cancellation);
        Assert.Single(await anns.WaitForAsync(1, Cancellation));
        Assert.Equal(2, all.Received.Count);
    }

    [Fact]
    public async Task An_address_inside_is_never_connected_to_unless_that_is_meant()
    {
        await using var receiver = new WebhookReceiver();
        // A name is looked up and the address that it has is the one that is checked.
        await using StudioServer studio = await StudioServer.StartAsync(_folder, Settings("shop", receiver.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)));
        await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");
        while (StudioServer.Query(_folder, "SELECT max(attempts) FROM webhook_outbox WHERE $value = ''", "") is not > 0L)
            await Task.Delay(20, Cancellation);
        Assert.Empty(receiver.Received);
    }

    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    public void Addresses_of_the_internet_are_told_from_others(string address, bool isPublic) => Assert.Equal(isPublic, PublicAddresses.Contain(IPAddress.Parse(address)));

    [Fact]
    public async Task A_webhook_without_a_secret_or_an_address_keeps_the_server_from_starting()
    {
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => StudioServer.StartAsync(_folder, "--SdStudio:Webhooks:shop:Url=example.org", "--SdStudio:Webhooks:shop:Secret=short"));
        Assert.Contains("SdStudio:Webhooks:shop:Url", refused.Message, StringComparison.Ordinal);
        Assert.Contains("SdStudio:Webhooks:shop:Secret", refused.Message, StringComparison.Ordinal);
    }

    private static string[] Settings(string name, string address) => [$"--SdStudio:Webhooks:{name}:Url={address}", $"--SdStudio:Webhooks:{name}:Secret={WebhookReceiver.Secret}"];
}
