using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Tests.Storage;

public abstract partial class GalleryContract
{
    private static readonly string[] Tags = ["a", "b", "c"];

    private static readonly string[] Searches = ["red circ", "re", "\"red circle\"", "cat", "ประเทศไทย", "!!!", "red blue background"];

    /// <summary>The same images, where so many of a time are few; the others are looked for by thousands of numbers.</summary>
    private protected abstract IGallery ImagesWith(int mostOfFew);

    /// <summary>The next image's number is this one's or higher.</summary>
    private protected abstract ValueTask SkipToAsync(long number);

    [Fact]
    public async Task Images_of_a_time_are_the_same_however_they_are_looked_for()
    {
        var random = new Random(17);
        (List<ListedImage> all, string board) = await FillTimesAsync(random);
        using var few = (IDisposable)ImagesWith(int.MaxValue);
        using var thousands = (IDisposable)ImagesWith(0);
        for (int i = 0; i < 150; i++)
        {
            GalleryFilter filter = AnyFilter(random, board);
            (long from, long to) = (random.Next(-50, 1100), random.Next(-50, 1100));
            GalleryFilter timed = filter with { From = i % 3 == 0 ? null : from, To = i % 3 == 1 ? null : to };
            foreach (GallerySort sort in Enum.GetValues<GallerySort>())
            {
                HashSet<string> ofTime = [.. all.Where(image => image.CreatedAt >= (timed.From ?? long.MinValue) && image.CreatedAt < (timed.To ?? long.MaxValue)).Select(image => image.Image.Id)];
                List<string> expected = [.. (await Images.ListAsync(filter, new GalleryPage(sort, After: null, Limit: 1000), Cancellation)).Select(image => image.Image.Id).Where(ofTime.Contains)];
                foreach (IGallery gallery in new[] { (IGallery)few, (IGallery)thousands })
                {
                    Assert.Equal(expected, await PagedAsync(gallery, timed, sort, limit: 1 + random.Next(9)));
                    Assert.Equal(expected.Count, await gallery.CountAsync(timed, Cancellation));
                    int place = random.Next(expected.Count + 1);
                    GalleryCursor? at = await gallery.CursorAtAsync(timed, sort, place, Cancellation);
                    Assert.Equal(place < expected.Count ? expected[(place + 1)..].Take(3) : null, at is null ? null : (await gallery.ListAsync(timed, new GalleryPage(sort, at, 3), Cancellation)).Select(image => image.Image.Id));
                }
            }
        }
    }

    // Times that grow with numbers, a hundred images in eleven thousands; some are much older than those before them, and some have gone.
    private async Task<(List<ListedImage> All, string Board)> FillTimesAsync(Random random)
    {
        Board board = (await Boards.AddAsync("best", "ann", Cancellation))!;
        for (int group = 0; group < 11; group++)
        {
            await SkipToAsync((group * 1000) + random.Next(900));
            await Images.AddAsync(
                [
                    .. Enumerable.Range(group * 9, 9).Select(index => new ImportedImage(
                        new JobImage($"{index}", $"job-{index}", 0, $"images/{index}.png", "image/png", 64, 64 + (8 * (index % 2)), index),
                        new GenerationSettings { Type = "generate", Model = index % 3 == 0 ? "demo" : "other", Prompt = Prompts[index % Prompts.Length], Width = 64, Height = 64, Seed = index, Count = 1, Steps = 4, CfgScale = 1, Loras = index % 5 == 3 ? [new LoraSetting("ink", 1)] : null },
                        index % 4 == 0 ? "ann" : "bob", random.Next(5) == 0 ? random.Next(1000) : (index * 10) + random.Next(30))),
                ],
                Cancellation);
        }

        for (int index = 0; index < 99; index += 1 + random.Next(3))
        {
            var change = new ImageChange { Starred = random.Next(2) == 0, Rating = random.Next(6), AddTags = [.. Tags.Where(_ => random.Next(2) == 0)], Board = random.Next(2) == 0 ? board.Id : null };
            await Images.ChangeAsync([$"{index}"], OwnerScope.All, change, Cancellation);
        }

        await Jobs.DeleteAsync([.. Enumerable.Range(0, 8).Select(_ => $"job-{random.Next(99)}")], OwnerScope.All, Cancellation);
        return ([.. await Images.ListAsync(new GalleryFilter(OwnerScope.All), new GalleryPage(GallerySort.Oldest, After: null, Limit: 1000), Cancellation)], board.Id);
    }

    private static GalleryFilter AnyFilter(Random random, string board)
    {
        bool Sometimes() => random.Next(4) == 0;
        return new GalleryFilter(Sometimes() ? OwnerScope.Only("ann") : OwnerScope.All)
        {
            Model = Sometimes() ? "demo" : null, Type = Sometimes() ? "generate" : null, Starred = Sometimes() ? random.Next(2) == 0 : null, Rating = Sometimes() ? random.Next(5) : null,
            Board = Sometimes() ? GalleryFilter.NoBoard : Sometimes() ? board : null, Lora = Sometimes() ? "ink" : null, Size = Sometimes() ? new ImageSize(64, 72) : null, Seed = random.Next(20) == 0 ? random.Next(99) : null,
            Tags = [.. Tags.Where(_ => Sometimes())], Search = Sometimes() ? Searches[random.Next(Searches.Length)] : null,
        };
    }

    private static async Task<List<string>> PagedAsync(IGallery gallery, GalleryFilter filter, GallerySort sort, int limit)
    {
        List<string> paged = [];
        GalleryCursor? after = null;
        while (await gallery.ListAsync(filter, new GalleryPage(sort, after, limit), Cancellation) is { Count: > 0 } page)
        {
            paged.AddRange(page.Select(image => image.Image.Id));
            after = page[^1].Cursor;
        }

        return paged;
    }
}
