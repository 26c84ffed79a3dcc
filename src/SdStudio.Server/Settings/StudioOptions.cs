using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio</c> of the configuration.</summary>
public sealed class StudioOptions : IValidatableObject
{
    internal const string AutoDevices = "auto";
    internal const string PreviewWords = "auto, rough, decoded or none";

    /// <summary>Everything the server writes is under this folder; relative to the current directory.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>A PostgreSQL database that several machines share, as <c>Host=db;Database=sdstudio;Username=sdstudio;Password=…</c>; empty for a SQLite file of this machine alone.</summary>
    public string Database { get; set; } = "";

    /// <summary>The path that the server lives under behind a proxy, e.g. <c>/studio</c>; empty for the root.</summary>
    public string PathBase { get; set; } = "";

    /// <summary>Whether a watcher starts the server again when it ends abnormally; null for yes, unless systemd, a container or Windows' services do that.</summary>
    public bool? Watch { get; set; }

    /// <summary>Whether Prometheus finds figures at <c>/metrics</c>.</summary>
    public bool Metrics { get; set; }

    /// <summary>Whether the traces of requests continue those that their <c>traceparent</c> names; false for clients that are not trusted.</summary>
    public bool TraceParent { get; set; }

    /// <summary>How long a synchronous request waits for its images before it returns 202 and the job's id, seconds.</summary>
    [Allowed(1, 86400)]
    public int SynchronousWaitSeconds { get; set; } = 300;

    /// <summary>CPU threads of the engine; 0 for all physical cores.</summary>
    [Allowed(0, 1024)]
    public int Threads { get; set; }

    /// <summary>The folder of the native library; empty for the one beside the server.</summary>
    public string NativeDirectory { get; set; } = "";

    /// <summary>Which native build to load: cpu, vulkan, cuda or the name of its folder; empty or auto for what the machine has.</summary>
    public string Backend { get; set; } = "";

    /// <summary>A ggml backend plug-in to load; empty for the one that lies with the build.</summary>
    public string BackendPath { get; set; } = "";

    /// <summary>The devices that generate; <c>auto</c> or empty for every graphics device that the engine has, or else the CPU.</summary>
    [ValidateEnumeratedItems]
    public List<DeviceOptions> Devices { get; set; } = [];

    /// <summary>What running jobs show of their images.</summary>
    public PreviewSetting Previews { get; set; }

    /// <summary>The order and length of the queue.</summary>
    [ValidateObjectMembers]
    public QueueOptions Queue { get; set; } = new();

    /// <summary>How machines that share a database find and trust each other.</summary>
    [ValidateObjectMembers]
    public NodeOptions Node { get; set; } = new();

    /// <summary>Who may come in.</summary>
    [ValidateObjectMembers]
    public SecurityOptions Security { get; set; } = new();

    /// <summary>Where models are and how much memory they get.</summary>
    [ValidateObjectMembers]
    public ModelOptions Models { get; set; } = new();

    /// <summary>Where models are fetched from.</summary>
    [ValidateObjectMembers]
    public DownloadOptions Downloads { get; set; } = new();

    /// <summary>A language model that helps with words.</summary>
    [ValidateObjectMembers]
    public AssistantOptions Assistant { get; set; } = new();

    /// <summary>Whose prompts are templates without saying so.</summary>
    public TemplateOptions Templates { get; set; } = new();

    /// <summary>What images carry, and how long they are kept.</summary>
    [ValidateObjectMembers]
    public ImageOptions Images { get; set; } = new();

    /// <summary>Who is told of jobs that end, by names.</summary>
    public Dictionary<string, WebhookOptions> Webhooks { get; set; } = [];

    /// <summary>Limits of requests.</summary>
    [ValidateObjectMembers]
    public LimitOptions Limits { get; set; } = new();

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
            yield return new("SdStudio:DataDirectory is empty; name a folder");
        if (!Enum.IsDefined(Previews))
            yield return new($"SdStudio:Previews is {Previews:D}; allowed is {PreviewWords}");
        foreach (ValidationResult problem in Webhooks.SelectMany(webhook => webhook.Value.Problems(webhook.Key)))
            yield return problem;
        if (PathBase.Length > 0 && (PathBase[0] != '/' || PathBase[^1] == '/'))
            yield return new($"SdStudio:PathBase is {PathBase}; write it with a slash before it and none behind it, like /studio");
    }
}
