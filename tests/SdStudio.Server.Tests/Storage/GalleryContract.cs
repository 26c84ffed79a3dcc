using System.Globalization;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What holds for images, boards and presets in every store.</summary>
public abstract partial class GalleryContract
{
    private static readonly string[] Prompts =
    [
        "a red circle on a blue background", "STRASSE Äpfel", "naïve Café", "ёлка Йод", "が ペン", "한국", "赤い円を描いて", "a red-blue circle", "a bored cat", "a \"red\" circle", "ประเทศไทย", "circle red", "re\0d \ud800",
    ];

    private protected abstract IGallery Images { get; }

    private protected abstract IBoards Boards { get; }

    private protected abstract IJobStore Jobs { get; }

    /// <summary>What a store does from time to time.</summary>
    private protected virtual ValueTask TidyAsync() => ValueTask.CompletedTask;

    private protected abstract IPresetStore Presets { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task FillAsync() => await Images.AddAsync(
        [
            .. Prompts.Select((prompt, index) => new ImportedImage(
                new JobImage($"{index}", $"job-{index}", 0, $"images/{index}.png", "image/png", 64 + index, 64, index),
                new GenerationSettings { Type = "generate", Model = index % 2 == 0 ? "demo" : "other", Prompt = prompt, Width = 64, Height = 64, Seed = index, Count = 1, Steps = 4, CfgScale = 1, Loras = index == 3 ? [new LoraSetting("ink", 1)] : null },
                index < 6 ? "ann" : "bob", 1000 + index)),
        ],
        Cancellation);

    private async Task<string> FoundAsync(GalleryFilter filter, GallerySort sort = GallerySort.Oldest)
    {
        IReadOnlyList<ListedImage> found = await Images.ListAsync(filter, new GalleryPage(sort, After: null, Limit: 100), Cancellation);
        Assert.Equal(found.Count, await Images.CountAsync(filter, Cancellation));
        return string.Join(' ', found.Select(image => image.Image.Id));
    }

    [Theory]
    [InlineData("a\u0308pfel strasse", "1")]
    [InlineData("CAFE\u0301", "2")]
    [InlineData("е\u0308лка и\u0306од", "3")]
    [InlineData("か\u3099 ヘ\u309Aン", "4")]
    [InlineData("\u1112\u1161\u11AB\u1100\u116E\u11A8", "5")]
    [InlineData("円を描", "6")]
    [InlineData("円描", "")]
    [InlineData("circ red", "0 7 9 11")]
    [InlineData("\"red circle\"", "0 9")]
    [InlineData("\"circle red\"", "11")]
    [InlineData("\"red circ\"", "")]
    [InlineData("red-blue", "7")]
    [InlineData("red\"", "0 7 9 11")]
    [InlineData("ไทย", "10")]
    [InlineData("red OR blue", "")]
    [InlineData("NOT red", "")]
    [InlineData("!!!", "")]
    [InlineData("'':* & | <->", "")]
    public async Task Words_are_found_as_they_are_in_every_store(string search, string found)
    {
        await FillAsync();
        Assert.Equal(found, await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = search }));
    }

    [Fact]
    public async Task Words_of_any_length_and_numbers_of_any_kind_are_stored_and_found()
    {
        string[] prompts = ["½ cup, Ⅷ", new string('a', 600) + " end", new string('\u0958', 500), new string('\u0ddd', 400) + " end", "a" + string.Concat(Enumerable.Repeat("\U0001D400", 400))];
        await Images.AddAsync(
            [
                .. prompts.Select((prompt, index) => new ImportedImage(
                    new JobImage($"{index}", $"job-{index}", 0, $"images/{index}.png", "image/png", 64, 64, index),
                    new GenerationSettings { Type = "generate", Model = "demo", Prompt = prompt, Width = 64, Height = 64, Seed = index }, "", 1000 + index)),
            ],
            Cancellation);

        Assert.Equal("0", await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = "½" }));
        Assert.Equal("0", await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = "Ⅷ cup" }));
        Assert.Equal("1 3", await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = "end" }));
        foreach ((int index, string prompt) in prompts.Index())
        {
            Assert.Equal($"{index}", await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = prompt }));
            Assert.Equal($"{index}", await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = $"\"{prompt}\"" }));
        }

        Assert.Equal("", await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = new string('b', 3000) }));
    }

    [Fact]
    public async Task Any_search_is_answered()
    {
        await FillAsync();
        var random = new Random(5);
        for (int i = 0; i < 200; i++)
            await FoundAsync(new GalleryFilter(OwnerScope.All) { Search = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => (char)(random.Next(4) == 0 ? random.Next(1, 0xFFFF) : random.Next(32, 127)))) });
    }

    [Fact]
    public async Task Stars_ratings_tags_boards_and_filters()
    {
        await FillAsync();
        Board board = (await Boards.AddAsync("best", "ann", Cancellation))!;
        Assert.Null(await Boards.AddAsync("best", "ann", Cancellation));
        Assert.NotNull(await Boards.AddAsync("best", "bob", Cancellation));
        await Images.ChangeAsync(["1", "2", "nothing"], OwnerScope.All, new ImageChange { Starred = true, Rating = 4, Tags = ["b", "a"], Board = board.Id }, Cancellation);
        IReadOnlyList<ListedImage> changed = await Images.ChangeAsync(["2", "7"], OwnerScope.All, new ImageChange { Rating = 5, AddTags = ["c", "c"], RemoveTags = ["a"] }, Cancellation);

        Assert.Equal(["2: b c True 5", "7: c False 5"], changed.Select(image => $"{image.Image.Id}: {string.Join(' ', image.Tags)} {image.Starred} {image.Rating}"));
        GalleryFilter all = new(OwnerScope.All);
        Assert.Equal("1 2", await FoundAsync(all with { Starred = true }));
        Assert.Equal("1 2", await FoundAsync(all with { Board = board.Id }));
        Assert.Equal("2", await FoundAsync(all with { Tags = ["b", "c"] }));
        Assert.Equal("2", await FoundAsync(all with { Tags = ["b"], Rating = 5, Starred = true, Model = "demo" }));
        Assert.Equal("7 2 1", (await FoundAsync(all with { Rating = 1 }, GallerySort.Rating)));
        Assert.Equal("3", await FoundAsync(all with { Lora = "ink" }));
        Assert.Equal("4", await FoundAsync(all with { Size = new ImageSize(68, 64) }));
        Assert.Equal("2 3", await FoundAsync(all with { From = 1002, To = 1004 }));
        Assert.Equal("5", await FoundAsync(all with { Seed = 5 }));
        Assert.Equal("0 1 2 3 4 5", await FoundAsync(new GalleryFilter(OwnerScope.Only("ann"))));
        Assert.Equal([("c", 2L), ("b", 2L), ("a", 1L)], (await Images.TagsAsync(OwnerScope.All, 10, Cancellation)).OrderByDescending(tag => tag.Images).ThenByDescending(tag => tag.Tag));
        Assert.Equal((2L, "2"), ((await Boards.FindAsync("best", OwnerScope.Only("ann"), Cancellation))!.Images, (await Boards.FindAsync(board.Id, OwnerScope.All, Cancellation))!.CoverId));
        Assert.True(await Boards.RenameAsync(board, "worst", Cancellation));
        await Boards.DeleteAsync(board, Cancellation);
        Assert.Equal("0 1 2 3 4 5 6 7 8 9 10 11 12", await FoundAsync(all with { Board = GalleryFilter.NoBoard }));
        Assert.Empty(await Images.AddAsync([new ImportedImage(new JobImage("x", "job-1", 0, "images/x.png", "image/png", 8, 8, 1), new GenerationSettings { Type = "generate", Model = "demo", Prompt = "", Width = 8, Height = 8 }, "", 1)], Cancellation));
    }

    [Fact]
    public async Task Totals_are_what_is_there_however_images_come_change_and_go()
    {
        await FillAsync();
        Board[] boards = [(await Boards.AddAsync("first", "ann", Cancellation))!, (await Boards.AddAsync("second", "bob", Cancellation))!];
        GalleryFilter all = new(OwnerScope.All), anns = new(OwnerScope.Only("ann"));
        GalleryFilter[] filters =
        [
            all, anns, all with { Search = "circle" }, anns with { Search = "red circ" }, all with { Starred = true }, anns with { Rating = 2 }, all with { Tags = ["a"] }, anns with { Tags = ["a"] },
            all with { Tags = ["a", "b"] }, all with { Tags = ["b"], Search = "red" }, all with { Board = boards[0].Id }, anns with { Board = boards[1].Id }, all with { Board = GalleryFilter.NoBoard },
            all with { Board = boards[0].Id, Starred = true }, all with { Model = "demo" }, all with { Model = "demo", Size = new ImageSize(64, 64) }, all with { Lora = "ink" },
        ];
        var random = new Random(11);
        List<int> ids = [.. Enumerable.Range(0, Prompts.Length)];
        for (int turn = 0; turn < 60; turn++)
        {
            string Any() => $"{ids[random.Next(ids.Count)]}";
            switch (random.Next(turn == 40 ? 1 : 6))
            {
                case 0 when turn == 40:
                    await Boards.DeleteAsync(boards[0], Cancellation);
                    break;
                case 0:
                    string id = Any();
                    Assert.Single(await Jobs.DeleteAsync([$"job-{id}"], OwnerScope.All, Cancellation));
                    ids.Remove(int.Parse(id, CultureInfo.InvariantCulture));
                    break;
                case 1:
                    await Images.ChangeAsync([Any(), Any()], OwnerScope.All, new ImageChange { Starred = random.Next(2) == 0, Rating = random.Next(4) }, Cancellation);
                    break;
                case 2:
                    await Images.ChangeAsync([Any(), Any()], OwnerScope.All, new ImageChange { Board = random.Next(3) == 0 ? GalleryFilter.NoBoard : boards[random.Next(2)].Id }, Cancellation);
                    break;
                case 3:
                    await Images.ChangeAsync([Any(), Any()], OwnerScope.All, new ImageChange { AddTags = ["a", "b"], RemoveTags = ["c"] }, Cancellation);
                    break;
                case 4:
                    await Images.ChangeAsync([Any()], OwnerScope.All, new ImageChange { Tags = random.Next(2) == 0 ? [] : ["a", "c"] }, Cancellation);
                    break;
                default:
                    int next = 100 + turn;
                    await Images.AddAsync([new ImportedImage(
                        new JobImage($"{next}", $"job-{next}", 0, $"images/{next}.png", "image/png", 64, 64, next),
                        new GenerationSettings { Type = "generate", Model = "demo", Prompt = "a red circle", Width = 64, Height = 64, Seed = next, Board = boards[1].Id }, turn % 2 == 0 ? "ann" : "bob", 2000 + turn)], Cancellation);
                    ids.Add(next);
                    break;
            }

            if (turn % 7 == 0)
                await TidyAsync();
            foreach (GalleryFilter filter in filters)
                await FoundAsync(filter);
            foreach (OwnerScope scope in new[] { OwnerScope.All, OwnerScope.Only("bob") })
            {
                List<(string, long)> tags = [.. (await Images.ListAsync(new GalleryFilter(scope), new GalleryPage(GallerySort.Newest, null, 100), Cancellation)).SelectMany(image => image.Tags)
                    .GroupBy(tag => tag).Select(tag => (tag.Key, (long)tag.Count())).OrderByDescending(tag => tag.Item2).ThenBy(tag => tag.Key, StringComparer.Ordinal)];
                Assert.Equal(tags, await Images.TagsAsync(scope, 10, Cancellation));
            }
        }
    }

    [Fact]
    public async Task Words_are_found_in_a_history_that_is_longer_than_what_is_looked_at_near_by()
    {
        const int count = 6000;
        await Images.AddAsync(
            [
                .. Enumerable.Range(0, count).Select(index => new ImportedImage(
                    new JobImage($"{index}", $"job-{index}", 0, $"images/{index}.png", "image/png", 64, 64, index),
                    new GenerationSettings { Type = "generate", Model = "demo", Prompt = $"{(index is 3 or 5500 ? "rare" : "rarity")} {(index % 2 == 0 ? "even" : "odd")} {index}", Width = 64, Height = 64, Seed = index }, "", index)),
            ],
            Cancellation);
        GalleryFilter all = new(OwnerScope.All);
        Assert.Equal("3 5500", await FoundAsync(all with { Search = "rare" }));
        Assert.Equal("5500 3", await FoundAsync(all with { Search = "rare" }, GallerySort.Newest));
        Assert.Equal("5500", await FoundAsync(all with { Search = "rare even" }, GallerySort.Newest));
        Assert.Equal("5500", await FoundAsync(all with { Search = "even rare" }));
        Assert.Equal("3", await FoundAsync(all with { Search = "\"rare odd\" 3 od" }, GallerySort.Newest));
        Assert.Equal("", await FoundAsync(all with { Search = "odd rare 5500" }));
        Assert.Equal(count / 2, await Images.CountAsync(all with { Search = "even" }, Cancellation));
        foreach (GallerySort sort in new[] { GallerySort.Newest, GallerySort.Oldest })
        {
            List<string> paged = [];
            GalleryCursor? after = null;
            while (await Images.ListAsync(all with { Search = "even" }, new GalleryPage(sort, after, 700), Cancellation) is { Count: > 0 } page)
            {
                paged.AddRange(page.Select(image => image.Image.Id));
                after = page[^1].Cursor;
            }

            IEnumerable<string> expected = Enumerable.Range(0, count / 2).Select(index => $"{2 * index}");
            Assert.Equal(sort == GallerySort.Newest ? expected.Reverse() : expected, paged);
        }
    }

    [Fact]
    public async Task Pages_go_on_where_the_last_one_ended_and_places_are_found()
    {
        await FillAsync();
        var filter = new GalleryFilter(OwnerScope.All);
        foreach (GallerySort sort in Enum.GetValues<GallerySort>())
        {
            List<string> whole = [.. (await FoundAsync(filter, sort)).Split(' ')];
            List<string> paged = [];
            GalleryCursor? after = null;
            while (await Images.ListAsync(filter, new GalleryPage(sort, after, 5), Cancellation) is { Count: > 0 } page)
            {
                paged.AddRange(page.Select(image => image.Image.Id));
                after = page[^1].Cursor;
            }

            Assert.Equal(whole, paged);
            GalleryCursor? at = await Images.CursorAtAsync(filter, sort, 4, Cancellation);
            Assert.Equal(whole[5], (await Images.ListAsync(filter, new GalleryPage(sort, at, 1), Cancellation))[0].Image.Id);
            Assert.Null(await Images.CursorAtAsync(filter, sort, 13, Cancellation));
        }
    }

    [Fact]
    public async Task Presets_are_their_owners()
    {
        await Presets.PutAsync([new Preset("b", "{}"), new Preset("a", "{\"steps\":1}")], "ann", Cancellation);
        await Presets.PutAsync([new Preset("b", "{\"steps\":2}")], "ann", Cancellation);

        Assert.Equal([new Preset("a", "{\"steps\":1}"), new Preset("b", "{\"steps\":2}")], await Presets.ListAsync("ann", Cancellation));
        Assert.Null(await Presets.FindAsync("a", "bob", Cancellation));
        Assert.True(await Presets.DeleteAsync("a", "ann", Cancellation));
        Assert.False(await Presets.DeleteAsync("a", "ann", Cancellation));
    }
}

public sealed class SqliteGalleryTests : GalleryContract, IDisposable
{
    private readonly SqliteStore _store = new();

    private protected override IGallery Images => field ??= new SqliteGallery(_store.Database);

    private protected override IGallery ImagesWith(int mostOfFew) => new SqliteGallery(_store.Database, mostOfFew);

    private protected override async ValueTask SkipToAsync(long number) => await _store.Database.ExecuteAsync(
        "INSERT INTO sqlite_sequence SELECT 'images', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'images'); UPDATE sqlite_sequence SET seq = max(seq, $number) WHERE name = 'images'",
        TestContext.Current.CancellationToken, ("$number", number));

    private protected override IJobStore Jobs => _store.Jobs;

    private protected override IBoards Boards => new SqliteBoards(_store.Database, TimeProvider.System);

    private protected override IPresetStore Presets => new SqlitePresets(_store.Database);

    public void Dispose() => _store.Dispose();
}

[Collection(PostgresGroup.Name)]
public sealed class PostgresGalleryTests(PostgresFixture postgres) : GalleryContract, IDisposable
{
    private readonly PostgresStore _store = new(postgres);

    private protected override IGallery Images => field ??= new PostgresGallery(_store.Database);

    private protected override IGallery ImagesWith(int mostOfFew) => new PostgresGallery(_store.Database, mostOfFew);

    private protected override async ValueTask SkipToAsync(long number) => await _store.Database.QueryAsync(
        "SELECT setval(pg_get_serial_sequence('images', 'number'), greatest(nextval(pg_get_serial_sequence('images', 'number')), @number))", _ => true, TestContext.Current.CancellationToken, ("number", number));

    private protected override IJobStore Jobs => _store.Jobs;

    private protected override async ValueTask TidyAsync() => await PostgresCounts.AddUpAsync(_store.Database, TestContext.Current.CancellationToken);

    private protected override IBoards Boards => new PostgresBoards(_store.Database);

    private protected override IPresetStore Presets => new PostgresPresets(_store.Database);

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task A_total_has_an_image_that_was_begun_earlier_than_others_and_comes_later()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GalleryFilter filter = new(OwnerScope.All) { Model = "demo" };
        ImportedImage Imported(string id) => new(
            new JobImage(id, $"job-{id}", 0, $"images/{id}.png", "image/png", 64, 64, 1), new GenerationSettings { Type = "generate", Model = "demo", Prompt = "", Width = 64, Height = 64 }, "", 1);
        var (begun, commit) = (new TaskCompletionSource(), new TaskCompletionSource());
        await Images.AddAsync([Imported("first")], cancellation);
        Task early = _store.Database.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync(
                    "INSERT INTO jobs (id, type, model, settings, prompt, status, created_at, queued_at, updated_at) SELECT 'job-early', type, model, settings, prompt, status, 1, 1, 1 FROM jobs WHERE id = 'job-first'");
                await PostgresRows.AddImagesAsync(session, "job-early", [new JobImage("early", "job-early", 0, "images/early.png", "image/png", 64, 64, 1)], tells: false);
                begun.SetResult();
                await commit.Task;
                return true;
            },
            cancellation).AsTask();
        await begun.Task;
        await Images.AddAsync([Imported("late")], cancellation);
        Assert.Equal(2, await Images.CountAsync(filter, cancellation));
        commit.SetResult();
        await early;
        Assert.Equal(3, await Images.CountAsync(filter, cancellation));
        await Images.AddAsync([Imported("last")], cancellation);
        Assert.Equal(4, await Images.CountAsync(filter, cancellation));
    }
}
