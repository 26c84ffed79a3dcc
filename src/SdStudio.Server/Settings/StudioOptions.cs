
namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio</c> of the configuration.</summary>
public sealed class StudioOptions
{
    /// <summary>Everything the server writes is under this folder; relative to the current directory.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>How long a synchronous request waits for its images before it returns 202 and the job's id, seconds.</summary>
    public int SynchronousWaitSeconds { get; set; } = 300;

    /// <summary>CPU threads of the engine; 0 for all physical cores.</summary>
    public int Threads { get; set; }

    /// <summary>The folder of the native library; empty for the one beside the server.</summary>
    public string NativeDirectory { get; set; } = "";

    /// <summary>Which native build to load: cpu, vulkan, cuda or the name of its folder; empty or auto for what the machine has.</summary>
    public string Backend { get; set; } = "";

    /// <summary>A ggml backend plug-in to load; empty for the one that lies with the build.</summary>
    public string BackendPath { get; set; } = "";

    /// <summary>The devices that generate; empty for every graphics device that the engine has, or else the CPU.</summary>
    public List<DeviceOptions> Devices { get; set; } = [];

    /// <summary>What running jobs show of their images.</summary>
    public PreviewSetting Previews { get; set; }

    /// <summary>The order and length of the queue.</summary>
    public QueueOptions Queue { get; set; } = new();

    /// <summary>Who may come in.</summary>
    public SecurityOptions Security { get; set; } = new();

    /// <summary>Where models are and how much memory they get.</summary>
    public ModelOptions Models { get; set; } = new();

    /// <summary>Where models are fetched from.</summary>
    public DownloadOptions Downloads { get; set; } = new();

    /// <summary>What images carry, and how long they are kept.</summary>
    public ImageOptions Images { get; set; } = new();

    /// <summary>Limits of requests.</summary>
    public LimitOptions Limits { get; set; } = new();

    /// <summary>What is wrong with the values, for people.</summary>
    internal IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
            yield return "SdStudio:DataDirectory is empty; name a folder";
        if (SynchronousWaitSeconds is < 1 or > 86400)
            yield return $"SdStudio:SynchronousWaitSeconds is {SynchronousWaitSeconds}; allowed is 1 to 86400";
        if (Threads is < 0 or > 1024)
            yield return $"SdStudio:Threads is {Threads}; allowed is 0 to 1024";
        foreach (string problem in Security.Problems().Concat(Models.Problems()).Concat(Downloads.Problems()).Concat(Images.Problems()).Concat(Devices.SelectMany((device, index) => device.Problems(index))))
            yield return problem;
        foreach ((string name, int value, int min, int max) in Queue.Ranges())
        {
            if (value < min || value > max)
                yield return $"SdStudio:Queue:{name} is {value}; allowed is {min} to {max}";
        }

        foreach ((string name, int value, int max) in Limits.Ranges())
        {
            if (value < 1 || value > max)
                yield return $"SdStudio:Limits:{name} is {value}; allowed is 1 to {max}";
        }
    }
}
