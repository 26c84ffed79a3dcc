using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Tests;

public sealed class JobSchedulerTests
{
    private static readonly QueueOptions Options = new() { AffinitySeconds = 30, AgeingSeconds = 300 };
    private static readonly Dictionary<string, long> Nobody = [];
    private long _number;

    private WaitingJob Job(string id, string owner = "", int priority = 0, string model = "a", int waited = 0) =>
        new(++_number, id, owner, priority, model, -waited * 1000L);

    private static string Order(string? warm, IReadOnlyDictionary<string, long> served, params WaitingJob[] jobs) =>
        string.Join(' ', JobScheduler.Of(jobs, model => model == warm, served, now: 0, Options).Select(job => job.Id));

    [Fact]
    public void First_come_first_served() => Assert.Equal("1 2 3", Order(null, Nobody, Job("1"), Job("2"), Job("3")));

    [Fact]
    public void Higher_priorities_go_first() => Assert.Equal("2 1 3", Order(null, Nobody, Job("1"), Job("2", priority: 1), Job("3", priority: -1)));

    [Fact]
    public void Waiting_raises_a_priority_so_that_nobody_starves() =>
        Assert.Equal("old new", Order(null, Nobody, Job("old", waited: 601), Job("new", priority: 1)));

    [Fact]
    public void Owners_take_turns() =>
        Assert.Equal("a1 b1 a2 b2 a3", Order(null, Nobody, Job("a1", "a"), Job("a2", "a"), Job("a3", "a"), Job("b1", "b"), Job("b2", "b")));

    [Fact]
    public void Who_was_served_longest_ago_begins() =>
        Assert.Equal("b1 a1 b2", Order(null, new Dictionary<string, long> { ["a"] = 2, ["b"] = 1 }, Job("a1", "a"), Job("b1", "b"), Job("b2", "b")));

    [Fact]
    public void Jobs_of_the_loaded_model_overtake() =>
        Assert.Equal("2 4 1 3", Order("b", Nobody, Job("1"), Job("2", model: "b"), Job("3"), Job("4", model: "b")));

    [Fact]
    public void But_not_a_job_that_has_waited_long() =>
        Assert.Equal("1 2 3", Order("b", Nobody, Job("1", waited: 30), Job("2", model: "b"), Job("3")));

    [Fact]
    public void And_not_those_that_were_put_in_line_by_hand() =>
        Assert.Equal("1 2 3", Order("b", Nobody, Job("1") with { Placement = Placement.BeforeNext }, Job("2", model: "b"), Job("3")));

    [Fact]
    public void Whatever_was_put_beside_another_owners_job_stays_there()
    {
        Assert.Equal("x1 x2 x3 y1", Order(null, Nobody, Job("x1", "x"), Job("x2", "x"), Job("x3", "x"), Job("y1", "y") with { Placement = Placement.AfterPrevious }));
        Assert.Equal("x1 x3 y1 x2", Order(null, Nobody, Job("x1", "x"), Job("x2", "x"), Job("x3", "x") with { Placement = Placement.BeforeNext }, Job("y1", "y")));
    }

    [Fact]
    public void And_not_a_higher_priority() => Assert.Equal("1 2", Order("b", Nobody, Job("1", priority: 1), Job("2", model: "b")));
}
