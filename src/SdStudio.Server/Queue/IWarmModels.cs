namespace SdStudio.Server.Queue;

/// <summary>Which models need no loading now: their jobs may go first.</summary>
internal interface IWarmModels
{
    /// <summary>Grows whenever a model is loaded or unloaded.</summary>
    int Version { get; }

    bool IsWarm(string model);
}
