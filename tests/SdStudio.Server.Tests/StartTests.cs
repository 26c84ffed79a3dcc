using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Tests;

public sealed class StartTests(Workshop studio)
{
    [Fact]
    public async Task Two_servers_do_not_share_a_data_directory()
    {
        var refused = await Assert.ThrowsAsync<CannotStartException>(() => StudioServer.StartAsync(studio.Server.Folder));

        Assert.Contains("in use by another SdStudio", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_left_alone()
    {
        string folder = studio.NewDataFolder();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "sdstudio.db")};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 999";
            command.ExecuteNonQuery();
        }

        var refused = await Assert.ThrowsAsync<CannotStartException>(() => StudioServer.StartAsync(folder));

        Assert.Contains("newer SdStudio (version 999", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_are_refused_all_at_once()
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:SynchronousWaitSeconds=0", "--SdStudio:Limits:MaxSide=99999"));

        Assert.Equal(
            ["SdStudio:SynchronousWaitSeconds is 0; allowed is 1 to 86400", "SdStudio:Limits:MaxSide is 99999; allowed is 1 to 16384"], refused.Failures);
    }

    [Fact]
    public async Task A_setting_of_another_type_is_refused_with_what_is_allowed()
    {
        string[] settings =
        [
            .. SettingsOf(typeof(StudioOptions), "SdStudio"), .. SettingsOf(typeof(DeviceOptions), "SdStudio:Devices:0"), .. SettingsOf(typeof(WebhookOptions), "SdStudio:Webhooks:shop"),
        ];
        Assert.InRange(settings.Length, 30, 100);
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StudioServer.StartAsync(
            studio.NewDataFolder(), [.. settings.Select(setting => $"--{setting}=abc"), "--SdStudio:Devices:0:Name=CPU", "--SdStudio:Queue:MaxWaiting=0"]));

        string[] told = [.. refused.Failures.Where(problem => problem.Contains(" is abc; ", StringComparison.Ordinal))];
        Assert.Equal(settings.Where(setting => setting != "SdStudio:Queue:MaxWaiting").Order(StringComparer.Ordinal), told.Select(problem => problem.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.All(told, problem => Assert.Matches("; allowed is (-?[0-9]+ to [0-9]+|true or false|auto, rough, decoded or none)$", problem));
        Assert.Contains(refused.Failures, problem => problem.StartsWith("SdStudio:Queue:MaxWaiting is 0; allowed is 1 to ", StringComparison.Ordinal));
    }

    // The names of numbers, flags and words.
    private static IEnumerable<string> SettingsOf(Type options, string path) => options.GetProperties().Where(property => property.CanWrite).SelectMany(property =>
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        string name = $"{path}:{property.Name}";
        return type.IsPrimitive || type.IsEnum || type == typeof(TimeSpan) ? [name] : type.Namespace == typeof(StudioOptions).Namespace ? SettingsOf(type, name) : [];
    });

    [Fact]
    public async Task Whatever_is_wrong_with_a_setting_is_said_with_its_whole_name()
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:Devices:0:Name=CPU", "--SdStudio:Devices:1:Name= ", "--SdStudio:Devices:1:Workers=65", "--SdStudio:Devices=gpu",
            "--SdStudio:Queue:AgeingSeconds=0", "--SdStudio:Security:ApiKey=short", "--SdStudio:Downloads:HubAddress=ftp://hub", "--SdStudio:Limits:JobsPerMinute=-1"));

        Assert.Equal(
            [
                "SdStudio:Devices is one word; allowed is auto, or a list as in SdStudio:Devices:0:Name",
                "SdStudio:Devices:1:Name is empty; name a device of the engine, or CPU",
                "SdStudio:Devices:1:Workers is 65; allowed is 1 to 64",
                "SdStudio:Downloads:HubAddress is 'ftp://hub'; allowed is an http or https address",
                "SdStudio:Limits:JobsPerMinute is -1; allowed is 0 to 1000000",
                "SdStudio:Queue:AgeingSeconds is 0; allowed is 1 to 86400",
                "SdStudio:Security:ApiKey has 5 characters; a key needs at least 8",
            ],
            refused.Failures.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_catalogue_that_is_no_yaml_is_named_with_the_line_and_stops_nothing()
    {
        string folder = studio.NewDataFolder("models:\n  demo:\n    name: \"Demo\n");
        await using StudioServer server = await StudioServer.StartAsync(folder);

        (_, System.Text.Json.JsonElement logs) = await server.GetAsync("/api/logs?level=warn");

        Assert.Contains(logs.GetProperty("logs").EnumerateArray(), line => line.GetProperty("message").GetString()!.Contains("models.yml cannot be read: line", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_first_start_leaves_a_catalogue_with_the_demo_model()
    {
        string folder = studio.NewDataFolder();
        File.Delete(Path.Combine(folder, "models.yml"));
        await using StudioServer server = await StudioServer.StartAsync(folder);

        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");

        Assert.Contains("default_size: \"256x256\"", File.ReadAllText(Path.Combine(folder, "models.yml")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("noise")]
    [InlineData("half")]
    [InlineData("folder")]
    public async Task A_damaged_log_is_set_aside_and_begun_again(string damage)
    {
        string folder = studio.NewDataFolder();
        string path = Path.Combine(folder, "logs.db");
        await using (StudioServer first = await StudioServer.StartAsync(folder))
        {
            (_, System.Text.Json.JsonElement before) = await first.GetAsync("/api/logs?level=debug");
            Assert.NotEmpty(before.GetProperty("logs").EnumerateArray());
        }

        switch (damage)
        {
            case "noise":
                File.WriteAllBytes(path, [.. Enumerable.Range(0, 5000).Select(i => (byte)((i * 7919) >> 3))]);
                break;
            case "half":
                using (var file = new FileStream(path, FileMode.Open))
                    file.SetLength(file.Length / 2);
                break;
            default:
                File.Delete(path);
                Directory.CreateDirectory(path);
                break;
        }

        await using StudioServer server = await StudioServer.StartAsync(folder);
        (_, System.Text.Json.JsonElement logs) = await server.GetAsync("/api/logs?level=warn");

        Assert.Contains(logs.GetProperty("logs").EnumerateArray(), line => line.GetProperty("message").GetString()!.Contains("was damaged: it was set aside as logs.db.damaged-", StringComparison.Ordinal));
        Assert.Single(Directory.GetFileSystemEntries(folder, "logs.db.damaged-*"));
    }
}
