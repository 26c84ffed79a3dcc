using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Tests.Gallery;

/// <summary>Images that are not to be kept go, those with a star stay.</summary>
public sealed class RetentionTests(Workshop studio)
{
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"32x32","steps":1,"n":3}""";

    [Theory]
    [InlineData("30d", 720.0, null)]
    [InlineData("12 h", 12.0, null)]
    [InlineData("10GB", null, 10_000_000_000)]
    [InlineData("1w, 1.5mb", 168.0, 1_500_000L)]
    public void A_rule_is_read_as_people_write_it(string text, double? hours, long? bytes) => Assert.Equal(new KeepRule(hours is { } h ? TimeSpan.FromHours(h) : null, bytes), KeepRule.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("-1d")]
    [InlineData("0GB")]
    [InlineData("30d, x")]
    [InlineData("9999999999999d")]
    public void Anything_else_is_no_rule(string text) => Assert.Null(KeepRule.Parse(text));

    [Fact]
    public async Task Old_images_without_a_star_are_deleted_and_each_has_a_line_in_the_log()
    {
        string folder = studio.NewDataFolder();
        string[] images;
        await using (StudioServer before = await StudioServer.StartAsync(folder))
        {
            images = (await before.GenerateImagesAsync(Small)).Images;
            await before.SendAsync(HttpMethod.Patch, $"/api/images/{images[0]}", StudioServer.Json("""{"starred":true}"""));
            JsonElement none = (await before.GetAsync("/api/images/retention")).Body;
            Assert.Equal((JsonValueKind.Null, 0), (none.GetProperty("keep").ValueKind, none.GetProperty("images").GetInt32()));
        }

        using (var database = new SqliteConnection($"Data Source={Path.Combine(folder, "sdstudio.db")};Pooling=False"))
        {
            database.Open();
            using SqliteCommand age = database.CreateCommand();
            age.CommandText = "UPDATE images SET created_at = created_at - 40 * 86400000 WHERE id <> $new";
            age.Parameters.AddWithValue("$new", images[2]);
            age.ExecuteNonQuery();
        }

        await using StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:Images:Keep=30d");
        while ((await server.GetAsync("/api/images")).Body.GetProperty("total").GetInt32() > 2)
            await Task.Delay(10, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/api/images/{images[1]}/parameters")).Status);
        Assert.False(File.Exists(Path.Combine(folder, "images", images[1] + ".png")));
        string log;
        do
            log = (await server.GetAsync("/api/logs?limit=1000")).Body.ToString();
        while (!log.Contains($"Image {images[1]}", StringComparison.Ordinal));
        Assert.DoesNotContain($"Image {images[0]}", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_would_go_for_its_size_is_told_before_it_goes()
    {
        string folder = studio.NewDataFolder();
        await using (StudioServer before = await StudioServer.StartAsync(folder))
            await before.GenerateImagesAsync(Small);
        // Nothing is deleted by a look: the rule of this server keeps all.
        await using StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:Images:Keep=1GB");
        JsonElement plan = (await server.GetAsync("/api/images/retention")).Body;
        Assert.Equal(("1GB", 0, 0), (plan.GetProperty("keep").GetString(), plan.GetProperty("images").GetInt32(), plan.GetProperty("items").GetArrayLength()));
        await server.StopAsync();
    }
}
