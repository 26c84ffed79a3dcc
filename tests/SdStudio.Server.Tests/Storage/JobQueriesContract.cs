using SdStudio.Server.Queue;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What holds for looking at jobs in every store.</summary>
public abstract class JobQueriesContract : StoreContract
{
    private static readonly OwnerScope Ann = OwnerScope.Of("ann");

    private async Task<string> FoundAsync(string search) => string.Join(
        ' ', (await Queries.ListAsync(new JobFilter(OwnerScope.All, Search: search), new JobPage(100, 0), Cancellation)).Select(job => job.Id));

    [Theory]
    [InlineData("circle blue", "2 1")]
    [InlineData("BLUE  Circle", "2 1")]
    [InlineData("\"blue circle\"", "2")]
    [InlineData("\"circle blue\"", "")]
    [InlineData("\"red circle\" background", "1")]
    [InlineData("red square", "")]
    [InlineData("a red", "1")]
    [InlineData("円", "3")]
    [InlineData("赤い円 描いて", "3")]
    [InlineData("red OR square", "")]
    [InlineData("\"red", "1")]
    [InlineData("re\0d", "1")]
    [InlineData("\"\"", "5 4 3 2 1")]
    [InlineData("   ", "5 4 3 2 1")]
    [InlineData("100%", "5")]
    [InlineData("_", "")]
    [InlineData("NEAR(red circle)", "")]
    [InlineData("prompt:red", "")]
    [InlineData("' --", "")]
    public async Task Every_word_must_be_there_and_a_phrase_as_it_is(string search, string found)
    {
        await AddAsync("1", prompt: "a red circle on a blue background");
        await AddAsync("2", prompt: "A Blue Circle");
        await AddAsync("3", prompt: "赤い円を描いて");
        await AddAsync("4", prompt: "a green square");
        await AddAsync("5", prompt: "100% wool");

        Assert.Equal(found, await FoundAsync(search));
        Assert.Equal(found.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, await Queries.CountAsync(new JobFilter(OwnerScope.All, Search: search), Cancellation));
    }

    [Fact]
    public async Task A_job_is_found_by_its_words_from_the_moment_it_is_queued_until_it_is_deleted()
    {
        await AddAsync("1", prompt: "an early bird");
        Assert.Equal("1", await FoundAsync("bird"));
        await AddAsync("2", prompt: "a late bird");
        await AddAsync("3", prompt: "a lost bird");
        await CompleteAsync("1");
        Assert.Equal("3 2 1", await FoundAsync("bird"));
        await Jobs.RequestCancelAsync("3", OwnerScope.All, evenRunning: false, Cancellation);
        await Jobs.DeleteAsync(["3"], OwnerScope.All, Cancellation);
        Assert.Equal("2 1", await FoundAsync("bird"));

        // The number of the last job, which is gone, may be given again; and a crowd comes while another job ends.
        await AtOnceAsync(300, index => AddAsync($"crowd-{index}", prompt: $"a crowd of {index} birds"));
        await CompleteAsync("2");
        await AddAsync("4", prompt: "a bird of prey");
        Assert.Equal(303, await Queries.CountAsync(new JobFilter(OwnerScope.All, Search: "bird"), Cancellation));
        Assert.Equal("crowd-299", await FoundAsync("299 birds"));
        Assert.Equal("4", await FoundAsync("prey"));
    }

    [Fact]
    public async Task Lists_are_filtered_paged_and_counted()
    {
        for (int i = 0; i < 10; i++)
            await AddAsync($"{i}", model: i % 2 == 0 ? "demo" : "other", prompt: i < 5 ? "early bird" : "late bird");
        await CompleteAsync("4");

        async Task<string> ListAsync(JobFilter filter, int limit = 100, int offset = 0) =>
            string.Join(' ', (await Queries.ListAsync(filter, new JobPage(limit, offset), Cancellation)).Select(job => job.Id));
        Assert.Equal("8 6 2 0", await ListAsync(new JobFilter(OwnerScope.All, JobStatus.Pending, Model: "demo")));
        Assert.Equal("7 6 5", await ListAsync(new JobFilter(OwnerScope.All), limit: 3, offset: 2));
        Assert.Equal("4 2", await ListAsync(new JobFilter(OwnerScope.All, Model: "demo", Search: "early bird"), limit: 2));
        Assert.Equal(9, await Queries.CountAsync(new JobFilter(OwnerScope.All, JobStatus.Pending), Cancellation));
        Assert.Equal(0, await Queries.CountAsync(new JobFilter(OwnerScope.All, Type: "upscale"), Cancellation));
    }

    [Fact]
    public async Task Totals_of_words_follow_jobs_that_come_and_go()
    {
        Task<long> BirdsAsync() => Queries.CountAsync(new JobFilter(OwnerScope.All, Search: "bird"), Cancellation).AsTask();
        for (int i = 0; i < 6; i++)
            await AddAsync($"{i}", prompt: i % 2 == 0 ? "early bird" : "late worm");
        Assert.Equal(3, await BirdsAsync());
        await AddAsync("6", prompt: "a bird in the hand");
        Assert.Equal(4, await BirdsAsync());
        await CompleteAsync("0");
        Assert.Equal(4, await BirdsAsync());
        // One goes and one comes: as many as before, and others.
        await Jobs.DeleteAsync(["0"], OwnerScope.All, Cancellation);
        await AddAsync("7", prompt: "a worm");
        Assert.Equal(3, await BirdsAsync());
        await AddAsync("8", prompt: "a bird");
        Assert.Equal(4, await BirdsAsync());
    }

    [Fact]
    public async Task The_numbers_of_each_status_are_those_of_the_rows()
    {
        var random = new Random(3);
        for (int i = 0; i < 60; i++)
        {
            await AddAsync($"{i}", random.Next(2) == 0 ? "ann" : "bob");
            switch (random.Next(5))
            {
                case 0:
                    await CompleteAsync($"{i}");
                    break;
                case 1:
                    await Jobs.FailAsync(await ClaimAsync($"{i}"), new JobFailure("no", "Internal", 0), Cancellation);
                    break;
                case 2:
                    await ClaimAsync($"{i}");
                    break;
                case 3:
                    await Jobs.RequestCancelAsync($"{i}", OwnerScope.All, evenRunning: false, Cancellation);
                    break;
            }
        }

        await Jobs.DeleteAsync(await Queries.EndedAsync(OwnerScope.All, long.MaxValue, 10, Cancellation), OwnerScope.All, Cancellation);
        foreach (OwnerScope scope in new[] { OwnerScope.All, Ann })
        {
            IReadOnlyList<Job> jobs = await Queries.ListAsync(new JobFilter(scope), new JobPage(1000, 0), Cancellation);
            IReadOnlyDictionary<string, long> stats = await Queries.StatsAsync(scope, Cancellation);
            Assert.All(JobStatus.All, status => Assert.Equal(jobs.Count(job => job.Status == status), stats.GetValueOrDefault(status)));
        }
    }

    [Fact]
    public async Task Nothing_of_somebody_else_is_seen_or_changed()
    {
        await AddAsync("mine", "ann");
        await CompleteAsync("mine");
        await AddAsync("yours", "bob");
        await CompleteAsync("yours");
        await AddAsync("old");
        await CompleteAsync("old");
        await AddAsync("waiting-mine", "ann");
        await AddAsync("waiting", "bob");
        await AddAsync("waiting2", "bob");
        await AddAsync("cancelled", "bob");
        await Jobs.RequestCancelAsync("cancelled", OwnerScope.Of("bob"), evenRunning: true, Cancellation);
        await AddAsync("running", "bob");
        await ClaimAsync("running");

        Assert.Null(await Queries.FindAsync("yours", Ann, Cancellation));
        Assert.Null(await Queries.StatusAsync("old", Ann, Cancellation));
        Assert.Null(await Queries.FindImageAsync("yours-0", Ann, Cancellation));
        Assert.Empty(await Queries.ImagesAsync("yours", Ann, Cancellation));
        Assert.Equal(["waiting-mine", "mine"], (await Queries.ListAsync(new JobFilter(Ann), new JobPage(100, 0), Cancellation)).Select(job => job.Id));
        Assert.Equal(["waiting-mine", "mine"], (await Queries.ListAsync(new JobFilter(Ann, Search: "red circle"), new JobPage(100, 0), Cancellation)).Select(job => job.Id));
        Assert.Equal(2, await Queries.CountAsync(new JobFilter(Ann), Cancellation));
        Assert.Equal(["mine"], await Queries.EndedAsync(Ann, long.MaxValue, 100, Cancellation));
        Assert.Equal(["mine"], await Queries.ExistingJobsAsync(["mine", "yours", "nothing"], Ann, Cancellation));
        Assert.Equal(default, await Jobs.RequestCancelAsync("waiting", Ann, evenRunning: true, Cancellation));
        Assert.Equal(default, await Jobs.RequestCancelAsync("running", Ann, evenRunning: true, Cancellation));
        Assert.Null(await Jobs.RetryAsync("cancelled", Ann, Plenty, Cancellation));
        Assert.Null(await Jobs.SetPriorityAsync("waiting", Ann, 3, Cancellation));
        Assert.Null(await Jobs.MoveAsync("waiting", "waiting2", after: true, Ann, Cancellation));
        Assert.Null(await Jobs.MoveAsync("waiting-mine", "waiting", after: true, Ann, Cancellation));
        Assert.Empty(await Jobs.DeleteAsync(["yours", "old", "cancelled"], Ann, Cancellation));
        Assert.Equal(["waiting-mine"], (await Jobs.CancelWaitingAsync(Ann, Cancellation)).Select(job => job.Id));
        // The administrator sees and may do everything.
        OwnerScope administrator = OwnerScope.Of(OwnerScope.Administrator);
        Assert.Equal(8, await Queries.CountAsync(new JobFilter(administrator), Cancellation));
        Assert.Equal(["old", "yours"], (await Jobs.DeleteAsync(["old", "yours"], administrator, Cancellation)).Select(job => job.Id));
    }
}
