using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Cache;

/// <summary>
/// Loads the engine and makes the demo model once the port is open: a server that cannot start says so in one sentence,
/// without the lines that a graphics driver writes while it is loaded.
/// </summary>
internal sealed partial class EngineHost(
    DataFolders folders, IOptions<StudioOptions> options, IHostApplicationLifetime lifetime, ILogger<EngineHost> logger) : IHostedService
{
    private readonly TaskCompletionSource<SdEngine> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The engine, once it is loaded and the demo model exists; fails with an <see cref="SdException"/> when it cannot be loaded.</summary>
    public Task<SdEngine> Ready => _ready.Task;

    /// <summary>The engine; null while it is not loaded.</summary>
    public SdEngine? Loaded => Ready.IsCompletedSuccessfully ? Ready.Result : null;

    /// <summary>The engine's name with its version and, where it tells, its commit.</summary>
    public static string NameOf(SdEngine engine) =>
        $"stable-diffusion.cpp {engine.Info.Version}{(engine.Info.Commit.Length > 0 ? "-" + engine.Info.Commit : "")}";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() =>
            _ = Task.Factory.StartNew(Prepare, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
            _ready.TrySetCanceled(CancellationToken.None);
        return Task.CompletedTask;
    }

    private void Prepare()
    {
        try
        {
            SdEngine engine = LoadEngine();
            WriteDemoModel();
            _ready.SetResult(engine);
        }
        catch (OperationCanceledException exception)
        {
            _ready.SetCanceled(exception.CancellationToken);
        }
        catch (Exception exception)
        {
            LogNoEngine(exception.Message);
            _ready.SetException(exception as SdException ?? new SdException(SdError.Internal, exception.Message, exception));
        }
    }

    private SdEngine LoadEngine()
    {
        SdEngine engine;
        try
        {
            engine = SdEngine.Load(Options(folders.CrashFile));
        }
        catch (SdException exception) when (exception is { Code: SdError.EngineIncompatible, Option: nameof(SdEngineOptions.CrashFile) })
        {
            // Another server of this process has loaded it: a crash is told in that one's folder.
            engine = SdEngine.Load(Options(crashFile: null));
        }

        SdEngine.SetLogSink(LogEngineLine);
        LogEngine(engine.Info.Version, engine.Info.Provider, engine.Info.Backend, engine.Info.BackendReason);
        return engine;
    }

    private SdEngineOptions Options(string? crashFile) => new()
    {
        NativeDirectory = NullIfEmpty(options.Value.NativeDirectory),
        Backend = NullIfEmpty(options.Value.Backend),
        BackendPath = NullIfEmpty(options.Value.BackendPath),
        CrashFile = crashFile,
    };

    private void WriteDemoModel()
    {
        try
        {
            DemoModel.Write(folders.Models, lifetime.ApplicationStopping);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Other models may exist.
            LogNoDemoModel(exception.Message);
        }
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private void LogEngineLine(SdLogLine line) => LogLine(ToLogLevel(line.Level), line.Text);

    public static LogLevel ToLogLevel(SdLogLevel level) => level switch
    {
        SdLogLevel.Error => LogLevel.Error,
        SdLogLevel.Warning => LogLevel.Warning,
        // What the engine calls information is detail here.
        _ => LogLevel.Debug,
    };

    [LoggerMessage(Message = "engine: {Line}")]
    private partial void LogLine(LogLevel level, string line);

    [LoggerMessage(Level = LogLevel.Information, Message = "Engine {Version} ({Provider}) is ready on the backend {Backend}. {Reason}")]
    private partial void LogEngine(string version, string provider, string backend, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The engine cannot be loaded, so nothing can be generated until this is fixed: {Reason}")]
    private partial void LogNoEngine(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Could not write the demo model: {Reason}")]
    private partial void LogNoDemoModel(string reason);
}
