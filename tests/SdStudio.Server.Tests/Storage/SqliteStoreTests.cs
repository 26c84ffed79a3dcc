using Microsoft.Extensions.Options;
using SdStudio.Server.Gallery;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Storage;

/// <summary>A data directory with its database.</summary>
internal sealed class SqliteStore : ITestStore, IDisposable
{
    private readonly bool _isOwn;
    private bool _isClosed;

    public SqliteStore(string? folder = null)
    {
        _isOwn = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("sdstudio-store-").FullName;
        Folders = new DataFolders(Options.Create(new StudioOptions { DataDirectory = Folder }));
        try
        {
            Database = new StudioDatabase(Folders);
        }
        catch
        {
            Folders.Dispose();
            throw;
        }

        Jobs = new SqliteJobStore(Database, TimeProvider.System);
        Queries = new SqliteJobQueries(Database);
        State = new SqliteSharedState(Database);
        Costs = new SqliteModelCostStore(Database);
    }

    public string Folder { get; }

    public DataFolders Folders { get; }

    public StudioDatabase Database { get; }

    public IJobStore Jobs { get; }

    public IJobQueries Queries { get; }

    public ISharedState State { get; }

    public IModelCostStore Costs { get; }

    /// <summary>Closes it and leaves the folder.</summary>
    public void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        Database.Dispose();
        Folders.Dispose();
    }

    public void Dispose()
    {
        Close();
        if (_isOwn)
            Directory.Delete(Folder, recursive: true);
    }
}

public sealed class SqliteJobStoreTests : JobStoreContract, IDisposable
{
    private readonly SqliteStore _store = new();

    private protected override ITestStore Store => _store;

    public void Dispose() => _store.Dispose();
}

public sealed class SqliteJobQueriesTests : JobQueriesContract, IDisposable
{
    private readonly SqliteStore _store = new();

    private protected override ITestStore Store => _store;

    public void Dispose() => _store.Dispose();
}

public sealed class SqliteSharedStateTests : SharedStateContract, IDisposable
{
    private readonly SqliteStore _store = new();

    private protected override ITestStore Store => _store;

    public void Dispose() => _store.Dispose();
}

/// <summary>How SQLite looks for images.</summary>
public sealed class SqliteGalleryPlanTests : IDisposable
{
    private readonly SqliteStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void The_index_of_words_is_asked_once_whatever_stands_beside_the_words()
    {
        GalleryFilter words = new(OwnerScope.All) { Search = "red" };
        foreach (GalleryFilter filter in new[] { words, words with { Tags = ["a", "b"] }, words with { Lora = "ink" }, words with { Tags = ["a"], Starred = true, Board = "b", Rating = 1, From = 1, To = 2 } })
        {
            GallerySelection selection = GallerySelection.Of(filter, TimeSearch.OneByOne, page: null);
            List<string> plan = _store.Database.Read(reader => reader.Query($"EXPLAIN QUERY PLAN SELECT count(*) FROM {selection.From}", row => row.GetString(3), selection.Values));
            string index = Assert.Single(plan, step => step.Contains("image_search VIRTUAL TABLE", StringComparison.Ordinal));
            // It writes = where it is asked for one number at a time.
            Assert.DoesNotContain("=", index, StringComparison.Ordinal);
        }
    }
}
