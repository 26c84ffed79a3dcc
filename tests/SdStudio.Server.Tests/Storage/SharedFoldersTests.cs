using Microsoft.Extensions.Logging.Abstractions;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Tests.Storage;

/// <summary>Files that all machines of a studio have.</summary>
[Collection(PostgresGroup.Name)]
public sealed class SharedFoldersTests(PostgresFixture postgres) : IDisposable
{
    private readonly PostgresStore _store = new(postgres);
    private readonly SqliteStore _first = new();
    private readonly SqliteStore _second = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task What_is_added_changed_and_deleted_on_one_machine_is_so_on_the_others()
    {
        using SharedFolders first = Machine(_first), second = Machine(_second);
        Write(_first, "people/anna/1.png", "anna");
        Write(_first, "people/anna/notes.docx", "nobody's business");
        Write(_first, "styles.csv", "name,prompt,negative_prompt");
        Write(_second, "wildcards/animals/birds.txt", "owl");
        await SyncAsync(first, second, first);

        Assert.Equal(["people/anna/1.png", "styles.csv", "wildcards/animals/birds.txt"], Names(_second));
        Assert.Equal("owl", Read(_first, "wildcards/animals/birds.txt"));
        Write(_second, "styles.csv", "name,prompt,negative_prompt\r\nold film,grain,");
        Directory.Delete(Path.Combine(_second.Folder, "people", "anna"), recursive: true);
        await SyncAsync(second, first);

        Assert.Contains("old film", Read(_first, "styles.csv"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_first.Folder, "people/anna/1.png")));
        Assert.True(File.Exists(Path.Combine(_first.Folder, "people/anna/notes.docx")));
        // Somebody who comes back is there again.
        Write(_first, "people/anna/1.png", "anna");
        await SyncAsync(first, second);
        Assert.Equal("anna", Read(_second, "people/anna/1.png"));
    }

    [Fact]
    public async Task Of_two_changes_at_the_same_time_the_later_one_stays_on_both()
    {
        using SharedFolders first = Machine(_first), second = Machine(_second);
        Write(_first, "wildcards/a.txt", "before");
        await SyncAsync(first, second);
        Write(_first, "wildcards/a.txt", "by the first");
        Write(_second, "wildcards/a.txt", "by the second");
        await SyncAsync(first, second, first);

        Assert.Equal(("by the second", "by the second"), (Read(_first, "wildcards/a.txt"), Read(_second, "wildcards/a.txt")));
    }

    [Fact]
    public async Task A_machine_that_joins_brings_what_is_new_and_sets_aside_what_the_studio_has_of_its_own()
    {
        using SharedFolders first = Machine(_first), second = Machine(_second);
        Write(_first, "styles.csv", "the studio's");
        await SyncAsync(first);
        Write(_second, "styles.csv", "brought along");
        Write(_second, "wildcards/new.txt", "new");
        await SyncAsync(second, first);

        Assert.Equal("the studio's", Read(_second, "styles.csv"));
        Assert.Equal("brought along", Read(_second, "styles.csv.before"));
        Assert.Equal("new", Read(_first, "wildcards/new.txt"));
    }

    [Fact]
    public async Task A_folder_that_is_gone_as_a_whole_deletes_nothing_and_a_restart_changes_nothing()
    {
        using SharedFolders first = Machine(_first), second = Machine(_second);
        Write(_first, "people/anna/1.png", "anna");
        await SyncAsync(first, second);
        Directory.Move(Path.Combine(_second.Folder, "people"), Path.Combine(_second.Folder, "elsewhere"));
        await SyncAsync(second, first);
        Assert.Equal("anna", Read(_first, "people/anna/1.png"));
        Directory.Move(Path.Combine(_second.Folder, "elsewhere"), Path.Combine(_second.Folder, "people"));
        Directory.Delete(Path.Combine(_first.Folder, "people", "anna"), recursive: true);

        // What was deleted while the server did not run.
        using SharedFolders again = Machine(_first);
        await again.StartAsync(Cancellation);
        await again.StopAsync(Cancellation);
        await SyncAsync(second);
        Assert.False(File.Exists(Path.Combine(_second.Folder, "people/anna/1.png")));
    }

    [Theory]
    [InlineData("people/../sdstudio.db")]
    [InlineData("models.yml")]
    [InlineData("../styles.csv")]
    [InlineData("wildcards")]
    public async Task A_name_that_leads_elsewhere_is_never_written(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => new SharedFiles(_first.Folder).WriteAsync(name, "x"u8.ToArray(), Cancellation));
    }

    private SharedFolders Machine(SqliteStore store) => new(_store.Database, store.Folders, NullLogger<SharedFolders>.Instance);

    private static async Task SyncAsync(params SharedFolders[] machines)
    {
        foreach (SharedFolders machine in machines)
        {
            // What another machine has changed meanwhile is taken first, and what is left is given then.
            await machine.SyncAsync(asks: true, Cancellation);
            await machine.SyncAsync(asks: true, Cancellation);
        }
    }

    private static void Write(SqliteStore store, string name, string content)
    {
        string path = Path.Combine(store.Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private static string Read(SqliteStore store, string name) => File.ReadAllText(Path.Combine(store.Folder, name));

    private static string[] Names(SqliteStore store) => [.. new SharedFiles(store.Folder).Scan().Keys.Order(StringComparer.Ordinal)];
}
