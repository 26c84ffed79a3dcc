namespace SdStudio.Server.Models.Cache;

/// <summary>Keeps what models were measured to take of this machine's memory.</summary>
internal interface IModelMemoryStore
{
    IReadOnlyDictionary<string, ModelMemory> All();

    ValueTask SaveAsync(string key, ModelMemory memory, CancellationToken cancellation);
}
