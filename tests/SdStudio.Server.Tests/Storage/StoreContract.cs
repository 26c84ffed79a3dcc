using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Tests.Storage;

/// <summary>A store with nothing in it.</summary>
internal interface ITestStore
{
    IJobStore Jobs { get; }

    IJobQueries Queries { get; }

    ISharedState State { get; }

    IModelCostStore Costs { get; }
}

/// <summary>What the tests of every store have in common: the store itself, and jobs to put into it.</summary>
public abstract class StoreContract
{
    private protected const int Plenty = 100_000;

    private protected abstract ITestStore Store { get; }

    private protected IJobStore Jobs => Store.Jobs;

    private protected IJobQueries Queries => Store.Queries;

    private protected ISharedState State => Store.State;

    private protected IModelCostStore Costs => Store.Costs;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected static GenerationSettings Settings(string prompt = "a red circle", string model = "demo") => new()
    {
        Type = "generate", Model = model, Prompt = prompt, Width = 64, Height = 64, Seed = 1, Count = 1, Steps = 4, CfgScale = 1,
    };

    private protected static NewJob New(string id, string owner = "", string? key = null, string? fingerprint = null, string prompt = "a red circle", string model = "demo") =>
        new(id, Settings(prompt, model), new SubmitOptions(owner, 0, key, fingerprint));

    private protected async Task<Job> AddAsync(string id, string owner = "", string prompt = "a red circle", string model = "demo") =>
        (await Jobs.AddAsync(New(id, owner, prompt: prompt, model: model), Plenty, Cancellation)).Job;

    private protected async Task<Lease> ClaimAsync(string id, string worker = "w1") =>
        (await Jobs.ClaimAsync(worker, device: null, [id], Cancellation) ?? throw new InvalidOperationException($"{id} cannot be claimed")).Lease;

    private protected static JobResult Result(string jobId, int images = 1) => new(
        Settings(), [.. Enumerable.Range(0, images).Select(index => new JobImage($"{jobId}-{index}", jobId, index, $"images/{jobId}-{index}.png", "image/png", 64, 64, index))], 5, 7);

    private protected async Task<Job> CompleteAsync(string id, int images = 1) =>
        await Jobs.CompleteAsync(await ClaimAsync(id), Result(id, images), Cancellation) ?? throw new InvalidOperationException($"{id} is not its worker's");

    private protected async Task<string?> StatusAsync(string id) => await Queries.StatusAsync(id, OwnerScope.All, Cancellation);

    private protected async Task<string> LineAsync() => string.Join(' ', (await Queries.WaitingAsync(Cancellation)).Jobs.Select(job => job.Id));

    private protected static async Task<T[]> AtOnceAsync<T>(int count, Func<int, Task<T>> act) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(index => Task.Run(() => act(index), Cancellation)));
}
