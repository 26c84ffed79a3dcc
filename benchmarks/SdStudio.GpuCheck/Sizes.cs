namespace SdStudio.GpuCheck;

/// <summary>The models that are generated with.</summary>
internal enum CheckModel
{
    /// <summary>The project's own small model.</summary>
    Demo,

    /// <summary>Random weights of SD 1.5's dimensions.</summary>
    Sd15,

    /// <summary>Random weights of SDXL's dimensions.</summary>
    Sdxl,
}

/// <summary>A run that is timed.</summary>
/// <param name="Side">Its width and height, pixels.</param>
/// <param name="Steps">Its steps.</param>
internal sealed record ImageRun(int Side, int Steps);

/// <summary>How large everything is that is generated.</summary>
/// <param name="Name">What <c>--sizes</c> calls it.</param>
/// <param name="OnCard">What each model is timed with on the card; a model that is not named is left out.</param>
/// <param name="OnProcessor">What each is timed with on the CPU, and compared.</param>
/// <param name="MemoryModel">The model of the checks of memory and of the cancel.</param>
/// <param name="FillModel">The model that the server fills the card with.</param>
/// <param name="StepsInMemory">The steps of the images that are generated with weights on the card and in RAM.</param>
/// <param name="TilingSide">The side of the image that is decoded at once and in tiles.</param>
/// <param name="Cancelled">The run that is cancelled.</param>
/// <param name="Cancels">How often.</param>
internal sealed record Sizes(
    string Name, IReadOnlyDictionary<CheckModel, ImageRun> OnCard, IReadOnlyDictionary<CheckModel, ImageRun> OnProcessor, CheckModel MemoryModel,
    CheckModel FillModel, int StepsInMemory, int TilingSide, ImageRun Cancelled, int Cancels)
{
    /// <summary>For a graphics card.</summary>
    public static Sizes Full { get; } = new(
        "full",
        new Dictionary<CheckModel, ImageRun> { [CheckModel.Demo] = new(512, 8), [CheckModel.Sd15] = new(512, 20), [CheckModel.Sdxl] = new(1024, 10) },
        new Dictionary<CheckModel, ImageRun> { [CheckModel.Demo] = new(256, 8), [CheckModel.Sd15] = new(256, 2), [CheckModel.Sdxl] = new(256, 1) },
        CheckModel.Sd15, CheckModel.Sdxl, StepsInMemory: 4, TilingSide: 1024, new ImageRun(768, 100), Cancels: 5);

    /// <summary>For a software device, in the test suite.</summary>
    public static Sizes Small { get; } = new(
        "small",
        new Dictionary<CheckModel, ImageRun> { [CheckModel.Demo] = new(64, 2) },
        new Dictionary<CheckModel, ImageRun> { [CheckModel.Demo] = new(64, 2) },
        CheckModel.Demo, CheckModel.Demo, StepsInMemory: 1, TilingSide: 64, new ImageRun(64, 200), Cancels: 1);

    public static Sizes? Find(string name) => new[] { Full, Small }.FirstOrDefault(sizes => sizes.Name == name);
}
