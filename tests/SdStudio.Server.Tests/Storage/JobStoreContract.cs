using System.Collections.Concurrent;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What holds for jobs in every store.</summary>
public abstract class JobStoreContract : StoreContract
{
    [Fact]
    public async Task Many_claimers_get_each_job_once()
    {
        const int Count = 300;
        await AtOnceAsync(Count, async index => (await AddAsync($"job-{index:000}")).Id);
        var claimed = new ConcurrentBag<ClaimedJob>();

        await AtOnceAsync(4, async worker =>
        {
            while ((await Queries.WaitingAsync(Cancellation)).Jobs is { Count: > 0 } waiting)
            {
                if (await Jobs.ClaimAsync($"w{worker}", "gpu0", [.. waiting.Take(8).Select(job => job.Id)], Cancellation) is { } job)
                    claimed.Add(job);
            }

            return true;
        });

        Assert.Equal(Count, claimed.Select(job => job.Job.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(Count, claimed.Count);
        Assert.All(claimed, job => Assert.Equal((JobStatus.Processing, 1, "gpu0"), (job.Job.Status, job.Job.Attempts, job.Job.Device)));
    }

    [Fact]
    public async Task A_lease_that_is_over_writes_nothing()
    {
        await AddAsync("job");
        Lease old = await ClaimAsync("job");
        await Jobs.RecoverAsync("job", failure: null, counts: false, Cancellation);
        Lease held = await ClaimAsync("job", "w2");

        await NothingIsWrittenAsync(old);
        Assert.Equal(JobStatus.Completed, (await Jobs.CompleteAsync(held, Result("job"), Cancellation))?.Status);
        await NothingIsWrittenAsync(held);
    }

    [Fact]
    public async Task The_same_workers_earlier_lease_is_over_too()
    {
        await AddAsync("job");
        Lease old = await ClaimAsync("job");
        Assert.Equal(0, (await Jobs.PutBackAsync(old, Cancellation))?.Attempts);
        Lease held = await ClaimAsync("job");

        await NothingIsWrittenAsync(old);
        Assert.Equal(1, (await Jobs.CompleteAsync(held, Result("job"), Cancellation))?.Attempts);
    }

    private async Task NothingIsWrittenAsync(Lease lease)
    {
        string before = $"{await Queries.FindAsync(lease.JobId, OwnerScope.All, Cancellation)}";
        Assert.Null(await Jobs.CompleteAsync(lease, Result(lease.JobId), Cancellation));
        Assert.Null(await Jobs.FailAsync(lease, new JobFailure("no", "Internal", 0.5), Cancellation));
        Assert.Null(await Jobs.CancelledAsync(lease, 0.5, Cancellation));
        Assert.Null(await Jobs.PutBackAsync(lease, Cancellation));
        await Jobs.NoteStopAsync(lease, Cancellation);
        Assert.Equal(before, $"{await Queries.FindAsync(lease.JobId, OwnerScope.All, Cancellation)}");
        Assert.DoesNotContain(await Queries.LostAsync(Cancellation), job => job.StopWasNoted);
    }

    [Fact]
    public async Task Either_a_cancel_or_a_claim_gets_a_waiting_job()
    {
        for (int round = 0; round < 50; round++)
        {
            string id = $"job-{round}";
            await AddAsync(id);
            Task<CancelRequest> cancel = Task.Run(async () => await Jobs.RequestCancelAsync(id, OwnerScope.All, evenRunning: false, Cancellation), Cancellation);
            Task<ClaimedJob?> claim = Task.Run(async () => await Jobs.ClaimAsync("w1", null, [id], Cancellation), Cancellation);

            Assert.NotEqual((await cancel).Ended is null, await claim is null);
            Assert.Equal((await claim) is null ? JobStatus.Cancelled : JobStatus.Processing, await StatusAsync(id));
        }
    }

    [Fact]
    public async Task A_job_that_completes_while_it_is_cancelled_is_completed()
    {
        for (int round = 0; round < 50; round++)
        {
            string id = $"job-{round}";
            await AddAsync(id);
            Lease lease = await ClaimAsync(id);
            Task<CancelRequest> cancel = Task.Run(async () => await Jobs.RequestCancelAsync(id, OwnerScope.All, evenRunning: true, Cancellation), Cancellation);
            Job? done = await Jobs.CompleteAsync(lease, Result(id), Cancellation);

            Assert.Null((await cancel).Ended);
            Assert.Equal(JobStatus.Completed, done?.Status);
            Assert.Equal(JobStatus.Completed, await StatusAsync(id));
            Assert.Single(await Queries.ImagesAsync(id, OwnerScope.All, Cancellation));
        }
    }

    [Fact]
    public async Task One_key_makes_one_job_however_many_ask_at_once()
    {
        Submitted[] submitted = await AtOnceAsync(40, async index => await Jobs.AddAsync(New($"job-{index}", "ann", "the key", "print"), Plenty, Cancellation));

        Assert.Single(submitted, one => one.IsNew);
        Assert.Single(submitted.Select(one => one.Job.Id).Distinct(StringComparer.Ordinal));
        await Assert.ThrowsAsync<IdempotencyKeyException>(async () => await Jobs.AddAsync(New("other", "ann", "the key", "another print"), Plenty, Cancellation));
        Assert.True((await Jobs.AddAsync(New("bobs", "bob", "the key", "print"), Plenty, Cancellation)).IsNew);
        Assert.True((await Jobs.AddAsync(New("keyless", "ann"), Plenty, Cancellation)).IsNew);
    }

    [Fact]
    public async Task No_more_wait_than_may_however_many_ask_at_once()
    {
        bool[] accepted = await AtOnceAsync(60, async index =>
        {
            try
            {
                return (await Jobs.AddAsync(New($"job-{index}"), maxWaiting: 10, Cancellation)).IsNew;
            }
            catch (QueueFullException)
            {
                return false;
            }
        });

        Assert.Equal(10, accepted.Count(one => one));
        Assert.Equal(10, (await Queries.WaitingAsync(Cancellation)).Jobs.Count);
    }

    [Fact]
    public async Task A_waiting_job_tells_both_models_that_it_needs()
    {
        NewJob one = New("one"), two = New("two");
        await Jobs.AddAsync(one, maxWaiting: 10, Cancellation);
        Job added = (await Jobs.AddAsync(
            two with { Settings = two.Settings with { Hires = new HiresSetting(128, 128, "Lanczos", 4, 0.5) { Model = "other" } } }, maxWaiting: 10, Cancellation)).Job;

        IReadOnlyList<WaitingJob> waiting = (await Queries.WaitingAsync(Cancellation)).Jobs;

        Assert.Equal([(one.Settings.Model, null), (two.Settings.Model, "other")], waiting.Select(job => (job.Model, job.SecondModel)));
        Assert.Equal("other", WaitingJob.Of(added).SecondModel);
    }

    [Fact]
    public async Task A_retry_does_not_pass_the_limit_either()
    {
        await AddAsync("failed");
        await Jobs.FailAsync(await ClaimAsync("failed"), new JobFailure("no", "Internal", 0), Cancellation);
        await AddAsync("waiting");

        await Assert.ThrowsAsync<QueueFullException>(async () => await Jobs.RetryAsync("failed", OwnerScope.All, maxWaiting: 1, Cancellation));

        Assert.Equal(JobStatus.Failed, await StatusAsync("failed"));
        Assert.Equal(JobStatus.Pending, (await Jobs.RetryAsync("failed", OwnerScope.All, maxWaiting: 2, Cancellation))?.Status);
    }

    [Fact]
    public async Task Every_job_has_a_place_of_its_own()
    {
        foreach (string id in new[] { "a", "b", "c" })
            await AddAsync(id);
        await Jobs.RequestCancelAsync("a", OwnerScope.All, evenRunning: false, Cancellation);
        await Jobs.RetryAsync("a", OwnerScope.All, Plenty, Cancellation);
        await AddAsync("d");
        Assert.Equal("b c a d", await LineAsync());

        // What comes back keeps its place; what was moved over that place meanwhile does not share it.
        Lease lease = await ClaimAsync("c");
        await Jobs.MoveAsync("d", "b", after: false, OwnerScope.All, Cancellation);
        await Jobs.PutBackAsync(lease, Cancellation);
        Assert.Equal("d b c a", await LineAsync());
        await Jobs.MoveAsync("b", "a", after: true, OwnerScope.All, Cancellation);
        Assert.Equal("d c a b", await LineAsync());
        Assert.Null(await Jobs.MoveAsync("b", "b", after: false, OwnerScope.All, Cancellation));
        Assert.Null(await Jobs.MoveAsync("b", "nothing", after: false, OwnerScope.All, Cancellation));
        Assert.Equal("d c a b", await LineAsync());
    }

    [Fact]
    public async Task A_moved_job_runs_directly_before_or_after_the_other_whoever_owns_them()
    {
        string[] owners = ["", "ann", "bob"];
        var random = new Random(7);
        List<string> ids = [];
        for (int move = 0; move < 200; move++)
        {
            if (move % 10 == 0)
                ids.Add((await AddAsync($"job-{ids.Count}", owners[random.Next(owners.Length)])).Id);
            if (move % 17 == 16)
            {
                string gone = ids[random.Next(ids.Count)];
                await Jobs.RequestCancelAsync(gone, OwnerScope.All, evenRunning: false, Cancellation);
                await Jobs.RetryAsync(gone, OwnerScope.All, Plenty, Cancellation);
            }

            (string id, string other, bool after) = (ids[random.Next(ids.Count)], ids[random.Next(ids.Count)], random.Next(2) == 0);
            if (await Jobs.MoveAsync(id, other, after, OwnerScope.All, Cancellation) is null)
                continue;
            WaitingJobs waiting = await Queries.WaitingAsync(Cancellation);
            List<string> order = [.. JobScheduler.Of(
                waiting.Jobs, _ => false, waiting.Served, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), new QueueOptions()).Select(job => job.Id)];
            Assert.Equal(ids.Count, order.Count);
            Assert.Equal(order.IndexOf(other) + (after ? 1 : -1), order.IndexOf(id));
        }
    }

    [Fact]
    public async Task The_end_of_a_job_its_images_and_its_costs_come_together_or_not_at_all()
    {
        await AddAsync("first");
        JobResult result = Result("first") with { Measured = new ModelCosts(10, 1, 2, 3, 0, 1) };
        await Jobs.CompleteAsync(await ClaimAsync("first"), result, Cancellation);
        await AddAsync("second");
        Lease lease = await ClaimAsync("second");

        // Its second image takes another job's place: nothing of it may stay.
        JobResult broken = Result("second") with { Measured = new ModelCosts(1000, 1, 2, 3, 0, 1) };
        broken = broken with { Images = [.. broken.Images, new JobImage("another id", "first", 0, "images/x.png", "image/png", 64, 64, 1)] };
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await Jobs.CompleteAsync(lease, broken, Cancellation));

        Assert.Equal(JobStatus.Processing, await StatusAsync("second"));
        Assert.Empty(await Queries.ImagesAsync("second", OwnerScope.All, Cancellation));
        Assert.Equal(10, (await Costs.FindAsync("demo", device: null, Cancellation))?.LoadMs);
        await Jobs.CompleteAsync(lease, Result("second") with { Measured = new ModelCosts(20, 1, 2, 3, 0, 1) }, Cancellation);
        Assert.Equal((13, 2), ((int)(await Costs.FindAsync("demo", device: null, Cancellation))!.LoadMs, (await Costs.FindAsync("demo", device: null, Cancellation))!.Jobs));
    }

    [Fact]
    public async Task An_image_is_listed_by_whoever_holds_the_job_and_stays_however_it_ends()
    {
        await AddAsync("job");
        Lease lease = await ClaimAsync("job");
        JobImage image = Result("job").Images[0];
        Assert.True(await Jobs.AddImageAsync(lease, image, Cancellation));
        Assert.True(await Jobs.AddImageAsync(lease, image, Cancellation));
        Assert.True((await Jobs.DeleteImageAsync(image.Id, OwnerScope.All, Cancellation)).IsRunning);

        Job cancelled = (await Jobs.CancelledAsync(lease, 0.5, Cancellation))!;
        Assert.Equal(1, cancelled.ImageCount);
        Assert.False(await Jobs.AddImageAsync(lease, image with { Id = "late", Index = 1 }, Cancellation));
        Assert.Equal([image], await Queries.ImagesAsync("job", OwnerScope.All, Cancellation));
        Assert.Equal(image, await Queries.FindImageAsync(image.Id, OwnerScope.All, Cancellation));
        Assert.Null(await Queries.FindImageAsync(image.Id, OwnerScope.Only("nobody"), Cancellation));

        Assert.Null((await Jobs.DeleteImageAsync(image.Id, OwnerScope.Only("nobody"), Cancellation)).Image);
        DeletedImage deleted = await Jobs.DeleteImageAsync(image.Id, OwnerScope.All, Cancellation);
        Assert.Equal((image, "job"), (deleted.Image, deleted.Job?.Id));
        Assert.Null(await Queries.FindAsync("job", OwnerScope.All, Cancellation));
    }

    [Fact]
    public async Task A_paused_queue_gives_nothing_away()
    {
        await AddAsync("job");
        await State.SetPausedAsync(true, Cancellation);
        Assert.Null(await Jobs.ClaimAsync("w1", null, ["job"], Cancellation));
        Assert.True((await Queries.WaitingAsync(Cancellation)).IsPaused);

        await State.SetPausedAsync(false, Cancellation);
        Assert.NotNull(await Jobs.ClaimAsync("w1", null, ["job"], Cancellation));
    }

    [Fact]
    public async Task Whoever_was_served_last_is_known()
    {
        foreach ((string id, string owner) in new[] { ("a", "ann"), ("b", "bob"), ("c", "ann") })
        {
            await AddAsync(id, owner);
            await ClaimAsync(id);
        }

        IReadOnlyDictionary<string, long> served = (await Queries.WaitingAsync(Cancellation)).Served;
        Assert.True(served["ann"] > served["bob"]);
    }

    [Fact]
    public async Task A_job_that_was_running_when_the_process_ended_is_decided_about()
    {
        foreach (string id in new[] { "again", "noted", "failed", "cancelled" })
            await AddAsync(id);
        foreach (string id in new[] { "again", "noted", "failed", "cancelled" })
        {
            Lease lease = await ClaimAsync(id);
            if (id == "noted")
                await Jobs.NoteStopAsync(lease, Cancellation);
        }

        await Jobs.RequestCancelAsync("cancelled", OwnerScope.All, evenRunning: true, Cancellation);
        Assert.Equal(["noted"], (await Queries.LostAsync(Cancellation)).Where(job => job.StopWasNoted).Select(job => job.Job.Id));
        var failure = new JobFailure("it ended the process", "Internal", 0);

        Assert.Equal((JobStatus.Pending, 1), Short(await Jobs.RecoverAsync("again", null, counts: true, Cancellation)));
        Assert.Equal((JobStatus.Pending, 0), Short(await Jobs.RecoverAsync("noted", null, counts: false, Cancellation)));
        Assert.Equal((JobStatus.Failed, 1), Short(await Jobs.RecoverAsync("failed", failure, counts: true, Cancellation)));
        Job? cancelled = await Jobs.RecoverAsync("cancelled", failure, counts: true, Cancellation);
        Assert.Equal((JobStatus.Cancelled, null), (cancelled?.Status, cancelled?.Error));
        await ClaimAsync("again");
        Assert.Equal(1, Assert.Single(await Queries.LostAsync(Cancellation)).Deaths);
    }

    [Fact]
    public async Task Only_jobs_that_have_ended_are_deleted_and_what_is_left_of_them_is_named()
    {
        await AddAsync("done");
        await CompleteAsync("done", images: 2);
        await AddAsync("waiting");
        await AddAsync("running");
        await ClaimAsync("running");

        IReadOnlyList<DeletedJob> deleted = await Jobs.DeleteAsync(["done", "waiting", "running", "nothing"], OwnerScope.All, Cancellation);

        Assert.Equal(["images/done-0.png", "images/done-1.png"], Assert.Single(deleted).Images.Select(image => image.FilePath));
        Assert.Null(await StatusAsync("done"));
        Assert.Null(await Queries.FindImageAsync("done-0", OwnerScope.All, Cancellation));
        Assert.Equal((JobStatus.Pending, JobStatus.Processing), (await StatusAsync("waiting"), await StatusAsync("running")));
    }

    private static (string?, int?) Short(Job? job) => (job?.Status, job?.Attempts);
}
